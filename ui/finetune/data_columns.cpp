#include "ui/finetune/data_columns.h"

#include "jobs/job/open_source.h"

#include <algorithm>
#include <set>

namespace facet::ui {

namespace {

constexpr size_t kLookedAt = 100;

const std::map<std::string, std::string>& roles()
{
    static const std::map<std::string, std::string> roles = {
        {"messages", "conversation"}, {"conversations", "conversation"},
        {"images", "pictures"},       {"image", "picture"},
        {"system", "system message"}, {"instruction", "question"},
        {"input", "question"},        {"output", "answer"},
        {"history", "earlier turns"}, {"prompt", "question"},
        {"completion", "answer"},     {"text", "text"}};
    return roles;
}

bool reads(const std::string& format, const std::string& field)
{
    static const std::map<std::string, std::vector<std::string>> fields = {
        {"chat", {"messages", "images", "image"}},
        {"sharegpt", {"conversations", "system", "images", "image"}},
        {"llava", {"conversations", "system", "images", "image"}},
        {"alpaca", {"instruction", "input", "output", "system", "history", "images", "image"}},
        {"prompt_completion", {"prompt", "completion", "images", "image"}},
        {"input_output", {"input", "output", "images", "image"}},
        {"text", {"text", "images", "image"}}};
    const auto found = fields.find(format);
    // Of rows that nobody knows yet any field may be meant.
    return found == fields.end() || std::ranges::find(found->second, field) != found->second.end();
}

}  // namespace

std::vector<DataColumn> columnsOf(const jobs::DataSource& source)
{
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(source.path, ignored))
        return {};
    const core::Result<core::RowFile> rows = core::RowFile::open(source.path);
    if (!rows)
        return {};
    std::string format;
    if (const core::Result<core::SampleSource> opened = jobs::openSource(source))
        format = opened->format();
    std::vector<DataColumn> columns;
    std::set<std::string> seen;
    for (const std::string_view row : rows->head(kLookedAt)) {
        const core::Result<nlohmann::json> parsed = rows->parse(row);
        if (!parsed || !parsed->is_object())
            continue;
        for (const auto& [member, value] : parsed->items()) {
            if (!seen.insert(member).second)
                continue;
            const auto mapped = std::ranges::find_if(source.fieldMap,
                                                     [&](const auto& each) { return each.second == member; });
            std::string field;
            if (mapped != source.fieldMap.end())
                field = mapped->first;
            else if (roles().contains(member) && !source.fieldMap.contains(member))
                field = member;
            columns.push_back({member, reads(format, field) ? field : ""});
        }
    }
    return columns;
}

const std::vector<std::string>& dataFields()
{
    static const std::vector<std::string> fields = [] {
        std::vector<std::string> all;
        for (const auto& [field, role] : roles())
            all.push_back(field);
        return all;
    }();
    return fields;
}

std::string roleOfField(const std::string& field)
{
    const auto found = roles().find(field);
    return found == roles().end() ? field : found->second;
}

std::map<std::string, std::string> withColumn(std::map<std::string, std::string> map,
                                              const std::string& member, const std::string& field)
{
    std::erase_if(map, [&](const auto& each) { return each.second == member; });
    if (field == member)
        map.erase(member);
    else if (!field.empty())
        map[field] = member;
    else if (roles().contains(member) && !map.contains(member))
        map[member] = "";  // by its name it would be read
    return map;
}

}  // namespace facet::ui
