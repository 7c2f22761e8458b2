#pragma once

// Activation checkpointing: what is not kept in the forward pass is computed again in the backward pass.

#include "engine/gemma3/run_layer.h"

#include <vector>

namespace facet::engine {

using TensorFunction = std::function<at::Tensor(const std::vector<at::Tensor>& inputs)>;

/// function(inputs), of which only the inputs are kept. Gradients of trained tensors that the function itself
/// holds are added to them as usual.
///
/// Limits  at least one input has a gradient, else `function` is just called; `function` gives the same each
///         time.
at::Tensor recomputed(const TensorFunction& function, const std::vector<at::Tensor>& inputs);

/// Keeps only what goes into each layer.
at::Tensor runRecomputed(const gemma3::Layer& layer, const at::Tensor& x);

}  // namespace facet::engine
