#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "app/commands/machine_gpus.h"
#include "app/commands/probe.h"
#include "core/models/library.h"
#include "jobs/estimate/device_rate.h"

#include <iostream>

namespace facet::app {
namespace {

struct Options {
    std::string job;
    std::vector<std::string> overrides;
    double memoryGb = 0;
    double teraflops = 0;
    int64_t gpus = 0;
    std::string device;
    bool probe = false;
    bool json = false;
};

/// This machine's GPUs; what the user says instead counts.
MachineGpus gpusOf(const Options& options)
{
    MachineGpus gpus = options.memoryGb > 0 && options.gpus > 0 ? MachineGpus() : gpusOfThisMachine();
    if (options.gpus > 0)
        gpus.count = options.gpus;
    if (options.memoryGb > 0)
        gpus.first = {"", options.memoryGb * 1e9, 0};
    gpus.first.flops = options.teraflops * 1e12;
    return gpus;
}

/// A job file, or the name of a recipe.
core::Result<jobs::Settings> settingsOf(const Options& options)
{
    core::Result<jobs::Settings> settings = jobs::Settings();
    std::error_code ignored;
    if (std::filesystem::exists(options.job, ignored)) {
        settings = jobs::readJobFile(options.job);
    } else {
        const core::Result<jobs::Recipe> recipe =
            jobs::readRecipe(resourcesFolder() / "recipes", options.job);
        if (!recipe)
            return core::Error{core::ErrorCode::NotFound,
                               options.job + " is no job file, and " + recipe.error().message};
        settings = jobs::Settings{{"recipe", recipe->name}};
    }
    for (const std::string& text : options.overrides) {
        if (!settings)
            break;
        if (const core::Result<void> done = jobs::applyOverride(text, *settings); !done)
            return done.error();
    }
    return settings;
}

int estimate(const Options& options)
{
    const core::Result<jobs::Settings> settings = settingsOf(options);
    if (!settings)
        return failed(settings.error());
    MachineGpus gpus = gpusOf(options);
    // What is probed runs on one device.
    const jobs::Surroundings surroundings = {builtInModels(), resourcesFolder() / "recipes",
                                             options.probe ? 1 : gpus.count};
    const core::Result<jobs::ResolvedJob> job = jobs::resolveJob(*settings, surroundings);
    if (!job)
        return failed(job.error().during(options.job));
    if (options.probe || !options.device.empty()) {
        const core::Result<jobs::Gpu> device =
            deviceOfEstimate(options.device.empty() ? "auto" : options.device, job->job.precision);
        if (!device)
            return failed(device.error());
        gpus.first = *device;
    } else if (options.teraflops == 0) {
        gpus.first.stepFlops =
            jobs::rememberedRate(core::libraryPlace().folder, gpus.first, job->job.precision);
    }
    const jobs::Estimate result = jobs::estimate(*job, gpus.first);
    if (!options.json) {
        std::cout << jobs::describe(*job, result, gpus.first);
        std::cout.flush();
    }
    core::Result<ProbeAnswer> answer = ProbeAnswer{true, "", {}};
    if (options.probe)
        answer = probeJob(*job, {*settings, surroundings, options.device.empty() ? "auto" : options.device});
    if (!answer)
        return failed(answer.error());
    if (!options.json) {
        std::cout << answer->text;
        std::cout.flush();
        return answer->fits ? 0 : 1;
    }
    nlohmann::ordered_json json = jobs::toJson(result);
    if (options.probe)
        json["probe"] = answer->json;
    nlohmann::ordered_json trained;
    for (const jobs::ParameterTable::Row& row : job->parameters.rows)
        trained[jobs::nameOf(row.part)] = {{"total", row.total}, {"trained", row.trained}};
    json["parameters"] = trained;
    json["job"] = jobs::toJson(job->job);
    json["notes"] = job->notes;
    printJson(json);
    return answer->fits ? 0 : 1;
}

}  // namespace

void addEstimate(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "estimate",
        "Says what a job trains, what memory it takes by part, and how long it runs. Nothing is run but what "
        "--probe tries.");
    const auto options = std::make_shared<Options>();
    command->add_option("JOB", options->job, "A job file, or a recipe such as 4b-lora")->required();
    command->add_option("OVERRIDE", options->overrides, "Values to change, such as lora.rank=8");
    auto* memory =
        command->add_option("--gpu-memory", options->memoryGb, "GB of a GPU; default: this machine's first")
            ->check(CLI::PositiveNumber);
    auto* rate = command
                     ->add_option("--gpu-tflops", options->teraflops,
                                  "Measured rate of its bf16 matrix product in TFLOP/s, for the time; "
                                  "default: what the last probe on it measured")
                     ->check(CLI::PositiveNumber);
    auto* count = command->add_option("--gpus", options->gpus, "GPUs of a machine; default: this one's")
                      ->check(CLI::PositiveNumber);
    command->add_option("--device", options->device, "One of this machine's instead: auto, cpu, cuda, cuda:1")
        ->excludes(memory, rate, count);
    command
        ->add_flag("--probe", options->probe,
                   "Run two steps of the job on --device, of which nothing is kept, and tell the memory and "
                   "time that they took; Ctrl+C ends it")
        ->excludes(memory, rate, count);
    command->add_flag("--json", options->json, "One line of JSON, with the resolved job");
    command->footer(
        "A probe's first step has the longest samples that the job allows, for its memory; the second has "
        "rows "
        "of the job (made-up ones, if there are none), for its time. What the device came to is remembered "
        "in "
        "FACET_HOME/cache/device-rates.json: later estimates tell times by it.\n"
        "Exit codes: 0 done, 1 failed or it does not fit, 2 wrong usage.\n");
    command->callback([options, &status] { status = estimate(*options); });
}

}  // namespace facet::app
