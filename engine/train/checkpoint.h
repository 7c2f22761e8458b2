#pragma once

// A run's checkpoint: weights that others can read, and what is needed to go on as if nothing had happened.
//
//   adapter_config.json, adapter_model.safetensors     with adapters: a PEFT folder
//   config.json, model.safetensors, tokenizer files    without: a Hugging Face folder
//   trainer_state.safetensors                          optimizer: moments, counts, master weights
//   trainer_state.json                                 TrainerState
//
// There is no state of a random number generator: all that is drawn is drawn from the job's seed, the sample
// and the step.

#include "core/run/run_folder.h"
#include "engine/train/adamw.h"
#include "engine/train/trained_model.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace facet::engine {

struct TrainerState {
    int64_t step = 0;                      ///< steps that are done
    int64_t packs = 0;                     ///< of the data's order that are used up
    int64_t tokens = 0;                    ///< computed
    std::string data;                      ///< SampleStream::fingerprint()
    std::string validationData;            ///< SampleStream::validationFingerprint()
    std::string model;                     ///< fingerprint of the base model's weights
    std::map<int64_t, double> validation;  ///< loss by step
    std::vector<double> recentLosses;      ///< newest last; for telling spikes
};

/// Writes checkpoints/step-… beside its place and renames it. One that is there already stays.
///
/// Errors  Io, also on a full disk; nothing half is left then
core::Result<void> saveCheckpoint(const core::RunFolder& run, const TrainerState& state,
                                  const TrainedModel& model, const AdamW& optimizer,
                                  const std::filesystem::path& base);

/// Puts model and optimizer where a checkpoint was.
///
/// Errors  NotFound, Io; InvalidInput where it is of another job
core::Result<TrainerState> loadCheckpoint(const std::filesystem::path& checkpoint, AdamW& optimizer);

/// Removes the checkpoints that are not in the newest `keepLast` and not among the `keepBest` with the lowest
/// validation loss (the newest, where there is no validation); and what a killed process left half-written.
core::Result<void> pruneCheckpoints(const core::RunFolder& run, const std::map<int64_t, double>& validation,
                                    int64_t keepBest, int64_t keepLast);

/// A text that changes with the weights of a folder: their names, shapes, and the first bytes of each.
std::string fingerprintOf(const core::ModelFolder& folder);

}  // namespace facet::engine
