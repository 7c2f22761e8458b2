// facet-engine train: a job file becomes a run.

#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "app/commands/machine_gpus.h"
#include "app/commands/probe.h"
#include "core/base/file.h"
#include "core/models/library.h"
#include "core/models/model_folder.h"
#include "engine/data/job_data.h"
#include "engine/device.h"
#include "engine/generate/loaded_model.h"
#include "engine/train/checkpoint.h"
#include "engine/train/deterministic.h"
#include "engine/train/fine_tune.h"
#include "engine/train/flops.h"
#include "engine/train/pretrain.h"
#include "engine/train/write_samples.h"
#include "jobs/estimate/device_rate.h"
#include "jobs/job/job_json.h"
#include "jobs/job_rows.h"
#include "jobs/resolved_job.h"
#include "jobs/supported.h"

#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace facet::app {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr int kStoppedEarly = 75;  // EX_TEMPFAIL of sysexits.h: schedulers start such a job again

volatile std::sig_atomic_t s_stop = 0, s_save = 0;

struct Options {
    std::string job;
    std::vector<std::string> overrides;
    std::string device = "auto";
    std::string newName;
    bool resume = false;
    bool acceptChanges = false;
    bool dryRun = false;
    bool probe = false;
    engine::Answer onNonFinite = engine::Answer::Skip;
    engine::Answer onSpike = engine::Answer::GoOn;
};

/// Speaks on stderr and into the run's log.
class Say {
public:
    explicit Say(const std::filesystem::path& log) : m_log(log, std::ios::app) {}
    void operator()(const std::string& text)
    {
        std::cerr << text << '\n';
        intoLog(text);
    }
    void intoLog(const std::string& text)
    {
        m_log << text << std::endl;
        m_log.clear();  // a full disk now may have room later
    }

private:
    std::ofstream m_log;
};

/// A job file, or a run's folder, which means to go on with it.
Result<jobs::Settings> settingsOf(Options& options)
{
    std::filesystem::path file = options.job;
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) {
        file /= "job.json";
        options.resume = true;
    }
    Result<jobs::Settings> settings = jobs::readJobFile(file);
    if (!settings)
        return settings;
    if (file != options.job)  // wherever it was when the job was written
        (*settings)["dir"] = std::filesystem::absolute(options.job, ignored).lexically_normal().string();
    for (const std::string& text : options.overrides)
        if (const Result<void> done = jobs::applyOverride(text, *settings); !done)
            return done.error();
    if (!options.newName.empty()) {
        (*settings)["name"] = options.newName;
        settings->erase("dir");
    }
    return settings;
}

int64_t numStepsOf(const jobs::Job& job, int64_t packsPerRound)
{
    if (job.steps > 0)
        return job.steps;
    return static_cast<int64_t>(std::ceil(job.epochs * double(packsPerRound) / double(job.globalBatch)));
}

/// How many rows train and validate, as far as they are on this machine.
Result<void> describeRows(const jobs::Job& job)
{
    const Result<std::vector<jobs::RowCounts>> counts = jobs::countRows(job.data);
    if (!counts && counts.error().code == ErrorCode::InvalidInput)
        return counts.error();
    if (!counts) {
        std::cout << "\nnote: the rows are not counted: " << counts.error().message << std::endl;
        return {};
    }
    std::cout << "\n" << jobs::describe(*counts);
    int64_t numRows = 0;
    for (const jobs::RowCounts& each : *counts)
        numRows += each.trained;
    if (job.steps == 0 && !job.packing)
        std::cout << job.epochs << " epochs are " << numStepsOf(job, numRows) << " steps\n";
    std::cout.flush();
    return {};
}

engine::TrainedSelection selectionOf(const jobs::ResolvedJob& resolved)
{
    engine::TrainedSelection selection;
    for (const std::string& name : jobs::trainedTensors(resolved.config, resolved.freeze))
        selection.tensors.insert(name);
    for (const jobs::Adapter& adapter : resolved.adapters) {
        constexpr std::string_view kWeight = ".weight";
        const std::string& tensor = adapter.module.tensor;
        selection.lora.push_back({.module = tensor.substr(0, tensor.size() - kWeight.size()),
                                  .rank = adapter.rank,
                                  .alpha = adapter.alpha,
                                  .rsLora = resolved.job.lora.rsLora,
                                  .dora = resolved.job.method == jobs::Method::Dora,
                                  .dropout = resolved.job.lora.dropout});
    }
    return selection;
}

struct Device {
    at::Device device = at::kCPU;
    double peakFlops = 0;
};

Result<Device> deviceOf(const std::string& wish)
{
    const std::vector<engine::DeviceInfo> devices = engine::listDevices();
    const Result<at::Device> device = engine::chooseDevice(wish, devices);
    if (!device)
        return device.error();
    Device chosen = {*device, 0};
    for (const engine::DeviceInfo& info : devices)
        if (info.id == device->str())
            chosen.peakFlops = engine::peakFlops(info.name);
    return chosen;
}

/// The base model, with the trained tensors in it shared with the trained model.
struct Parts {
    engine::LoadedModel loaded;
    engine::TrainedModel trained;
    std::filesystem::path base;  ///< whose files go into checkpoints
    std::string fingerprint;
};

Result<std::string> fingerprintOf(const jobs::ResolvedJob& resolved)
{
    const Result<core::ModelFolder> folder =
        core::ModelFolder::open(resolved.modelPath, resolved.job.modelTextOnly);
    if (!folder)
        return folder.error();
    return engine::fingerprintOf(*folder);
}

Result<Parts> load(const jobs::ResolvedJob& resolved, const core::RunFolder& folder, const Device& device)
{
    const jobs::Job& job = resolved.job;
    engine::LoadSettings settings;
    settings.device = device.device;
    settings.type =
        device.device.is_cpu() || job.precision == jobs::Precision::Fp32 ? at::kFloat : at::kBFloat16;
    const engine::TrainedSelection selection = selectionOf(resolved);
    settings.inFull = selection.tensors;
    if (job.method == jobs::Method::Qlora)
        settings.weights = core::gemma3::WeightFormat::NormalFloat4;
    settings.context = job.sequenceLength;
    const bool isNew = job.method == jobs::Method::Pretrain;
    const engine::PretrainStart start = {
        resolved.config,          resolved.initializerRange,       resolved.tokenizerPath,
        resolved.visionTowerPath, static_cast<uint64_t>(job.seed), folder.path / "base"};
    Result<engine::LoadedModel> loaded =
        isNew ? engine::newModel(start, settings)
              : engine::openModel(resolved.modelPath, job.modelTextOnly, settings);
    if (!loaded)
        return loaded.error().during(isNew ? "making the model" : "loading " + job.modelBase);
    Result<engine::TrainedModel> trained =
        engine::TrainedModel::make(loaded->model, selection, static_cast<uint64_t>(job.seed));
    if (!trained)
        return trained.error();
    if (!job.lora.initAdapter.empty()) {
        const Result<engine::PeftAdapter> adapter = engine::readPeftFolder(job.lora.initAdapter);
        if (!adapter)
            return adapter.error();
        if (const Result<void> started = trained->startFrom(*adapter); !started)
            return started.error();
    }
    trained->setRecomputing(job.checkpointing == jobs::Checkpointing::Full);
    const engine::gemma3::Operations operations = loaded->model.weights.operations;
    loaded->model = trained->model();
    loaded->model.weights.operations = operations;  // answers need no gradients
    const Result<std::string> fingerprint = isNew ? engine::fingerprintOf(start) : fingerprintOf(resolved);
    if (!fingerprint)
        return fingerprint.error();
    return Parts{*std::move(loaded), *std::move(trained), isNew ? folder.path / "base" : resolved.modelPath,
                 *fingerprint};
}

/// Everything after the run's folder is ours; what it returns ends up in status.json.
Result<engine::Outcome> run(const Options& options, const jobs::ResolvedJob& resolved,
                            const core::RunFolder& folder, engine::RunRecorder& recorder,
                            const std::shared_ptr<Say>& say)
{
    const Result<Device> device = deviceOf(options.device);
    if (!device)
        return device.error();
    if (device->device.is_cpu() && resolved.job.precision != jobs::Precision::Fp32)
        (*say)("note: a CPU computes in float32, whatever precision says");
    if (resolved.job.deterministic)
        (*say)(engine::computeDeterministically(device->device));
    Result<Parts> parts = load(resolved, folder, *device);
    if (!parts)
        return parts.error();

    const engine::SampleReader reader = {parts->loaded.tokenizer ? &*parts->loaded.tokenizer : nullptr,
                                         &parts->loaded.chatTemplate, parts->loaded.model.config,
                                         parts->loaded.preprocessing.imageSize};
    Result<std::unique_ptr<engine::JobData>> data = engine::JobData::open(
        resolved.job, reader, [say](const std::string& text) { (*say)(text); },
        [](int64_t done, int64_t all) {
            showPercent("reading rows", done, all);
            return s_stop == 0;
        });
    if (!data && data.error().code == ErrorCode::Cancelled)
        return engine::Outcome::Stopped;  // before there was anything to save
    if (!data)
        return data.error();

    engine::FineTuneSettings settings;
    settings.job = resolved.job;
    settings.numSteps = numStepsOf(resolved.job, (*data)->packsPerRound());
    settings.trouble.nonFinite = options.onNonFinite;
    settings.trouble.spike = options.onSpike;
    settings.base = parts->base;
    settings.modelFingerprint = parts->fingerprint;
    settings.peakFlops = device->peakFlops;
    settings.acceptChanges = options.acceptChanges;
    (*say)("training " + inThousands(double(parts->trained.numTrained())) + " parameters of " +
           resolved.job.modelBase + " for " + std::to_string(settings.numSteps) + " steps on " +
           device->device.str());
    if (const int64_t numRows = (*data)->numValidationPacks();
        numRows > 0 && resolved.job.validateEverySteps > 0)
        (*say)("validating on " + std::to_string(numRows) + " rows that are not trained on, every " +
               std::to_string(resolved.job.validateEverySteps) + " steps");
    engine::Requests requests;
    requests.takeSave = [] {
        const bool isWanted = s_save != 0;
        s_save = 0;
        return isWanted;
    };
    requests.isStopping = [] { return s_stop != 0; };
    return engine::fineTune(settings, parts->trained, **data, folder, recorder, requests,
                            engine::samplesOf(settings.job, parts->loaded));
}

int train(Options options)
{
    const Result<jobs::Settings> settings = settingsOf(options);
    if (!settings)
        return failed(settings.error());
    const Result<jobs::ResolvedJob> resolved =
        jobs::resolveJob(*settings, {builtInModels(), resourcesFolder() / "recipes", 1});
    if (!resolved)
        return failed(resolved.error());
    if (options.probe) {
        const Result<ProbeAnswer> answer = probeJob(
            *resolved, {*settings, {builtInModels(), resourcesFolder() / "recipes", 1}, options.device});
        if (!answer)
            return failed(answer.error());
        std::cout << answer->text;
        std::cout.flush();
        return answer->fits ? 0 : 1;
    }
    if (options.dryRun) {
        jobs::Gpu gpu = gpusOfThisMachine().first;
        gpu.stepFlops = jobs::rememberedRate(core::libraryPlace().folder, gpu, resolved->job.precision);
        std::cout << jobs::toJson(resolved->job).dump(2) << "\n\n"
                  << jobs::describe(*resolved, jobs::estimate(*resolved, gpu), gpu);
        std::cout.flush();
        if (const Result<void> described = describeRows(resolved->job); !described)
            return failed(described.error());
        const Result<void> supported = jobs::checkSupported(*resolved);
        return supported ? 0 : failed(supported.error());
    }
    for (const std::string& note : resolved->notes)
        std::cerr << "note: " << note << '\n';
    for (const Result<void>& checked :
         {jobs::checkSupported(*resolved), jobs::checkFilesAreHere(resolved->job)})
        if (!checked)
            return failed(checked.error());

    const core::RunFolder folder = {resolved->job.dir};
    const char* restarts = std::getenv("SLURM_RESTART_COUNT");
    const bool isRequeued = restarts && std::string_view(restarts) != "0";
    if (folder.exists() && !options.resume && !isRequeued)
        return failed({ErrorCode::InvalidInput, "there is a run in " + folder.path.string() +
                                                    " already: go on with it by --resume, or give this one a "
                                                    "--new-name"});
    if (const Result<void> made = folder.create(); !made)
        return failed(made.error());
    const Result<core::FileLock> lock = folder.lock();
    if (!lock)
        return failed(lock.error());
    const std::string text = jobs::toJson(resolved->job).dump(2) + "\n";
    if (const Result<void> written = core::writeFileAtomically(folder.job(), text); !written)
        return failed(written.error());

    std::signal(SIGTERM, [](int) { s_stop = 1; });
    std::signal(SIGINT, [](int) { s_stop = 1; });
    std::signal(SIGUSR1, [](int) { s_save = 1; });
    const auto say = std::make_shared<Say>(folder.log());
    Result<engine::RunRecorder> recorder = engine::RunRecorder::open(
        folder, resolved->job.tensorboard, [say](const std::string& line) { (*say)(line); });
    if (!recorder)
        return failed(recorder.error());
    recorder->setState(core::RunState::Starting);
    const Result<engine::Outcome> outcome = run(options, *resolved, folder, *recorder, say);
    if (!outcome) {
        recorder->setState(core::RunState::Failed, outcome.error().message);
        say->intoLog("failed: " + outcome.error().message);
        return failed(outcome.error());
    }
    const bool isDone = *outcome == engine::Outcome::Done;
    recorder->setState(isDone ? core::RunState::Done : core::RunState::Stopped);
    std::cerr << (isDone ? "done: " : "saved and stopped: ") << folder.path.string() << '\n';
    return isDone ? 0 : kStoppedEarly;
}

}  // namespace

Result<JobParts> loadForTraining(const jobs::ResolvedJob& job, const std::string& device)
{
    if (const Result<void> supported = jobs::checkSupported(job); !supported)
        return supported.error();
    const Result<Device> chosen = deviceOf(device);
    if (!chosen)
        return chosen.error();
    // A new model's base is written to be saved beside checkpoints, of which there are none here.
    std::error_code ignored;
    const std::filesystem::path scratch =
        std::filesystem::temp_directory_path(ignored) / ("facet-probe-" + std::to_string(::getpid()));
    Result<Parts> parts = load(job, core::RunFolder{scratch}, *chosen);
    std::filesystem::remove_all(scratch, ignored);
    if (!parts)
        return parts.error();
    return JobParts{std::move(parts->loaded), std::move(parts->trained), chosen->device};
}

void addTrain(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "train", "Runs a job file: fine-tunes a model and keeps all of it in the run's folder.");
    const auto options = std::make_shared<Options>();
    const std::map<std::string, engine::Answer> answers = {
        {"stop", engine::Answer::Stop}, {"skip", engine::Answer::Skip}, {"go-on", engine::Answer::GoOn}};
    command->add_option("JOB", options->job, "A job file, or a run's folder to go on with it")->required();
    command->add_option("OVERRIDE", options->overrides, "Values to change, such as lora.rank=8");
    command->add_option("--device", options->device, "auto, cpu, cuda, cuda:1")->capture_default_str();
    command->add_flag("--dry-run", options->dryRun,
                      "Only print the job with everything decided, what it trains and what it needs");
    command->add_flag("--probe", options->probe,
                      "Only run two steps, of which nothing is kept, and tell their memory and time");
    command->add_flag("--resume", options->resume, "Go on from the newest checkpoint of this run");
    command->add_option("--new-name", options->newName, "Run the job under another name");
    command->add_flag("--accept-changes", options->acceptChanges,
                      "Resume although the data, what is validated on or the base model are others");
    command
        ->add_option("--on-nonfinite", options->onNonFinite,
                     "A loss or gradient that is no number: stop, skip the step (default), or go-on")
        ->transform(CLI::CheckedTransformer(answers));
    command
        ->add_option("--on-spike", options->onSpike,
                     "A loss far above the recent ones: stop, skip the step, or go-on (default)")
        ->transform(CLI::CheckedTransformer(answers));
    command->footer(
        "Signals: USR1 saves a checkpoint now, TERM and INT save and stop.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 75 saved and stopped early.\n");
    command->callback([options, &status] { status = train(*options); });
}

}  // namespace facet::app
