#pragma once

// A model without a checkpoint: its shape from a config, its weights drawn by a seed.

#include "engine/generate/loaded_model.h"

#include <filesystem>
#include <string>

namespace facet::engine {

struct PretrainStart {
    core::gemma3::Config config;
    double initializerRange = 0.02;     ///< standard deviation of the text's matrices
    std::filesystem::path tokenizer;    ///< folder whose tokenizer and chat template are taken; "": none
    std::filesystem::path visionTower;  ///< folder of the model whose tower is taken; "": drawn, too
    uint64_t seed = 0;
    std::filesystem::path base;  ///< where config.json and the tokenizer's files of the new model are kept
};

/// Draws the weights (initial_weights.h) and writes the base folder, from which checkpoints take their files.
///
/// Errors  those of core::Tokenizer::open and core::ModelFolder::open; InvalidInput: the tokenizer has more
///         pieces than the vocabulary; OutOfMemory, before anything is drawn
core::Result<LoadedModel> newModel(const PretrainStart& start, const LoadSettings& settings);

/// A text that changes with the weights that newModel() gives.
///
/// Errors  those of core::ModelFolder::open, for the vision tower
core::Result<std::string> fingerprintOf(const PretrainStart& start);

}  // namespace facet::engine
