#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>

namespace facet::engine::gemma3 {

/// Called with each named value on its way through the model, such as "layer.3" or "vision.projected"; golden
/// tests and the inspector use it. An empty Trace costs one branch.
using Trace = std::function<void(const std::string& name, const at::Tensor& value)>;

}  // namespace facet::engine::gemma3
