#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace facet::engine::gemma3 {

/// One layer as a function of what goes into it. It holds all it needs, so it may be called later, too.
using Layer = std::function<at::Tensor(const at::Tensor& x)>;

/// Runs a layer. An empty one stands for calling it; training puts activation checkpointing here.
using RunLayer = std::function<at::Tensor(const Layer& layer, const at::Tensor& x)>;

}  // namespace facet::engine::gemma3
