#include "ui/finetune/job_rules.h"

#include "core/base/json.h"
#include "jobs/job/job_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace facet::ui {

using nlohmann::json;

namespace {

JobRule ruleFrom(const nlohmann::ordered_json& property)
{
    JobRule rule;
    rule.absent = property.value("default", json(nullptr));
    rule.help = property.value("description", "");
    if (property.contains("enum")) {
        rule.kind = JobRule::Kind::Choice;
        rule.choices = property["enum"].get<std::vector<std::string>>();
        return rule;
    }
    if (property.contains("anyOf")) {
        rule.kind =
            property["anyOf"][0].contains("const") ? JobRule::Kind::AutoWhole : JobRule::Kind::Structure;
        return rule;
    }
    const json type = property.value("type", json());
    if (type.is_array())
        rule.kind = JobRule::Kind::OptionalFlag;
    else if (type == "boolean")
        rule.kind = JobRule::Kind::Flag;
    else if (type == "integer")
        rule.kind = JobRule::Kind::Whole;
    else if (type == "number")
        rule.kind = JobRule::Kind::Number;
    else if (type == "string")
        rule.kind = JobRule::Kind::Text;
    else
        rule.kind = JobRule::Kind::Structure;
    return rule;
}

void collect(const nlohmann::ordered_json& object, const std::string& prefix,
             std::map<std::string, JobRule>& rules)
{
    for (const auto& [name, property] : object["properties"].items()) {
        const std::string key = prefix + name;
        if (property.contains("properties"))
            collect(property, key + ".", rules);
        else
            rules[key] = ruleFrom(property);
    }
}

std::string_view trimmed(std::string_view text)
{
    const size_t begin = text.find_first_not_of(" \t\n\r");
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(" \t\n\r") - begin + 1);
}

/// Takes "2,048" for 2048 and leaves "2,04" as it is.
std::string withoutThousands(std::string_view text)
{
    std::string digits;
    const size_t end = std::min(text.find('.'), text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ',') {
            digits += text[i];
            continue;
        }
        if (i == 0 || i > end || (end - i) % 4 != 0)
            return std::string(text);
    }
    return digits;
}

json numberOrText(std::string_view typed)
{
    const std::string text = withoutThousands(trimmed(typed));
    const char* end = text.data() + text.size();
    int64_t whole = 0;
    if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end)
        return whole;
    double number = 0;
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || !std::isfinite(number))
        return std::string(typed);
    if (number == std::floor(number) && std::abs(number) < 1e15)
        return static_cast<int64_t>(number);
    return number;
}

json namesOf(std::string_view typed)
{
    json names = json::array();
    while (!typed.empty()) {
        const size_t comma = std::min(typed.find(','), typed.size());
        const std::string_view name = trimmed(typed.substr(0, comma));
        if (!name.empty())
            names.push_back(std::string(name));
        typed.remove_prefix(std::min(comma + 1, typed.size()));
    }
    return names;
}

}  // namespace

const std::map<std::string, JobRule>& jobRules()
{
    static const std::map<std::string, JobRule> rules = [] {
        std::map<std::string, JobRule> all;
        collect(jobs::jobSchema(), "", all);
        all.erase("facet_job");
        all.erase("$schema");
        return all;
    }();
    return rules;
}

const JobRule& jobRule(const std::string& key)
{
    return jobRules().at(key);
}

core::Result<json> valueOf(const std::string& key, std::string_view typed)
{
    const JobRule& rule = jobRule(key);
    json value = std::string(typed);
    switch (rule.kind) {
        case JobRule::Kind::Whole:
        case JobRule::Kind::AutoWhole:
        case JobRule::Kind::Number:
            value = trimmed(typed) == "auto" ? json("auto") : numberOrText(typed);
            break;
        case JobRule::Kind::Flag:
        case JobRule::Kind::OptionalFlag:
            if (typed == "true" || typed == "false")
                value = typed == "true";
            break;
        case JobRule::Kind::Structure:
            if (rule.absent.is_array() && (typed.empty() || typed.front() != '['))
                value = namesOf(typed);
            else if (const core::Result<json> parsed = core::parseJson(typed))
                value = *parsed;
            break;
        case JobRule::Kind::Text:
        case JobRule::Kind::Choice:
            break;
    }
    if (const core::Result<void> checked = checkValue(key, value); !checked)
        return checked.error();
    return value;
}

core::Result<void> checkValue(const std::string& key, const json& value)
{
    const core::Result<jobs::Job> read = jobs::jobFrom({{key, value}});
    return read ? core::Result<void>() : read.error();
}

std::string textOf(const json& value)
{
    if (value.is_null())
        return "";
    if (value.is_string())
        return value.get<std::string>();
    if (value.is_array() && std::ranges::all_of(value, [](const json& each) { return each.is_string(); })) {
        std::string text;
        for (const json& each : value)
            text += (text.empty() ? "" : ", ") + each.get<std::string>();
        return text;
    }
    return value.dump();
}

std::string keyOfSentence(std::string_view sentence)
{
    std::string found;
    for (const auto& [key, rule] : jobRules()) {
        const bool isWhole = sentence.size() == key.size() ||
                             (sentence.size() > key.size() &&
                              std::string_view(" [:,.").find(sentence[key.size()]) != std::string_view::npos);
        if (sentence.starts_with(key) && isWhole && key.size() > found.size())
            found = key;
    }
    if (!found.empty())
        return found;
    constexpr std::array<std::pair<std::string_view, const char*>, 6> kOthers = {{
        {"neither steps", "steps"},
        {"data.validation", "data.validation.path"},
        {"everything is frozen", "freeze.language_model"},
        {"the whole vision tower", "freeze.vision_tower"},
        {"the model has no vision", "freeze.vision_tower"},
        {"excluding", "lora.exclude"},
    }};
    for (const auto& [begin, key] : kOthers)
        if (sentence.starts_with(begin))
            return key;
    return sentence.find("parallel.tensor") != std::string_view::npos ? "parallel.tensor" : "";
}

}  // namespace facet::ui
