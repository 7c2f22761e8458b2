#pragma once

// A loaded model with adapters on it.

#include "engine/generate/answer_memory.h"
#include "engine/generate/pictures.h"
#include "engine/lora/peft_folder.h"

#include <memory>
#include <string>
#include <vector>

namespace facet::engine {

/// An adapter, and what multiplies its alpha.
struct ScaledAdapter {
    std::string name;  ///< for what is said about it
    std::shared_ptr<const PeftAdapter> adapter;
    double scale = 1;
};

/// A model that shares its weights with the one that it was made from, so that any number of them costs
/// little more than their adapters. Answers of one and the same object are computed together.
struct AdaptedModel {
    gemma3::Model model;
    std::string key;                 ///< for the prefix cache: equal keys, equal models
    std::vector<std::string> notes;  ///< sentences about parts of adapters that the model has no place for

    /// Where an adapter changes how pictures are seen, their features are its own; else none.
    std::unique_ptr<PictureFeatures> features;
    AnswerMemory answers{size_t{4} << 20};
};

/// Puts adapters on a model, in their order.
///
/// Errors  those of attach(); InvalidInput: two of them replace the same tensor as a whole. All name the
///         adapter.
core::Result<std::shared_ptr<AdaptedModel>> adaptedModel(const gemma3::Model& base,
                                                         const std::vector<ScaledAdapter>& adapters,
                                                         std::string key);

}  // namespace facet::engine
