#include "ui/finetune/job_verdict.h"

#include "core/base/text.h"
#include "core/models/library.h"
#include "core/run/run_folder.h"
#include "jobs/estimate/device_rate.h"
#include "jobs/supported.h"
#include "ui/finetune/job_rules.h"

#include <algorithm>

namespace facet::ui {

using jobs::Settings;

namespace {

core::RunFolder runFolder(const std::filesystem::path& home, const std::string& name)
{
    return {home / "runs" / name};
}

jobs::Gpu gpuOf(const JudgedPlace& place, const jobs::ResolvedJob& resolved)
{
    const TrainDevice& device = place.device;
    jobs::Gpu gpu = {.name = device.name, .memoryBytes = device.memoryBytes, .isCpu = device.isCpu};
    gpu.stepFlops = jobs::rememberedRate(place.home, gpu, resolved.job.precision);
    return gpu;
}

jobs::Surroundings surroundings(const JudgedPlace& place)
{
    const int64_t gpusHere = place.device.isCpu ? 0 : 1;
    return {place.builtIns, place.recipes,
            place.clusterGpus ? std::max<int64_t>(*place.clusterGpus, 1) : gpusHere};
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
    const auto kept = static_cast<double>(resolved.job.keepBest + resolved.job.keepLast + 1);
    verdict.diskBytes = kept * trained * (weights + optimizer + master);
}

/// What the engine would refuse when the run starts on this machine.
void checkHere(JobVerdict& verdict)
{
    for (const core::Result<void>& checked :
         {jobs::checkSupported(*verdict.resolved), jobs::checkFilesAreHere(verdict.resolved->job)}) {
        if (checked)
            continue;
        const std::string& sentence = checked.error().message;
        const std::string key = keyOfSentence(sentence);
        // A model that is elsewhere can be planned with; what has a key can be mended in its field.
        if (key.empty())
            verdict.missing = sentence;
        else
            verdict.problems.try_emplace(key, sentence);
        return;
    }
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
    if (verdict.problems.empty() && !place.clusterGpus)
        checkHere(verdict);
    const jobs::Gpu gpu = gpuOf(place, *verdict.resolved);
    verdict.estimate = jobs::estimate(*verdict.resolved, gpu);
    addDisk(verdict);
    if (verdict.estimate->isFitKnown && !verdict.estimate->fits)
        verdict.edits = jobs::editsThatFit(settings, *verdict.resolved, surroundings(place), gpu);
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
