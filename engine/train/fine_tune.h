#pragma once

// The training loop.

#include "core/run/run_folder.h"
#include "engine/train/adamw.h"
#include "engine/train/run_recorder.h"
#include "engine/train/sample_stream.h"
#include "engine/train/trained_model.h"
#include "engine/train/trouble.h"
#include "jobs/job/job.h"

#include <functional>

namespace facet::engine {

struct FineTuneSettings {
    jobs::Job job;         ///< as resolved: nothing in it is "auto"
    int64_t numSteps = 0;  ///< of the whole run
    TroubleRules trouble;
    std::filesystem::path base;    ///< the base model's folder
    std::string modelFingerprint;  ///< of it
    double peakFlops = 0;          ///< of the device; 0: not known
    bool acceptChanges =
        false;  ///< goes on from a checkpoint of other data (also to validate on) or another base model
    bool splitsTime =
        false;  ///< waits for the device after each part of a step, so that their times are true
};

/// What someone outside wants of a running run. Both are asked between steps.
struct Requests {
    std::function<bool()> takeSave = [] { return false; };  ///< once for each request
    std::function<bool()> isStopping = [] { return false; };
};

enum class Outcome { Done, Stopped };

/// Writes what the model answers to the job's prompts; called between steps.
using WriteSamples = std::function<core::Result<void>(int64_t step, RunRecorder& recorder)>;

/// Trains until the last step, or until it is told to stop; then the last checkpoint is on the disk. Where
/// the run's folder has checkpoints, it goes on from the newest, with the numbers of a run that was never
/// ended.
///
/// Thread  blocks; one for a model.
/// Errors  OutOfMemory, with what would need less; InvalidInput: a checkpoint of other data or another model;
///         Io: the data, or a last checkpoint that cannot be written; Internal
core::Result<Outcome> fineTune(const FineTuneSettings& settings, TrainedModel& model, SampleStream& data,
                               const core::RunFolder& run, RunRecorder& recorder, const Requests& requests,
                               const WriteSamples& writeSamples = {});

/// Trains one step as a run does, without a run: nothing is kept but what the step changed in the model.
///
/// Errors  as fineTune()
core::Result<core::MetricEvent> tryStep(const FineTuneSettings& settings, TrainedModel& model,
                                        SampleStream& data);

}  // namespace facet::engine
