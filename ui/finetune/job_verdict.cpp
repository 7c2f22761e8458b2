#include "ui/finetune/job_verdict.h"

#include "core/base/text.h"
#include "core/models/library.h"
#include "core/run/run_folder.h"
#include "ui/finetune/job_rules.h"

#include <algorithm>

namespace facet::ui {

using jobs::Settings;

namespace {

core::RunFolder runFolder(const std::filesystem::path& home, const std::string& name)
{
    return {home / "runs" / name};
}

jobs::Estimate estimateOn(const TrainDevice& device, jobs::ResolvedJob resolved)
{
    if (!device.isCpu)
        return jobs::estimate(resolved, {device.name, device.memoryBytes, 0});
    // A CPU computes in fp32, whatever precision says, and has no CUDA to make room for.
    resolved.job.precision = jobs::Precision::Fp32;
    jobs::Estimate estimate = jobs::estimate(resolved, {device.name, device.memoryBytes, 0});
    estimate.memory.overhead = 0;
    estimate.fits = estimate.memory.total() <= device.memoryBytes;
    return estimate;
}

jobs::Surroundings surroundings(const JudgedPlace& place)
{
    return {place.builtIns, place.recipes, place.device.isCpu ? 0 : 1};
}

/// Tries changes, from the mildest to the hardest, until three of them fit.
std::vector<JobEdit> editsThatFit(const Settings& settings, const JobVerdict& verdict,
                                  const JudgedPlace& place)
{
    const jobs::Job& job = verdict.resolved->job;
    const jobs::Estimate& now = *verdict.estimate;
    std::vector<JobEdit> tried;
    const auto instead = [](const std::string& what, auto value, auto before) {
        return what + " " + std::to_string(value) + " in place of " + std::to_string(before);
    };
    int64_t micro = std::min(now.largestMicroBatch, job.microBatch - 1);
    while (micro > 1 && job.globalBatch % (micro * verdict.resolved->dataParallel) != 0)
        --micro;
    if (micro >= 1)
        tried.push_back({instead("Micro batch", micro, job.microBatch), {{"batch.micro", micro}}, 0, false});
    if (job.checkpointing != jobs::Checkpointing::Full && now.checkpointing != jobs::Checkpointing::Full)
        tried.push_back({"Compute all activations again (checkpointing full)",
                         {{"activation_checkpointing", "full"}},
                         0,
                         false});
    if (now.largestSequence >= 64 && now.largestSequence < job.sequenceLength)
        tried.push_back({instead("Sequences of", now.largestSequence, job.sequenceLength) + " tokens",
                         {{"sequence_length", now.largestSequence}},
                         0,
                         false});
    const bool hasAdapters = !verdict.resolved->adapters.empty();
    if (hasAdapters && verdict.resolved->config.vision &&
        (!verdict.resolved->freeze.visionTower || !verdict.resolved->freeze.projector))
        tried.push_back({"Freeze vision tower and projector",
                         {{"freeze.vision_tower", true}, {"freeze.projector", true}},
                         0,
                         false});
    if (job.method == jobs::Method::Full)
        tried.push_back({"LoRA in place of full training",
                         {{"method", "lora"}, {"freeze.language_model", true}},
                         0,
                         false});
    if (job.optimizer.kind == jobs::OptimizerKind::AdamW && verdict.resolved->parameters.trained > 10'000'000)
        tried.push_back({"Optimizer moments in 8 bits", {{"optimizer.type", "adamw_8bit"}}, 0, false});
    if (job.method == jobs::Method::Lora && !place.device.isCpu)
        tried.push_back(
            {"QLoRA: the base in 4 bits", {{"method", "qlora"}, {"freeze.language_model", true}}, 0, false});
    std::vector<JobEdit> edits;
    for (JobEdit& edit : tried) {
        Settings changed = settings;
        for (const auto& [key, value] : edit.changes)
            changed[key] = value;
        const core::Result<jobs::ResolvedJob> resolved = jobs::resolveJob(changed, surroundings(place));
        if (!resolved)
            continue;
        const jobs::Estimate then = estimateOn(place.device, *resolved);
        edit.bytes = then.memory.total();
        edit.fits = then.fits;
        if (edit.bytes < now.memory.total())
            edits.push_back(std::move(edit));
    }
    std::ranges::stable_sort(edits, [](const JobEdit& a, const JobEdit& b) {
        return a.fits != b.fits ? a.fits : !a.fits && a.bytes < b.bytes;
    });
    if (edits.size() > 3)
        edits.resize(3);
    return edits;
}

/// What a run writes: adapters or trained weights with their optimizer, for each checkpoint that is kept, and
/// one more while the next is written.
void addDisk(JobVerdict& verdict)
{
    const jobs::ResolvedJob& resolved = *verdict.resolved;
    const bool isFp32 = resolved.job.precision == jobs::Precision::Fp32 || verdict.device.isCpu;
    const auto trained = static_cast<double>(resolved.parameters.trained);
    const double weights = isFp32 ? 4 : 2;
    verdict.adapterBytes =
        static_cast<double>(resolved.parameters.trainedOf(jobs::ParameterPart::Adapters)) * weights;
    const double optimizer = resolved.job.optimizer.kind == jobs::OptimizerKind::AdamW ? 8 : 2.03;
    const double master = isFp32 || resolved.job.precision == jobs::Precision::Bf16 ? 0 : 4;
    const auto kept = static_cast<double>(resolved.job.keepBest + (resolved.job.keepLast ? 1 : 0) + 1);
    verdict.diskBytes = kept * trained * (weights + optimizer + master);
}

/// Resolves; a value that is refused is noted and left out, so that everything else is still counted.
void resolve(Settings settings, const JudgedPlace& place, JobVerdict& verdict)
{
    // Left out, they would be reported once more as missing.
    const Settings all = settings;
    for (int round = 0; round < 12; ++round) {
        core::Result<jobs::ResolvedJob> resolved = jobs::resolveJob(settings, surroundings(place));
        if (resolved) {
            verdict.resolved = *std::move(resolved);
            settings = verdict.problems.empty() ? all : settings;
            break;
        }
        const std::string& sentence = resolved.error().message;
        const std::string key = keyOfSentence(sentence);
        verdict.problems.try_emplace(key, sentence);
        if (key == "steps" || key == "epochs")
            settings.erase("epochs"), settings["steps"] = 1;
        else if (key == "data.sources")
            settings[key] = nlohmann::json::array({{{"path", "mock:text"}}});
        else if (key == "name")
            settings[key] = "job";
        else if (settings.erase(key) == 0)
            return;
    }
    if (!verdict.resolved)
        return;
    for (const std::string& note : verdict.resolved->notes)
        verdict.warnings.try_emplace(keyOfSentence(note), note);
    verdict.estimate = estimateOn(place.device, *verdict.resolved);
    addDisk(verdict);
    if (verdict.estimate->isFitKnown && !verdict.estimate->fits)
        verdict.edits = editsThatFit(settings, verdict, place);
}

}  // namespace

std::string freeRunName(const std::filesystem::path& home, const std::string& name)
{
    std::string free = name;
    for (int number = 2; runFolder(home, free).exists(); ++number)
        free = name + "-" + std::to_string(number);
    return free;
}

JobVerdict judge(const JobDocument& document, const JudgedPlace& place)
{
    JobVerdict verdict;
    verdict.device = place.device;
    for (const auto& [key, typed] : document.typed) {
        const core::Result<nlohmann::json> value = valueOf(key, typed);
        verdict.problems[key] = value ? key + " is " + core::inQuotes(typed) : value.error().message;
    }
    resolve(document.said, place, verdict);
    const auto name = document.said.find("name");
    const auto folder = document.said.find("dir");
    const bool hasFolder = folder != document.said.end() && folder->second != "";
    if (!document.typed.contains("name") && (name == document.said.end() || name->second == ""))
        verdict.problems["name"] = "name is missing; the run's folder is named by it";
    if (!verdict.problems.contains("name") && name != document.said.end() && name->second.is_string() &&
        !hasFolder) {
        const std::string text = name->second.get<std::string>();
        if (core::isLibraryName(text) && runFolder(place.home, text).exists())
            verdict.problems["name"] = "name is " + text + ", and there is a run of that name; " +
                                       freeRunName(place.home, text) + " is free";
    } else if (hasFolder && folder->second.is_string() &&
               core::RunFolder{folder->second.get<std::string>()}.exists()) {
        verdict.problems["dir"] =
            "dir is " + folder->second.get<std::string>() + ", and there is a run in it; name another folder";
    }
    return verdict;
}

}  // namespace facet::ui
