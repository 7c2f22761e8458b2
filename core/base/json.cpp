#include "core/base/json.h"

#include "core/base/file.h"
#include "core/base/text.h"

#include <cmath>
#include <vector>

namespace facet::core {
namespace {

using nlohmann::json;

/// Builds the value, and stops at the first thing that parseJson() refuses.
class Builder : public nlohmann::json_sax<json> {
public:
    explicit Builder(int maxDepth) : m_maxDepth(maxDepth) {}

    json takeValue() { return std::move(m_root); }
    const std::string& problem() const { return m_problem; }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t&) override { return false; }  // not in text
    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& value) override
    {
        m_key = std::move(value);
        if (!m_open.back()->contains(m_key))
            return true;
        m_problem = "has the key " + inQuotes(m_key) + " twice";
        return false;
    }

    bool parse_error(std::size_t position, const std::string&, const json::exception&) override
    {
        m_problem = "is not valid JSON at byte " + std::to_string(position);
        return false;
    }

private:
    json* place(json value)
    {
        if (m_open.empty())
            return &(m_root = std::move(value));
        json& parent = *m_open.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[m_key] = std::move(value));
    }

    bool add(json value)
    {
        place(std::move(value));
        return true;
    }

    bool open(json value)
    {
        if (m_open.size() >= static_cast<size_t>(m_maxDepth)) {
            m_problem = "is nested deeper than " + std::to_string(m_maxDepth) + " levels";
            return false;
        }
        m_open.push_back(place(std::move(value)));
        return true;
    }

    bool close()
    {
        m_open.pop_back();
        return true;
    }

    int m_maxDepth;
    json m_root;
    std::vector<json*> m_open;  // the containers around the place that is read
    std::string m_key;
    std::string m_problem;
};

}  // namespace

Result<json> parseJson(std::string_view text, int maxDepth)
{
    Builder builder(maxDepth);
    if (!json::sax_parse(text.begin(), text.end(), &builder))
        return Error{ErrorCode::InvalidInput,
                     builder.problem().empty() ? "is not valid JSON" : builder.problem()};
    return builder.takeValue();
}

Result<json> readJsonObject(const std::filesystem::path& path, size_t maxBytes)
{
    const Result<std::string> text = readFile(path, maxBytes);
    if (!text)
        return text.error();
    Result<json> value = parseJson(*text);
    if (!value)
        return Error{value.error().code, path.string() + " " + value.error().message};
    if (!value->is_object())
        return Error{ErrorCode::InvalidInput, path.string() + " holds " + shown(*value) + ", not an object"};
    return value;
}

const json* JsonFields::find(const char* key) const
{
    if (!m_object.is_object())
        return nullptr;
    const auto found = m_object.find(key);
    return found == m_object.end() || found->is_null() ? nullptr : &*found;
}

void JsonFields::fail(const char* key, std::string_view what)
{
    if (!m_error)
        m_error = Error{ErrorCode::InvalidInput, m_where + key + " " + std::string(what)};
}

int64_t JsonFields::integer(const char* key, int64_t absent, int64_t least, int64_t most)
{
    const json* value = find(key);
    if (!value)
        return absent;
    // As unsigned, numbers from 2^63 on would wrap around.
    const bool fits =
        value->is_number_integer() &&
        !(value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX));
    const int64_t number = fits ? value->get<int64_t>() : 0;
    if (fits && number >= least && number <= most)
        return number;
    fail(key, "is " + shown(*value) + ", not a whole number from " + std::to_string(least) + " to " +
                  std::to_string(most));
    return absent;
}

double JsonFields::number(const char* key, double absent, double least, double most)
{
    const json* value = find(key);
    if (!value)
        return absent;
    const double number = value->is_number() ? value->get<double>() : std::nan("");
    if (number >= least && number <= most)
        return number;
    fail(key,
         "is " + shown(*value) + ", not a number from " + json(least).dump() + " to " + json(most).dump());
    return absent;
}

bool JsonFields::flag(const char* key, bool absent)
{
    const json* value = find(key);
    if (!value)
        return absent;
    if (value->is_boolean())
        return value->get<bool>();
    fail(key, "is " + shown(*value) + ", not true or false");
    return absent;
}

std::string JsonFields::text(const char* key, std::string_view absent)
{
    const json* value = find(key);
    if (!value)
        return std::string(absent);
    if (value->is_string())
        return value->get<std::string>();
    fail(key, "is " + shown(*value) + ", not a text");
    return std::string(absent);
}

std::string shown(const json& value)
{
    if (value.is_string())
        return inQuotes(value.get_ref<const std::string&>());
    if (value.is_array())
        return "a list";
    if (value.is_object())
        return "an object";
    return value.dump();
}

}  // namespace facet::core
