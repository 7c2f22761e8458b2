#include "ui/finetune/job_document.h"

#include "core/base/json.h"
#include "jobs/job/job_fields.h"
#include "jobs/queue/run_queue.h"
#include "ui/finetune/job_rules.h"

#include <algorithm>
#include <utility>

namespace facet::ui {

using nlohmann::json;
using nlohmann::ordered_json;

JobDocument documentFrom(const jobs::Settings& settings)
{
    JobDocument document;
    for (const auto& [key, value] : settings) {
        if (checkValue(key, value))
            document.said[key] = value;
        else
            document.typed[key] = textOf(value);
    }
    return document;
}

ordered_json jobJson(const JobDocument& document)
{
    ordered_json root = {{"facet_job", jobs::kJobVersion}};
    for (const std::string& key : jobs::jobKeys()) {
        const auto said = document.said.find(key);
        const auto typed = document.typed.find(key);
        if (said == document.said.end() && typed == document.typed.end())
            continue;
        ordered_json* at = &root;
        size_t begin = 0;
        for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', begin)) {
            at = &(*at)[key.substr(begin, dot - begin)];
            begin = dot + 1;
        }
        (*at)[key.substr(begin)] = typed != document.typed.end() ? json(typed->second) : said->second;
    }
    return root;
}

namespace {

void write(const ordered_json& object, const std::string& prefix, int depth, JobText& to)
{
    const std::string indent(static_cast<size_t>(2 * depth), ' ');
    size_t left = object.size();
    for (const auto& [name, value] : object.items()) {
        const std::string key = prefix + name;
        const char* comma = --left > 0 ? ",\n" : "\n";
        const std::string head = indent + json(name).dump() + ": ";
        if (value.is_object() && !jobRules().contains(key) && !value.empty()) {
            to.text += head + "{\n";
            to.keyOfLine.emplace_back();
            write(value, key + ".", depth + 1, to);
            to.text += indent + "}" + comma;
            to.keyOfLine.emplace_back();
            continue;
        }
        // Lists and patterns over several lines, if one line would be long.
        std::string written = value.dump();
        if (written.size() > 44) {
            written = value.dump(2);
            for (size_t at = 0; (at = written.find('\n', at)) != std::string::npos; at += 1 + indent.size())
                written.insert(at + 1, indent);
        }
        to.text += head + written + comma;
        for (int64_t line = std::ranges::count(written, '\n'); line >= 0; --line)
            to.keyOfLine.push_back(key);
    }
}

}  // namespace

JobText jobText(const JobDocument& document)
{
    JobText result;
    result.text = "{\n";
    result.keyOfLine.emplace_back();
    write(jobJson(document), "", 1, result);
    result.text += "}\n";
    result.keyOfLine.emplace_back();
    return result;
}

json draftJson(const JobDocument& document)
{
    return {{"facet_draft", 1},
            {"said", document.said},
            {"typed", document.typed},
            {"devices", document.place.devices},
            {"profile", document.place.profile}};
}

core::Result<JobDocument> documentFromDraft(const json& draft)
{
    const auto refused = [](const char* why) {
        return core::Error{core::ErrorCode::InvalidInput, std::string("the draft ") + why};
    };
    if (!draft.is_object() || draft.value("facet_draft", json()) != 1 || !draft.contains("said") ||
        !draft["said"].is_object() || !draft.contains("typed") || !draft["typed"].is_object())
        return refused("is none of this Facet's");
    JobDocument document;
    for (const auto& [key, value] : draft["said"].items())
        if (jobRules().contains(key) && checkValue(key, value))
            document.said[key] = value;
    for (const auto& [key, value] : draft["typed"].items())
        if (jobRules().contains(key) && value.is_string())
            document.typed[key] = value.get<std::string>();
    // Earlier drafts have none of these.
    if (const auto devices = draft.find("devices"); devices != draft.end() && devices->is_array())
        for (const json& device : *devices)
            if (device.is_string() && jobs::isQueueDevice(device.get<std::string>()))
                document.place.devices.push_back(device.get<std::string>());
    if (const auto profile = draft.find("profile"); profile != draft.end() && profile->is_string())
        document.place.profile = profile->get<std::string>();
    return document;
}

void JobHistory::add(JobDocument before, const std::string& what)
{
    constexpr size_t kMost = 500;
    m_redo.clear();
    if (what == m_last && !what.empty() && !m_undo.empty())
        return;
    m_last = what;
    m_undo.push_back(std::move(before));
    if (m_undo.size() > kMost)
        m_undo.erase(m_undo.begin());
}

JobDocument JobHistory::undo(JobDocument now)
{
    m_redo.push_back(std::move(now));
    JobDocument document = std::move(m_undo.back());
    m_undo.pop_back();
    m_last.clear();
    return document;
}

JobDocument JobHistory::redo(JobDocument now)
{
    m_undo.push_back(std::move(now));
    JobDocument document = std::move(m_redo.back());
    m_redo.pop_back();
    m_last.clear();
    return document;
}

}  // namespace facet::ui
