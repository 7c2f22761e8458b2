#include "app/commands/probe.h"

#include "app/commands/common.h"
#include "core/base/memory.h"
#include "core/models/library.h"
#include "engine/data/job_data.h"
#include "engine/device.h"
#include "engine/train/probe.h"
#include "jobs/estimate/device_rate.h"
#include "jobs/estimate/edits.h"

#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <iostream>

namespace facet::app {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

std::string row(const std::string& name, const std::string& value)
{
    return "  " + name + std::string(name.size() < 22 ? 22 - name.size() : 1, ' ') + value + "\n";
}

std::string inSeconds(double seconds)
{
    char text[32];
    std::snprintf(text, sizeof text, seconds < 9.95 ? "%.2f s" : "%.1f s", seconds);
    return text;
}

/// Lets allocations fail where memory ends. Linux gives a process more than there is, and ends it when it
/// takes it.
void refuseMoreThanThereIs()
{
    std::ifstream status("/proc/self/status");
    int64_t kilobytes = 0;
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmData:"))
            kilobytes = std::strtoll(line.c_str() + 7, nullptr, 10);
    const auto most = static_cast<rlim_t>(kilobytes * 1024 + core::availableMemory());
    rlimit limit = {};
    if (::getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur <= most)
        return;
    limit.rlim_cur = most;
    ::setrlimit(RLIMIT_DATA, &limit);
}

/// The job on samples that are made up, as long as the job allows.
jobs::Job withLongestSamples(jobs::Job job, bool hasPictures)
{
    job.data = {};
    job.data.sources.resize(1);
    job.data.sources.front().path = hasPictures ? "mock:vision" : "mock:text";
    job.packing = false;
    return job;
}

/// Rows as in training, or, where they are not on this machine, made up.
Result<std::unique_ptr<engine::JobData>> rowsOf(const jobs::Job& job, const jobs::Job& madeUp,
                                                const engine::SampleReader& reader, bool& areReal)
{
    const auto say = [](const std::string& text) { std::cerr << text << '\n'; };
    Result<std::unique_ptr<engine::JobData>> rows = engine::JobData::open(job, reader, say);
    areReal = static_cast<bool>(rows) && !job.data.sources.front().path.starts_with("mock:");
    if (rows || (rows.error().code != ErrorCode::NotFound && rows.error().code != ErrorCode::Io))
        return rows;
    std::cerr << "note: samples are made up, for " << rows.error().message << '\n';
    return engine::JobData::open(madeUp, reader, say);
}

struct Measured {
    engine::Probe probe;
    bool areRowsReal = false;
};

Result<Measured> measure(const jobs::ResolvedJob& resolved, const std::string& device, bool hasPictures)
{
    std::cerr << "loading " << resolved.job.modelBase << '\n';
    Result<JobParts> parts = loadForTraining(resolved, device);
    if (!parts)
        return parts.error();
    if (parts->device.is_cpu())
        refuseMoreThanThereIs();
    const engine::SampleReader reader = {parts->loaded.tokenizer ? &*parts->loaded.tokenizer : nullptr,
                                         &parts->loaded.chatTemplate, parts->loaded.model.config,
                                         parts->loaded.preprocessing.imageSize};
    const jobs::Job madeUp = withLongestSamples(resolved.job, hasPictures);
    const auto longest = engine::JobData::open(madeUp, reader, [](const std::string&) {});
    if (!longest)
        return longest.error();
    Measured measured;
    const auto rows = rowsOf(resolved.job, madeUp, reader, measured.areRowsReal);
    if (!rows)
        return rows.error();

    engine::FineTuneSettings settings;
    settings.job = resolved.job;
    settings.numSteps = std::max<int64_t>(1, resolved.job.steps);
    settings.base = resolved.modelPath;
    const Result<engine::Probe> probe =
        engine::probe(settings, parts->trained, **longest, **rows, [&](int step) {
            std::cerr << (step == 1 ? "step 1 of 2: the longest samples"
                                    : std::string("step 2 of 2: ") +
                                          (measured.areRowsReal ? "rows of the job" : "made-up samples"))
                      << '\n';
        });
    if (!probe)
        return probe.error();
    measured.probe = *probe;
    return measured;
}

ProbeAnswer tooLarge(const Error& error, const std::vector<jobs::JobEdit>& edits, const std::string& device)
{
    // The engine's own advice knows no estimate.
    const std::string message =
        edits.empty() ? error.message : error.message.substr(0, error.message.find("; this needs less"));
    ProbeAnswer answer;
    answer.json = {{"fits", false}, {"device", device}, {"message", message}};
    answer.json["edits"] = nlohmann::ordered_json::array();
    answer.text = "\ndoes not fit: " + message + "\n";
    if (!edits.empty())
        answer.text += "What needs less, by the estimate:\n";
    for (const jobs::JobEdit& edit : edits) {
        answer.text +=
            "  " + jobs::asOverrides({edit}) + "\n      " + edit.sentence + ": " + inBytes(edit.bytes) + "\n";
        answer.json["edits"].push_back({{"sentence", edit.sentence},
                                        {"changes", edit.changes},
                                        {"bytes", edit.bytes},
                                        {"fits", edit.fits}});
    }
    return answer;
}

ProbeAnswer inWords(const Measured& measured, const jobs::ResolvedJob& job, const jobs::Gpu& gpu,
                    const std::string& device, double flopsPerSecond)
{
    const engine::Probe& probe = measured.probe;
    const jobs::Estimate estimate = jobs::estimate(job, gpu);
    const double estimated = estimate.memory.total() - estimate.memory.overhead;
    const double tokensPerSecond = probe.tokensPerStep / probe.secondsPerStep();
    ProbeAnswer answer;
    answer.fits = true;
    answer.json = {{"fits", true},
                   {"device", device},
                   {"memory_bytes", probe.memoryBytes},
                   {"estimated_memory_bytes", estimated},
                   {"passes", probe.numPasses},
                   {"passes_of_a_step", job.accumulation},
                   {"rows", measured.areRowsReal ? "of the job" : "made up"},
                   {"tokens_per_step", probe.tokensPerStep},
                   {"seconds_per_step", probe.secondsPerStep()},
                   {"seconds",
                    {{"data", probe.dataSeconds},
                     {"forward", probe.forwardSeconds},
                     {"backward", probe.backwardSeconds},
                     {"optimizer", probe.optimizerSeconds}}},
                   {"tokens_per_second", tokensPerSecond},
                   {"flops_per_second", flopsPerSecond}};
    if (job.job.steps > 0)
        answer.json["seconds_of_all_steps"] = probe.secondsPerStep() * double(job.job.steps);

    answer.text = "\nMeasured on " + device + ", by " + std::to_string(probe.numPasses) + " of " +
                  std::to_string(job.accumulation) + (job.accumulation == 1 ? " pass" : " passes") +
                  " of a step, " +
                  (measured.areRowsReal ? "its time with rows of the job:\n" : "with made-up samples:\n");
    answer.text += row("memory at the peak", inBytes(double(probe.memoryBytes)) +
                                                 (gpu.isCpu ? " of the process, " : " of tensors, ") +
                                                 inBytes(estimated) + " estimated");
    answer.text +=
        row("time of a step", inSeconds(probe.secondsPerStep()) + ": data " + inSeconds(probe.dataSeconds) +
                                  ", forward " + inSeconds(probe.forwardSeconds) + ", backward " +
                                  inSeconds(probe.backwardSeconds) + ", optimizer " +
                                  inSeconds(probe.optimizerSeconds));
    answer.text += row("tokens a second", inThousands(tokensPerSecond));
    answer.text += row("rate", inThousands(flopsPerSecond) +
                                   "FLOP/s, from which estimates on this device now have their time");
    return answer;
}

}  // namespace

Result<jobs::Gpu> deviceOfEstimate(const std::string& wish, jobs::Precision precision)
{
    const std::vector<engine::DeviceInfo> devices = engine::listDevices();
    const Result<at::Device> device = engine::chooseDevice(wish, devices);
    if (!device)
        return device.error();
    jobs::Gpu gpu;
    for (const engine::DeviceInfo& info : devices)
        if (info.id == device->str())
            gpu = {.name = info.name,
                   .memoryBytes = static_cast<double>(info.memoryBytes),
                   .isCpu = device->is_cpu()};
    gpu.stepFlops = jobs::rememberedRate(core::libraryPlace().folder, gpu, precision);
    return gpu;
}

Result<ProbeAnswer> probeJob(const jobs::ResolvedJob& job, const ProbeRequest& request)
{
    const Result<jobs::Gpu> gpu = deviceOfEstimate(request.device, job.job.precision);
    if (!gpu)
        return gpu.error();
    const jobs::Estimate estimate = jobs::estimate(job, *gpu);
    const std::string device = gpu->isCpu ? "the CPU" : gpu->name;
    const Result<Measured> measured = measure(job, request.device, estimate.picturesPerSample > 0);
    if (!measured && measured.error().code == ErrorCode::OutOfMemory)
        return tooLarge(measured.error(),
                        jobs::editsThatFit(request.settings, job, request.surroundings, *gpu), device);
    if (!measured)
        return measured.error();

    // The engine counts neither adapters nor what is computed again; the estimator divides both by the rate.
    const jobs::StepFlops& flops = estimate.flops;
    const double more = (flops.total() + flops.recompute) / (flops.total() - flops.adapters);
    const double rate = measured->probe.flopsPerStep * more / measured->probe.secondsPerStep();
    if (const Result<void> kept =
            jobs::rememberRate(core::libraryPlace().folder, *gpu, job.job.precision, rate);
        !kept)
        std::cerr << "note: the rate is not remembered: " << kept.error().message << '\n';
    return inWords(*measured, job, *gpu, device, rate);
}

}  // namespace facet::app
