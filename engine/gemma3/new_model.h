#pragma once

#include "engine/gemma3/load.h"

#include <functional>

namespace facet::engine::gemma3 {

/// Gives a tensor of any floating type by its canonical name, in the shape that
/// core::gemma3::expectedTensors() has for it.
using TensorSource = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape)>;

/// A model of any shape without files: each of its tensors is asked for once, in the order of computing, and
/// brought where `placement` says.
///
/// Errors  throws c10::Error, OutOfMemory too.
Model modelFrom(const core::gemma3::Config& config, const Placement& placement, const TensorSource& source);

}  // namespace facet::engine::gemma3
