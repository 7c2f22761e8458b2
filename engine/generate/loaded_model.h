#pragma once

#include "core/chat/chat_template.h"
#include "core/gemma3/memory_estimate.h"
#include "core/tokenizer/tokenizer.h"
#include "engine/gemma3/load.h"
#include "engine/generate/sampler.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace facet::engine {

/// A model with all that is needed to talk to it.
struct LoadedModel {
    gemma3::Model model;
    core::GenerationConfig generation;
    core::ImagePreprocessing preprocessing;
    core::Result<core::Tokenizer>
        tokenizer;  ///< an error if the folder has none: it then reads token ids only
    core::ChatTemplate chatTemplate;
    std::vector<std::string>
        unexpectedTensors;  ///< names in the files that no Gemma 3 has: they are not used

    at::Device device() const { return model.weights.device(); }
    at::ScalarType type() const { return model.weights.type(); }
    core::gemma3::WeightFormat weightFormat() const { return model.weightFormat; }
};

/// How the model's own files say that its tokens are chosen; the best one always, if they say nothing.
SamplingOptions samplingOf(const core::GenerationConfig& generation);

/// How a model is to be loaded, and for how much work memory has to be there.
struct LoadSettings {
    at::Device device = at::kCPU;
    std::optional<at::ScalarType> type;                 ///< default: float on a CPU, bfloat16 on a GPU
    std::optional<core::gemma3::WeightFormat> weights;  ///< default: as placementOf() says
    int64_t context = 8192;                             ///< tokens; less if the model has fewer
    int64_t numSlots = 1;                               ///< sequences at once
    std::set<std::string> inFull = {};                  ///< as in gemma3::Placement: to be trained
};

/// Fills in what `settings` leave open. Weights are stored in the arithmetic's type; but on a CPU those of a
/// bfloat16 checkpoint stay bfloat16, which halves memory and time and changes no result.
gemma3::Placement placementOf(const LoadSettings& settings, const core::ModelFolder& folder);

/// What checkMemory() and estimateMemory() of core/gemma3/memory_estimate.h are to be asked.
core::gemma3::MemoryRequest memoryRequestOf(const LoadSettings& settings, const core::ModelFolder& folder);

/// Opens a model folder and loads it.
///
/// Errors  those of core::ModelFolder::open, core::Tokenizer::open (but a missing one),
///         core::ChatTemplate::open and gemma3::loadModel; OutOfMemory, before anything is read, with what
///         would fit.
core::Result<LoadedModel> openModel(const std::filesystem::path& folder, bool textOnly,
                                    const LoadSettings& settings, const gemma3::LoadProgress& progress = {});

}  // namespace facet::engine
