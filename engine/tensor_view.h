#pragma once

#include "core/safetensors/tensor_view.h"

#include <ATen/ATen.h>

namespace facet::engine {

/// Of blocks: that of their values, float.
at::ScalarType scalarType(core::DType type);

/// The tensor that lies at `view`, on the CPU, without a copy: valid as long as that memory is, and not to be
/// written. Blocks give a copy of their values.
at::Tensor asTensor(const core::TensorView& view);

}  // namespace facet::engine
