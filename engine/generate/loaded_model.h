#pragma once

#include "core/chat/chat_template.h"
#include "core/tokenizer/tokenizer.h"
#include "engine/gemma3/load.h"
#include "engine/generate/sampler.h"

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
    at::ScalarType type() const { return model.weights.embedding.scalar_type(); }
};

/// How the model's own files say that its tokens are chosen; the best one always, if they say nothing.
SamplingOptions samplingOf(const core::GenerationConfig& generation);

/// Opens a model folder and loads it.
///
/// Errors  those of core::ModelFolder::open, core::Tokenizer::open (but a missing one),
/// core::ChatTemplate::open and gemma3::loadModel.
core::Result<LoadedModel> openModel(const std::filesystem::path& folder, bool textOnly, at::Device device,
                                    at::ScalarType type, const gemma3::LoadProgress& progress = {});

}  // namespace facet::engine
