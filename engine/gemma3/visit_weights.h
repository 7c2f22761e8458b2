#pragma once

#include "engine/gemma3/model.h"

#include <functional>
#include <string>

namespace facet::engine::gemma3 {

/// What is called for the weights of a model; an empty one is for those that do not matter.
struct WeightVisitor {
    /// "language_model.layers.0.self_attn.q_proj": each linear layer but the head.
    std::function<void(const std::string& module, Linear& linear)> linear;
    /// By canonical name, core/gemma3/tensor_names.h. The embedding table is the head's matrix, too.
    std::function<void(const std::string& name, WeightMatrix& matrix)> matrix;
    std::function<void(const std::string& name, at::Tensor& tensor)> tensor;
};

/// Goes through all weights in the order of computing, pictures first. What a visitor puts in the place of
/// the embedding table becomes the head's matrix.
void visitWeights(Weights& weights, const WeightVisitor& visitor);

}  // namespace facet::engine::gemma3
