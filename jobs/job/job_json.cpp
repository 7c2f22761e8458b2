#include "jobs/job/job_json.h"

#include "core/base/json.h"
#include "core/base/nearest.h"
#include "core/base/text.h"
#include "jobs/job/job_fields.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using nlohmann::json;
using nlohmann::ordered_json;

using Names = std::span<const std::string_view>;

std::string joined(Names names)
{
    std::string text;
    for (size_t i = 0; i < names.size(); ++i)
        text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
    return text;
}

std::string written(double number)
{
    return number == std::floor(number) && std::abs(number) < 1e15
               ? std::to_string(static_cast<int64_t>(number))
               : json(number).dump();
}

std::string written(const Range& range, const char* kind)
{
    return std::string(kind) + " from " + written(range.least) + " to " + written(range.most);
}

/// Sets members from settings; keeps the first error.
class Reader {
public:
    Reader(const Settings& settings, std::string where) : m_settings(settings), m_where(std::move(where)) {}

    void operator()(const char* key, bool& value, const char*)
    {
        if (const json* found = find(key)) {
            if (found->is_boolean())
                value = found->get<bool>();
            else
                fail(key, *found, "true or false");
        }
    }
    void operator()(const char* key, std::optional<bool>& value, const char*)
    {
        if (const json* found = find(key)) {
            if (found->is_null())
                value.reset();
            else if (found->is_boolean())
                value = found->get<bool>();
            else
                fail(key, *found, "true, false or null");
        }
    }
    void operator()(const char* key, std::string& value, const char*)
    {
        if (const json* found = find(key)) {
            if (found->is_string())
                value = found->get<std::string>();
            else
                fail(key, *found, "a text");
        }
    }
    void operator()(const char* key, int64_t& value, const Range& range, const char*)
    {
        if (const json* found = find(key)) {
            if (isWhole(*found, range))
                value = found->get<int64_t>();
            else
                fail(key, *found, written(range, "a whole number"));
        }
    }
    void operator()(const char* key, AutoInt& value, const Range& range, const char*)
    {
        if (const json* found = find(key)) {
            if (*found == "auto")
                value.reset();
            else if (isWhole(*found, range))
                value = found->get<int64_t>();
            else
                fail(key, *found, written(range, "auto or a whole number"));
        }
    }
    void operator()(const char* key, double& value, const Range& range, const char*)
    {
        if (const json* found = find(key)) {
            if (isNumber(*found, range))
                value = found->get<double>();
            else
                fail(key, *found, written(range, "a number"));
        }
    }
    template <typename Enum>
    requires std::is_enum_v<Enum>
    void operator()(const char* key, Enum& value, Names names, const char*)
    {
        const json* found = find(key);
        if (!found)
            return;
        if (found->is_string()) {
            if (const auto at = std::ranges::find(names, found->get<std::string>()); at != names.end()) {
                value = static_cast<Enum>(at - names.begin());
                return;
            }
        }
        std::string advice;
        if (found->is_string()) {
            const std::vector<std::string> all(names.begin(), names.end());
            advice = core::suggestion(found->get<std::string>(), all);
        }
        fail(key, *found, joined(names) + advice);
    }
    void operator()(const char* key, TargetList& value, const char*)
    {
        const json* found = find(key);
        if (!found)
            return;
        const bool isList =
            found->is_array() && std::ranges::all_of(*found, [](const json& e) { return e.is_string(); });
        if (!isList && !found->is_string()) {
            fail(key, *found, "a list of texts or one text");
            return;
        }
        value = {};
        if (isList)
            value.names = found->get<std::vector<std::string>>();
        else if (*found == "all-linear")
            value.names = {"all-linear"};
        else
            value.regex = found->get<std::string>();
    }
    void operator()(const char* key, std::map<std::string, double>& value, const Range& range, const char*)
    {
        const json* found = find(key);
        if (!found)
            return;
        if (!found->is_object()) {
            fail(key, *found, "an object of names and numbers");
            return;
        }
        value.clear();
        for (const auto& [name, number] : found->items()) {
            if (!isNumber(number, range))
                fail((std::string(key) + "." + name).c_str(), number, written(range, "a number"));
            else
                value[name] = number.get<double>();
        }
    }
    template <typename Item, typename Members>
    void list(const char* key, std::vector<Item>& items, const Members& members, const char*)
    {
        const json* found = find(key);
        if (!found)
            return;
        if (!found->is_array()) {
            fail(key, *found, "a list of objects");
            return;
        }
        items.clear();
        for (size_t i = 0; i < found->size(); ++i) {
            const std::string where = m_where + key + "[" + std::to_string(i) + "]";
            if (!(*found)[i].is_object()) {
                keep(
                    {ErrorCode::InvalidInput, where + " is " + core::shown((*found)[i]) + ", not an object"});
                return;
            }
            const Settings inner = (*found)[i].get<Settings>();
            Reader reader(inner, where + ".");
            members(items.emplace_back(), reader);
            reader.refuseOthers();
            if (reader.m_error)
                keep(*reader.m_error);
        }
    }

    /// For objects in lists: a member that nobody asked for is unknown.
    void refuseOthers()
    {
        for (const auto& [key, value] : m_settings)
            if (std::ranges::find(m_known, key) == m_known.end())
                keep({ErrorCode::InvalidInput,
                      m_where + key + " is not known" + core::suggestion(key, m_known)});
    }

    const std::optional<Error>& error() const { return m_error; }

private:
    const json* find(const char* key)
    {
        m_known.emplace_back(key);
        const auto found = m_settings.find(key);
        return found == m_settings.end() ? nullptr : &found->second;
    }
    static bool isNumber(const json& value, const Range& range)
    {
        return value.is_number() && value.get<double>() >= range.least && value.get<double>() <= range.most;
    }
    static bool isWhole(const json& value, const Range& range)
    {
        return isNumber(value, range) && value.get<double>() == std::floor(value.get<double>());
    }
    void fail(const char* key, const json& value, const std::string& wanted)
    {
        keep({ErrorCode::InvalidInput, m_where + key + " is " + core::shown(value) + ", not " + wanted});
    }
    void keep(Error error)
    {
        if (!m_error)
            m_error = std::move(error);
    }

    const Settings& m_settings;
    std::string m_where;
    std::vector<std::string> m_known;
    std::optional<Error> m_error;
};

json asJson(bool value)
{
    return value;
}
json asJson(int64_t value)
{
    return value;
}
json asJson(const std::string& value)
{
    return value;
}
json asJson(const std::optional<bool>& value)
{
    return value ? json(*value) : json(nullptr);
}
json asJson(const AutoInt& value)
{
    return value ? json(*value) : json("auto");
}
json asJson(const TargetList& value)
{
    return value.regex.empty() ? json(value.names) : json(value.regex);
}

/// Whole numbers are written without ".0".
json asJson(double value)
{
    return value == std::floor(value) && std::abs(value) < 1e15 ? json(static_cast<int64_t>(value))
                                                                : json(value);
}
json asJson(const std::map<std::string, double>& value)
{
    json object = json::object();
    for (const auto& [key, number] : value)
        object[key] = asJson(number);
    return object;
}

/// Pairs of key and value, in order.
class Writer {
public:
    std::vector<std::pair<std::string, ordered_json>> values;

    template <typename Value>
    void operator()(const char* key, const Value& value, const char*)
    {
        values.emplace_back(key, asJson(value));
    }
    template <typename Value>
    requires(!std::is_enum_v<Value>) void operator()(const char* key, const Value& value, const Range&,
                                                     const char*)
    {
        values.emplace_back(key, asJson(value));
    }
    template <typename Enum>
    requires std::is_enum_v<Enum>
    void operator()(const char* key, const Enum& value, Names names, const char*)
    {
        values.emplace_back(key, names[static_cast<size_t>(value)]);
    }
    template <typename Item, typename Members>
    void list(const char* key, const std::vector<Item>& items, const Members& members, const char*)
    {
        ordered_json array = ordered_json::array();
        for (const Item& item : items) {
            Writer inner;
            members(item, inner);
            ordered_json object = ordered_json::object();
            for (auto& [innerKey, value] : inner.values)
                object[innerKey] = std::move(value);
            array.push_back(std::move(object));
        }
        values.emplace_back(key, std::move(array));
    }
};

/// The object that `key`'s last word is a member of.
ordered_json& parentOf(std::string_view key, ordered_json& root,
                       const std::function<ordered_json&(ordered_json&, const std::string&)>& step)
{
    ordered_json* at = &root;
    for (size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
        at = &step(*at, std::string(key.substr(0, dot)));
        key.remove_prefix(dot + 1);
    }
    return *at;
}

std::string lastWord(std::string_view key)
{
    return std::string(key.substr(key.rfind('.') + 1));
}

/// Properties of a schema, by key path.
class SchemaWriter {
public:
    std::vector<std::pair<std::string, ordered_json>> properties;

    void operator()(const char* key, const bool& value, const char* help)
    {
        add(key, {{"type", "boolean"}}, asJson(value), help);
    }
    void operator()(const char* key, const std::optional<bool>& value, const char* help)
    {
        add(key, {{"type", {"boolean", "null"}}}, asJson(value), help);
    }
    void operator()(const char* key, const std::string& value, const char* help)
    {
        add(key, {{"type", "string"}}, value, help);
    }
    void operator()(const char* key, const int64_t& value, const Range& range, const char* help)
    {
        add(key, limited("integer", range), value, help);
    }
    void operator()(const char* key, const double& value, const Range& range, const char* help)
    {
        add(key, limited("number", range), asJson(value), help);
    }
    void operator()(const char* key, const AutoInt& value, const Range& range, const char* help)
    {
        ordered_json isAuto = {{"const", "auto"}};
        add(key, {{"anyOf", ordered_json::array({isAuto, limited("integer", range)})}}, asJson(value), help);
    }
    template <typename Enum>
    requires std::is_enum_v<Enum>
    void operator()(const char* key, const Enum& value, Names names, const char* help)
    {
        add(key, {{"enum", std::vector<std::string>(names.begin(), names.end())}},
            names[static_cast<size_t>(value)], help);
    }
    void operator()(const char* key, const TargetList& value, const char* help)
    {
        ordered_json list = {{"type", "array"}, {"items", {{"type", "string"}}}};
        ordered_json text = {{"type", "string"}};
        add(key, {{"anyOf", ordered_json::array({list, text})}}, asJson(value), help);
    }
    void operator()(const char* key, const std::map<std::string, double>& value, const Range& range,
                    const char* help)
    {
        add(key, {{"type", "object"}, {"additionalProperties", limited("number", range)}}, asJson(value),
            help);
    }
    template <typename Item, typename Members>
    void list(const char* key, const std::vector<Item>&, const Members& members, const char* help)
    {
        SchemaWriter inner;
        const Item item;
        members(item, inner);
        ordered_json object = {
            {"type", "object"}, {"properties", ordered_json::object()}, {"additionalProperties", false}};
        for (auto& [innerKey, property] : inner.properties)
            object["properties"][innerKey] = property;
        add(key, {{"type", "array"}, {"items", object}}, ordered_json::array(), help);
    }

private:
    static ordered_json limited(const char* type, const Range& range)
    {
        return {{"type", type}, {"minimum", asJson(range.least)}, {"maximum", asJson(range.most)}};
    }
    void add(const char* key, ordered_json property, ordered_json defaultValue, const char* help)
    {
        property["default"] = std::move(defaultValue);
        property["description"] = help;
        properties.emplace_back(key, std::move(property));
    }
};

}  // namespace

Result<Job> jobFrom(const Settings& settings)
{
    Job job;
    Reader reader(settings, "");
    visitJob(job, reader);
    if (reader.error())
        return *reader.error();
    return job;
}

ordered_json toJson(const Job& job)
{
    Writer writer;
    visitJob(job, writer);
    ordered_json root = {{"facet_job", kJobVersion}};
    const auto step = [](ordered_json& at, const std::string& word) -> ordered_json& { return at[word]; };
    for (const auto& [key, value] : writer.values)
        parentOf(key, root, step)[lastWord(key)] = value;
    return root;
}

ordered_json jobSchema()
{
    SchemaWriter writer;
    const Job defaults;
    visitJob(defaults, writer);
    ordered_json root = {
        {"$schema", "https://json-schema.org/draft/2020-12/schema"},
        {"title", "Facet job"},
        {"description",
         "What facet-engine trains. NeMo's names for many keys (peft_scheme, trainer.max_steps, ...) "
         "are read as well; Facet writes those below."},
        {"type", "object"},
        {"properties", {{"$schema", {{"type", "string"}}}, {"facet_job", {{"const", kJobVersion}}}}},
        {"additionalProperties", false}};
    const auto step = [](ordered_json& at, const std::string& word) -> ordered_json& {
        ordered_json& group = at["properties"][word];
        if (group.is_null())
            group = {
                {"type", "object"}, {"properties", ordered_json::object()}, {"additionalProperties", false}};
        return group;
    };
    for (const auto& [key, property] : writer.properties)
        parentOf(key, root, step)["properties"][lastWord(key)] = property;
    return root;
}

std::vector<Difference> differences(const Job& first, const Job& second)
{
    Writer one;
    Writer other;
    visitJob(first, one);
    visitJob(second, other);
    std::vector<Difference> result;
    for (size_t i = 0; i < one.values.size(); ++i)
        if (one.values[i].second != other.values[i].second)
            result.push_back({one.values[i].first, json(one.values[i].second), json(other.values[i].second)});
    return result;
}

}  // namespace facet::jobs
