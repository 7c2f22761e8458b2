#include "jobs/queue/sweep_results.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "jobs/sweep.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::JsonFields;
using core::Result;
using nlohmann::json;

constexpr int64_t kVersion = 1;

std::filesystem::path fileOf(const std::filesystem::path& home, const std::string& name)
{
    return home / "sweeps" / (name + ".json");
}

Error damaged(const std::filesystem::path& path, const std::string& why)
{
    return {ErrorCode::InvalidInput, path.string() + " " + why + "; repair the file or move it away"};
}

/// RFC 4180: what has a comma, a quotation mark or a line break in it stands in quotation marks.
std::string cell(const std::string& text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

std::string cell(double value)
{
    if (!std::isfinite(value))
        return {};
    std::array<char, 32> text = {};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

}  // namespace

Result<SweepRecord> readSweep(const std::filesystem::path& home, const std::string& name)
{
    if (name.empty() || name.find('/') != std::string::npos)
        return Error{ErrorCode::NotFound, "there is no sweep " + inQuotes(name)};
    const std::filesystem::path path = fileOf(home, name);
    const Result<json> object = core::readJsonObject(path);
    if (!object && object.error().code == ErrorCode::NotFound)
        return Error{ErrorCode::NotFound, "there is no sweep " + inQuotes(name)};
    if (!object)
        return object.error();
    JsonFields fields(*object, "");
    if (fields.integer("version", 0, 0, INT64_MAX) > kVersion)
        return Error{ErrorCode::InvalidInput,
                     path.string() + " was written by a newer Facet; update this one"};
    SweepRecord record = {name, {}, {}};
    const json* keys = fields.find("keys");
    const json* runs = fields.find("runs");
    if (fields.error() || fields.integer("version", 0, 0, kVersion) != kVersion || !keys ||
        !keys->is_array() || !runs || !runs->is_array() || !std::ranges::all_of(*keys, &json::is_string))
        return damaged(path, "has no version 1, list of keys and list of runs");
    for (const json& key : *keys)
        record.keys.push_back(key);
    for (const json& each : *runs) {
        const std::string where = "runs[" + std::to_string(record.runs.size()) + "]";
        if (!each.is_object())
            return damaged(path, "has a " + where + " that is no object");
        JsonFields run(each, where + ".");
        const json* values = run.find("values");
        SweepRecord::Run read = {run.text("name", ""), run.text("folder", ""), {}};
        if (run.error() || !values || !values->is_array() || values->size() != record.keys.size() ||
            !read.folder.is_absolute())
            return damaged(path, "has a " + where + " without a folder and a value for each key");
        read.values = values->get<std::vector<json>>();
        record.runs.push_back(std::move(read));
    }
    return record;
}

Result<void> writeSweep(const std::filesystem::path& home, const SweepRecord& record)
{
    nlohmann::ordered_json runs = nlohmann::ordered_json::array();
    for (const SweepRecord::Run& run : record.runs)
        runs.push_back({{"name", run.name}, {"folder", run.folder.string()}, {"values", run.values}});
    const nlohmann::ordered_json object = {{"version", kVersion}, {"keys", record.keys}, {"runs", runs}};
    std::error_code ignored;
    std::filesystem::create_directories(home / "sweeps", ignored);
    return core::writeFileAtomically(fileOf(home, record.name),
                                     object.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

std::vector<std::string> sweepsIn(const std::filesystem::path& home)
{
    std::vector<std::string> names;
    std::error_code ignored;
    for (auto entry = std::filesystem::directory_iterator(home / "sweeps", ignored);
         entry != std::filesystem::directory_iterator(); entry.increment(ignored))
        if (entry->path().extension() == ".json")
            names.push_back(entry->path().stem().string());
    std::ranges::sort(names);
    return names;
}

SweepReader::Losses SweepReader::lossesOf(const core::StepTable& table)
{
    Losses losses;
    if (const std::vector<double>* values = table.find("loss"))
        for (const double value : *values)
            if (std::isfinite(value)) {
                losses.last = value;
                losses.best = std::isnan(losses.best) ? value : std::min(losses.best, value);
            }
    return losses;
}

std::vector<SweepResult> SweepReader::look(const RunQueue& queue, const std::filesystem::path& home)
{
    std::vector<std::filesystem::path> folders;
    for (const SweepRecord::Run& run : m_record.runs)
        folders.push_back(run.folder);
    const std::vector<core::ObservedRun> runs = observeRuns(queue, home, folders);
    const QueueReport report = reportOn(queue, runs, thisHost());
    std::vector<SweepResult> results;
    for (const SweepRecord::Run& each : m_record.runs) {
        SweepResult& result = results.emplace_back();
        result.name = each.name;
        result.folder = each.folder;
        result.values = each.values;
        const auto run = std::ranges::find(runs, each.folder,
                                           [](const core::ObservedRun& seen) { return seen.folder.path; });
        if (run == runs.end()) {
            m_followed.erase(each.folder);
            const auto waiting = std::ranges::find(queue.entries, each.folder, &QueueEntry::folder);
            result.state = "not in the queue";
            if (waiting != queue.entries.end()) {
                const EntryReport& told =
                    report.entries[static_cast<size_t>(waiting - queue.entries.begin())];
                result.state = nameOf(told.state);
                result.words = told.words;
            }
            continue;
        }
        const EntryReport told = reportOn(*run);
        result.state = nameOf(told.state);
        result.words = told.words;
        result.step = run->step;
        result.numSteps = run->numSteps;
        Followed& followed =
            m_followed.try_emplace(each.folder, Followed{core::HistoryReader(run->folder.events()), {}})
                .first->second;
        if (Result<core::HistoryReader::News> news = followed.reader.poll()) {
            if (news->isAnew)
                followed.history = {};
            followed.history.append(std::move(news->history));
        }
        const Losses training = lossesOf(followed.history.metrics);
        const Losses validation = lossesOf(followed.history.validation);
        result.lastTraining = training.last;
        result.bestTraining = training.best;
        result.lastValidation = validation.last;
        result.bestValidation = validation.best;
    }
    return results;
}

std::string toCsv(const SweepRecord& record, const std::vector<SweepResult>& results)
{
    std::string text = "run";
    for (const std::string& key : record.keys)
        text += "," + cell(key);
    text += ",state,step,steps,training_last,training_best,validation_last,validation_best\r\n";
    for (const SweepResult& result : results) {
        text += cell(result.name);
        for (const json& value : result.values)
            text += "," + cell(sweepText(value));
        text += "," + cell(result.state) + "," + std::to_string(result.step) + "," +
                std::to_string(result.numSteps);
        for (const double loss :
             {result.lastTraining, result.bestTraining, result.lastValidation, result.bestValidation})
            text += "," + cell(loss);
        text += "\r\n";
    }
    return text;
}

}  // namespace facet::jobs
