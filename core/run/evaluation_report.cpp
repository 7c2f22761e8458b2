#include "core/run/evaluation_report.h"

#include "core/base/json.h"

#include <algorithm>
#include <array>

namespace facet::core {

namespace {

constexpr std::array<const char*, 3> kNames = {"model", "base", "tuned"};
constexpr double kMost = 1e300;

nlohmann::ordered_json samplesToJson(const std::vector<EvaluationReport::Sample>& samples,
                                     const std::vector<EvaluationReport::Measure>& measures)
{
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const EvaluationReport::Sample& sample : samples) {
        nlohmann::ordered_json entry = {{"place", sample.place}, {"expected", sample.expected}};
        for (size_t i = 0; i < measures.size() && i < sample.answers.size(); ++i) {
            entry[measures[i].name] = {{"loss", sample.answers[i].loss}};
            if (sample.answers[i].text)
                entry[measures[i].name]["answer"] = *sample.answers[i].text;
        }
        list.push_back(entry);
    }
    return list;
}

Result<std::vector<EvaluationReport::Sample>> samplesFrom(
    const nlohmann::json& object, const char* key, const std::vector<EvaluationReport::Measure>& measures)
{
    std::vector<EvaluationReport::Sample> samples;
    const auto list = object.find(key);
    if (list == object.end() || !list->is_array())
        return samples;
    for (const nlohmann::json& entry : *list) {
        if (!entry.is_object())
            return Error{ErrorCode::InvalidInput, std::string(key) + " has " + shown(entry)};
        JsonFields fields(entry, std::string(key) + ".");
        EvaluationReport::Sample& sample = samples.emplace_back();
        sample.place = fields.text("place", "");
        sample.expected = fields.text("expected", "");
        for (const EvaluationReport::Measure& measure : measures) {
            EvaluationReport::Sample::Answer& answer = sample.answers.emplace_back();
            const nlohmann::json* one = fields.find(measure.name.c_str());
            if (!one || !one->is_object())
                continue;
            JsonFields inside(*one, measure.name + ".");
            answer.loss = inside.number("loss", 0, -kMost, kMost);
            if (inside.has("answer"))
                answer.text = inside.text("answer", "");
            if (inside.error())
                return *inside.error();
        }
        if (fields.error())
            return *fields.error();
    }
    return samples;
}

Result<EvaluationReport> reportFrom(const nlohmann::json& object)
{
    EvaluationReport report;
    JsonFields fields(object, "");
    report.time = fields.number("time", 0, 0, 1e12);
    report.model = fields.text("model_name", "");
    if (const nlohmann::json* adapters = fields.find("adapters"); adapters && adapters->is_array())
        for (const nlohmann::json& adapter : *adapters)
            if (adapter.is_string())
                report.adapters.push_back(adapter);
    report.step = fields.integer("step", 0, 0, INT64_MAX);
    report.data = fields.text("data", "");
    report.isOwnData = fields.flag("own_data", false);
    report.numSamples = fields.integer("samples", 0, 0, INT64_MAX);
    report.numLeftOut = fields.integer("left_out", 0, 0, INT64_MAX);
    report.numTargets = fields.integer("targets", 0, 0, INT64_MAX);
    report.numAnswers = fields.integer("answers", 0, 0, INT64_MAX);
    for (const char* name : kNames) {
        const nlohmann::json* one = fields.find(name);
        if (!one || !one->is_object())
            continue;
        JsonFields inside(*one, std::string(name) + ".");
        report.measures.push_back(
            {name, inside.number("loss", 0, -kMost, kMost), inside.number("perplexity", 0, 0, kMost),
             inside.integer("exact", 0, 0, INT64_MAX), inside.number("exact_share", 0, 0, 1)});
        if (inside.error())
            return *inside.error();
    }
    if (fields.error())
        return *fields.error();
    if (report.measures.empty())
        return Error{ErrorCode::InvalidInput, "has no result of a model"};
    for (const auto& [key, samples] : {std::pair("worst", &report.worst), std::pair("best", &report.best)}) {
        Result<std::vector<EvaluationReport::Sample>> read = samplesFrom(object, key, report.measures);
        if (!read)
            return read.error();
        *samples = *std::move(read);
    }
    return report;
}

}  // namespace

nlohmann::ordered_json toJson(const EvaluationReport& report)
{
    nlohmann::ordered_json json = {{"time", report.time},          {"model_name", report.model},
                                   {"adapters", report.adapters},  {"step", report.step},
                                   {"data", report.data},          {"own_data", report.isOwnData},
                                   {"samples", report.numSamples}, {"left_out", report.numLeftOut},
                                   {"targets", report.numTargets}, {"answers", report.numAnswers}};
    for (const EvaluationReport::Measure& measure : report.measures)
        json[measure.name] = {{"loss", measure.loss},
                              {"perplexity", measure.perplexity},
                              {"exact", measure.numExact},
                              {"exact_share", measure.exactShare}};
    json["worst"] = samplesToJson(report.worst, report.measures);
    json["best"] = samplesToJson(report.best, report.measures);
    return json;
}

Result<EvaluationReport> readEvaluation(const std::filesystem::path& file)
{
    const Result<nlohmann::json> object = readJsonObject(file);
    if (!object)
        return object.error();
    Result<EvaluationReport> report = reportFrom(*object);
    if (!report)
        return report.error().during("reading " + file.string());
    return report;
}

std::vector<std::filesystem::path> evaluationFiles(const RunFolder& folder)
{
    std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> found;
    std::error_code ignored;
    for (auto entry = std::filesystem::directory_iterator(folder.evaluations(), ignored);
         entry != std::filesystem::directory_iterator(); entry.increment(ignored))
        if (entry->path().extension() == ".json")
            found.emplace_back(entry->last_write_time(ignored), entry->path());
    std::ranges::sort(found, std::greater());
    std::vector<std::filesystem::path> files;
    for (auto& [time, path] : found)
        files.push_back(std::move(path));
    return files;
}

}  // namespace facet::core
