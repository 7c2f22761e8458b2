#include "engine/train/fine_tune.h"

#include "core/base/memory.h"
#include "engine/device.h"
#include "engine/guard.h"
#include "engine/nvml.h"
#include "engine/train/checkpoint.h"
#include "engine/train/flops.h"
#include "engine/train/schedule.h"
#include "engine/train/stopwatch.h"

#include <ATen/core/grad_mode.h>

#include <unistd.h>

#include <algorithm>
#include <future>
#include <memory>
#include <set>
#include <utility>
#include <vector>

// Read it from the end: fineTune() is a whole run in calling order, the details are above it.

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

AdamWSettings adamwSettings(const jobs::Job& job)
{
    const jobs::Optimizer& optimizer = job.optimizer;
    return {.beta1 = optimizer.beta1,
            .beta2 = optimizer.beta2,
            .eps = optimizer.eps,
            .weightDecay = optimizer.weightDecay,
            .moments = optimizer.kind == jobs::OptimizerKind::AdamW8bit   ? MomentFormat::Int8
                       : optimizer.kind == jobs::OptimizerKind::AdamWBf16 ? MomentFormat::BFloat16
                                                                          : MomentFormat::Float32,
            .hasMasters = job.precision != jobs::Precision::Bf16};
}

class Run {
public:
    Run(const FineTuneSettings& settings, TrainedModel& model, SampleStream& data,
        const core::RunFolder& folder, RunRecorder& recorder)
        : m_settings(settings),
          m_job(settings.job),
          m_model(model),
          m_data(data),
          m_folder(folder),
          m_recorder(recorder),
          m_optimizer(model.trained(), adamwSettings(m_job)),
          m_flops(flopsOf(model)),
          m_watch(settings.trouble, {}),
          m_gpu(watchOf(model.model().weights.device()))
    {
        m_state.data = data.fingerprint();
        m_state.validationData = data.validationFingerprint();
        m_state.model = settings.modelFingerprint;
    }

    int64_t step() const { return m_state.step; }
    bool isFinished() const { return m_state.step >= m_settings.numSteps; }

    Result<void> resume();
    Result<void> trainOneStep();
    Result<bool> validate();  // whether this is one of the best so far
    Result<void> save(const char* why);
    Result<void> saveIfDue(const Requests& requests, bool isBest);
    bool isDue(int64_t everySteps) const { return everySteps > 0 && m_state.step % everySteps == 0; }
    bool hasStalled() const;
    const core::MetricEvent& lastMetric() const { return m_lastMetric; }

private:
    static TrainingFlops flopsOf(const TrainedModel& model);
    double backward(const std::vector<Pack>& packs, Stopwatch& watch, core::MetricEvent& metric);
    Result<std::vector<Pack>> nextPacks();
    void report(core::MetricEvent metric, const Stopwatch& watch);
    void recordGpu();
    void endPart() const;

    const FineTuneSettings& m_settings;
    const jobs::Job& m_job;
    TrainedModel& m_model;
    SampleStream& m_data;
    const core::RunFolder& m_folder;
    RunRecorder& m_recorder;
    AdamW m_optimizer;
    TrainingFlops m_flops;
    TroubleWatch m_watch;
    TrainerState m_state;
    core::MetricEvent m_lastMetric;
    std::future<Result<std::vector<Pack>>> m_prefetched;
    int64_t m_numEmpty = 0;  // steps in a row, of which all rows were left out
    std::unique_ptr<GpuWatch> m_gpu;
    double m_lastGpu = 0;
    double m_lastSave = RunRecorder::now();
    double m_secondsPerStep = 0;
    double m_flopsOfStep = 0;
};

TrainingFlops Run::flopsOf(const TrainedModel& model)
{
    std::set<std::string> trained, adapted;
    for (const TrainedTensor& tensor : model.trained())
        trained.insert(tensor.name);
    for (const auto& layer : model.adapters())
        adapted.insert(layer->settings.module);
    return {model.model().config, trained, adapted};
}

Result<void> Run::resume()
{
    const std::vector<int64_t> steps = m_folder.savedSteps();
    if (steps.empty()) {
        // An attempt may have ended before its first checkpoint: what it told does not count.
        const Result<std::vector<core::RunEvent>> told = core::EventReader(m_folder.events()).poll();
        if (told && std::ranges::any_of(*told, [](const auto& event) { return core::stepOf(event) > 0; }))
            m_recorder.record(core::ResumeEvent{0});
        return {};
    }
    const TrainerState fresh = m_state;
    const std::filesystem::path checkpoint = m_folder.checkpoint(steps.back());
    Result<TrainerState> state = loadCheckpoint(checkpoint, m_optimizer);
    if (!state)
        return state.error();
    // Validation that a job gains or loses mixes no losses of one kind with those of another.
    const bool isValidationOther = !state->validationData.empty() && !fresh.validationData.empty() &&
                                   state->validationData != fresh.validationData;
    for (const auto& [isOther, what] :
         {std::pair(state->data != fresh.data, "trained with other data"),
          std::pair(isValidationOther, "validated on other rows (data.validation)"),
          std::pair(state->model != fresh.model, "trained with another base model")})
        if (isOther && !m_settings.acceptChanges)
            return Error{ErrorCode::InvalidInput,
                         checkpoint.string() + " was " + what +
                             ": give the run a new name, or --accept-changes to go on all the same"};
    m_state = *state;
    m_state.data = fresh.data;
    m_state.validationData = fresh.validationData;
    if (isValidationOther)
        m_state.validation.clear();  // not to be compared
    m_state.model = fresh.model;
    m_watch = TroubleWatch(m_settings.trouble, m_state.recentLosses);
    m_recorder.record(core::ResumeEvent{m_state.step});
    return {};
}

/// The packs of the next step; those of the one after it are prepared meanwhile.
Result<std::vector<Pack>> Run::nextPacks()
{
    const int64_t count = m_job.globalBatch;
    const auto read = [this, count](int64_t first) { return m_data.packs(first, count); };
    Result<std::vector<Pack>> packs = m_prefetched.valid() ? m_prefetched.get() : read(m_state.packs);
    if (packs)
        m_prefetched = std::async(std::launch::async, read, m_state.packs + count);
    return packs;
}

/// Leaves the gradient of the mean loss over all targets of the step in the optimizer.
double Run::backward(const std::vector<Pack>& packs, Stopwatch& watch, core::MetricEvent& metric)
{
    for (const Pack& pack : packs)
        for (const TrainingSample& sample : pack)
            metric.targets += sample.numTargets();
    at::Tensor sum = at::zeros({}, at::dtype(at::kDouble).device(m_model.model().weights.device()));
    m_flopsOfStep = 0;
    const auto micro = static_cast<size_t>(m_job.microBatch);
    for (size_t first = 0; first < packs.size(); first += micro) {
        std::vector<TrainingSample> samples;
        for (size_t index = first; index < std::min(first + micro, packs.size()); ++index)
            samples.insert(samples.end(), packs[index].begin(), packs[index].end());
        if (samples.empty())
            continue;  // rows that were left out
        const PackedBatch batch =
            packed(samples, m_model.model().config.imageTokenId, m_model.model().weights.device());
        m_flopsOfStep += m_flops.ofBatch(batch);
        m_state.tokens += batch.numTokens();
        watch.start(&core::MetricEvent::forwardSeconds);
        const at::Tensor loss = m_model.sumOfLosses(batch);
        endPart();
        watch.start(&core::MetricEvent::backwardSeconds);
        if (batch.numTargets > 0) {
            (loss / metric.targets).backward();
            m_optimizer.accumulate();
        }
        sum += loss.detach().to(sum.options());
    }
    return metric.targets == 0 ? 0 : sum.item<double>() / double(metric.targets);
}

Result<void> Run::trainOneStep()
{
    Stopwatch watch(&core::MetricEvent::dataSeconds);
    const Result<std::vector<Pack>> packs = nextPacks();
    if (!packs)
        return packs.error().during("step " + std::to_string(m_state.step + 1));

    core::MetricEvent metric;
    const int64_t tokensBefore = m_state.tokens;
    metric.step = m_state.step + 1;
    metric.loss = backward(*packs, watch, metric);
    m_numEmpty = metric.targets > 0 ? 0 : m_numEmpty + 1;
    if (m_numEmpty * m_job.globalBatch >= m_data.packsPerRound())
        return Error{ErrorCode::InvalidInput, "no row has anything to learn in its first " +
                                                  std::to_string(m_job.sequenceLength) +
                                                  " tokens: raise sequence_length, or look at the data"};

    watch.start(&core::MetricEvent::optimizerSeconds);
    metric.gradNorm = m_optimizer.gradientNorm();
    metric.lr = learningRate(m_job.schedule, m_job.optimizer.lr, m_state.step, m_settings.numSteps);
    const std::optional<Trouble> trouble = m_watch.judge(metric.loss, metric.gradNorm);
    if (trouble)
        m_recorder.warn(metric.step, trouble->what);
    if (trouble && trouble->answer == Answer::Stop)
        return Error{ErrorCode::InvalidInput, "step " + std::to_string(metric.step) + ": " + trouble->what};
    if (trouble && trouble->answer == Answer::Skip) {
        m_optimizer.dropGradients();
    } else {
        m_optimizer.clip(metric.gradNorm, m_job.optimizer.clipGradNorm);
        m_optimizer.step(metric.lr);
    }
    endPart();
    watch.stop();

    m_state.step += 1;
    m_state.packs += m_job.globalBatch;
    m_state.recentLosses = m_watch.recentLosses();
    metric.tokens = m_state.tokens;
    metric.tokensPerSecond = double(m_state.tokens - tokensBefore) / watch.seconds();
    report(metric, watch);
    return {};
}

void Run::report(core::MetricEvent metric, const Stopwatch& watch)
{
    watch.fill(metric);
    // The first steps are slow: kernels are loaded, memory is found.
    m_secondsPerStep =
        m_secondsPerStep == 0 ? watch.seconds() : 0.9 * m_secondsPerStep + 0.1 * watch.seconds();
    metric.secondsLeft = m_secondsPerStep * double(m_settings.numSteps - metric.step);
    metric.tflops = m_flopsOfStep / watch.seconds() / 1e12;
    metric.mfu = m_settings.peakFlops > 0 ? metric.tflops * 1e12 / m_settings.peakFlops : 0;
    metric.memoryBytes = peakMemory(m_model.model().weights.device());
    m_recorder.beat(metric.step, m_settings.numSteps);
    recordGpu();
    if (metric.step % m_job.logEverySteps == 0 || isFinished())
        m_recorder.record(metric);
    m_lastMetric = metric;
}

/// A GPU is given work long before it does it.
void Run::endPart() const
{
    if (m_settings.splitsTime)
        at::zeros({}, at::dtype(at::kFloat).device(m_model.model().weights.device())).item<float>();
}

void Run::recordGpu()
{
    constexpr double kSeconds = 2;
    if (!m_gpu || RunRecorder::now() - m_lastGpu < kSeconds)
        return;
    m_lastGpu = RunRecorder::now();
    const GpuLoad load = m_gpu->now();
    const at::Device device = m_model.model().weights.device();
    m_recorder.record(core::GpuEvent{device.has_index() ? device.index() : 0, load.utilization,
                                     load.memoryBytes, load.watts, load.celsius});
}

Result<bool> Run::validate()
{
    int64_t count = m_data.numValidationPacks();
    if (m_job.validationBatches > 0)
        count = std::min(count, m_job.validationBatches * m_job.globalBatch);
    const at::NoGradGuard noGradients;
    core::ValidationEvent event = {m_state.step, 0, 0};
    for (int64_t first = 0; first < count; first += m_job.microBatch) {
        const Result<std::vector<Pack>> packs =
            m_data.validation(first, std::min(m_job.microBatch, count - first));
        if (!packs)
            return packs.error().during("validating");
        std::vector<TrainingSample> samples;
        for (const Pack& pack : *packs)
            samples.insert(samples.end(), pack.begin(), pack.end());
        if (samples.empty())
            continue;  // rows that were left out
        const PackedBatch batch =
            packed(samples, m_model.model().config.imageTokenId, m_model.model().weights.device());
        event.loss += m_model.sumOfLosses(batch).item<double>();
        event.targets += batch.numTargets;
    }
    if (event.targets == 0) {
        if (count > 0)
            m_recorder.warn(m_state.step, "nothing was validated: all rows were left out");
        return false;
    }
    event.loss /= double(event.targets);
    m_recorder.record(event);
    m_state.validation[m_state.step] = event.loss;

    int64_t numBetter = 0;
    for (const auto& [step, loss] : m_state.validation)
        numBetter += loss < event.loss;
    return numBetter < m_job.keepBest;
}

/// Whether validation has not become better for as long as the job allows.
bool Run::hasStalled() const
{
    if (m_job.earlyStoppingPatience == 0 || m_state.validation.empty())
        return false;
    double best = std::numeric_limits<double>::infinity();
    int64_t since = 0;
    for (const auto& [step, loss] : m_state.validation) {
        since = loss < best - m_job.earlyStoppingMinDelta ? 0 : since + 1;
        best = std::min(best, loss);
    }
    return since >= m_job.earlyStoppingPatience;
}

Result<void> Run::save(const char* why)
{
    m_lastSave = RunRecorder::now();
    const std::filesystem::path place = m_folder.checkpoint(m_state.step);
    if (Result<void> done = saveCheckpoint(m_folder, m_state, m_model, m_optimizer, m_settings.base); !done)
        return done;
    m_recorder.record(core::CheckpointEvent{m_state.step, ("checkpoints" / place.filename()).string(), why});
    return pruneCheckpoints(m_folder, m_state.validation, m_job.keepBest, m_job.keepLast);
}

Result<void> Run::saveIfDue(const Requests& requests, bool isBest)
{
    const double minutes = (RunRecorder::now() - m_lastSave) / 60;
    const char* why = requests.takeSave()                                               ? "signal"
                      : isBest                                                          ? "best"
                      : isDue(m_job.saveEverySteps)                                     ? "steps"
                      : m_job.saveEveryMinutes > 0 && minutes >= m_job.saveEveryMinutes ? "time"
                                                                                        : nullptr;
    if (!why)
        return {};
    // A full disk costs this checkpoint, not the run.
    if (const Result<void> saved = save(why); !saved)
        m_recorder.warn(m_state.step, "the checkpoint was not written: " + saved.error().message);
    return {};
}

/// What would need less memory, in the order in which it costs least.
std::string whatWouldFit(const jobs::Job& job)
{
    std::vector<std::string> ideas;
    if (job.microBatch > 1)
        ideas.push_back("batch.micro=" + std::to_string(job.microBatch / 2) +
                        " (the same result, in more parts)");
    if (job.checkpointing != jobs::Checkpointing::Full)
        ideas.push_back("activation_checkpointing=full (a quarter slower)");
    if (job.method == jobs::Method::Full)
        ideas.push_back("method=lora (no optimizer state for the base model)");
    ideas.push_back("sequence_length=" + std::to_string(std::max<int64_t>(8, job.sequenceLength / 2)));
    std::string text;
    for (const std::string& idea : ideas)
        text += (text.empty() ? "" : ", or ") + idea;
    return text;
}

Result<void> inWords(const Result<void>& result, const jobs::Job& job, int64_t step)
{
    if (result || result.error().code != ErrorCode::OutOfMemory)
        return result;
    return Error{ErrorCode::OutOfMemory, "out of memory in step " + std::to_string(step + 1) +
                                             " with batch.micro " + std::to_string(job.microBatch) +
                                             " and sequence_length " + std::to_string(job.sequenceLength) +
                                             "; this needs less: " + whatWouldFit(job)};
}

/// The adapters drop nothing while this lives: what is asked meanwhile is answered as it will be later. The
/// rows of the last step's dropout are not those of a prompt.
class WithoutDropout {
public:
    explicit WithoutDropout(const TrainedModel& model) : m_adapters(model.adapters())
    {
        for (const std::shared_ptr<LoraLayer>& adapter : m_adapters)
            m_rowSeeds.push_back(std::exchange(adapter->rowSeeds, nullptr));
    }
    ~WithoutDropout()
    {
        for (size_t i = 0; i < m_adapters.size(); ++i)
            m_adapters[i]->rowSeeds = m_rowSeeds[i];
    }
    WithoutDropout(const WithoutDropout&) = delete;
    WithoutDropout& operator=(const WithoutDropout&) = delete;

private:
    std::vector<std::shared_ptr<LoraLayer>> m_adapters;
    std::vector<std::shared_ptr<const RowSeeds>> m_rowSeeds;
};

}  // namespace

Result<Outcome> fineTune(const FineTuneSettings& settings, TrainedModel& model, SampleStream& data,
                         const core::RunFolder& folder, RunRecorder& recorder, const Requests& requests,
                         const WriteSamples& writeSamples)
{
    const jobs::Job& job = settings.job;
    Result<Run> made = guarded([&] { return Run(settings, model, data, folder, recorder); });
    if (!made)
        return made.error();
    Run& run = *made;
    if (const Result<void> resumed = run.resume(); !resumed)
        return resumed.error();
    recorder.setState(core::RunState::Running);

    while (!run.isFinished() && !requests.isStopping()) {
        const Result<Result<void>> trained = guarded([&] { return run.trainOneStep(); });
        if (const Result<void> done = inWords(trained ? *trained : trained.error(), job, run.step()); !done)
            return done.error();

        bool isBest = false;
        if (run.isDue(job.validateEverySteps)) {
            const Result<Result<bool>> validated = guarded([&] { return run.validate(); });
            if (!validated || !*validated)
                return validated ? validated->error() : validated.error();
            isBest = **validated;
        }
        if (writeSamples && run.isDue(job.sampleEverySteps)) {
            const WithoutDropout asItAnswers(model);
            if (const Result<void> written = writeSamples(run.step(), recorder); !written)
                recorder.warn(run.step(), "the samples were not written: " + written.error().message);
        }
        if (!run.isFinished())
            if (const Result<void> saved = run.saveIfDue(requests, isBest); !saved)
                return saved.error();
        if (run.hasStalled()) {
            recorder.warn(run.step(), "validation has not become better: the run ends early");
            break;
        }
    }

    const bool isStopped = !run.isFinished() && requests.isStopping();
    recorder.setState(core::RunState::Saving);
    if (const Result<void> saved = run.save(isStopped ? "signal" : "end"); !saved)
        return saved.error();
    return isStopped ? Outcome::Stopped : Outcome::Done;
}

Result<core::MetricEvent> tryStep(const FineTuneSettings& settings, TrainedModel& model, SampleStream& data)
{
    // What it would tell goes nowhere: the folder is gone before anything is in it.
    std::error_code failure;
    const core::RunFolder folder = {std::filesystem::temp_directory_path(failure) /
                                    ("facet-step-" + std::to_string(::getpid()))};
    if (const Result<void> made = folder.create(); !made)
        return made.error();
    Result<RunRecorder> recorder =
        RunRecorder::open(folder, /*tensorBoard=*/false, [](const std::string&) {});
    std::filesystem::remove_all(folder.path, failure);
    if (!recorder)
        return recorder.error();
    const Result<Result<core::MetricEvent>> metric = guarded([&]() -> Result<core::MetricEvent> {
        Run run(settings, model, data, folder, *recorder);
        if (const Result<void> done = run.trainOneStep(); !done)
            return done.error();
        return run.lastMetric();
    });
    const Result<void> done = !metric    ? Result<void>(metric.error())
                              : !*metric ? Result<void>(metric->error())
                                         : Result<void>();
    if (const Result<void> told = inWords(done, settings.job, 0); !told)
        return told.error();
    return **metric;
}

}  // namespace facet::engine
