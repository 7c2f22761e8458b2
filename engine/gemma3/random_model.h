#pragma once

#include "engine/gemma3/load.h"

namespace facet::engine::gemma3 {

/// A model of any shape with random weights, made where it is to compute: what speed and rounding are tried
/// on, for both depend on the shape. Text, and vision if the shape has it.
///
/// Limits  a vocabulary of any size; the same seed gives the same weights on the same kind of device.
/// Errors  throws c10::Error, OutOfMemory too.
Model randomModel(const core::gemma3::Config& config, const Placement& placement, uint64_t seed);

}  // namespace facet::engine::gemma3
