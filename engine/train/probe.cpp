#include "engine/train/probe.h"

#include <algorithm>

namespace facet::engine {

using core::Result;

Result<Probe> probe(FineTuneSettings settings, TrainedModel& model, SampleStream& longest, SampleStream& rows,
                    const OnProbeStep& onStep)
{
    jobs::Job& job = settings.job;
    const int64_t passesOfJob = std::max<int64_t>(1, job.globalBatch / job.microBatch);
    Probe result;
    result.numPasses = std::min<int64_t>(2, passesOfJob);
    job.globalBatch = result.numPasses * job.microBatch;
    settings.splitsTime = true;

    core::MetricEvent timed;
    for (SampleStream* data : {&longest, &rows}) {
        onStep(data == &longest ? 1 : 2);
        const Result<core::MetricEvent> step = tryStep(settings, model, *data);
        if (!step)
            return step.error();
        timed = *step;
    }
    const double times = double(passesOfJob) / double(result.numPasses);
    const double seconds =
        timed.dataSeconds + timed.forwardSeconds + timed.backwardSeconds + timed.optimizerSeconds;
    result.memoryBytes = timed.memoryBytes;
    result.dataSeconds = times * timed.dataSeconds;
    result.forwardSeconds = times * timed.forwardSeconds;
    result.backwardSeconds = times * timed.backwardSeconds;
    result.optimizerSeconds = timed.optimizerSeconds;
    result.tokensPerStep = times * timed.tokensPerSecond * seconds;
    result.flopsPerStep = times * timed.tflops * 1e12 * seconds;
    return result;
}

}  // namespace facet::engine
