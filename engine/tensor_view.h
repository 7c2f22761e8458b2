#pragma once

#include "core/safetensors/tensor_view.h"

#include <ATen/ATen.h>

namespace facet::engine {

at::ScalarType scalarType(core::DType type);

/// The tensor that lies at `view`, on the CPU, without a copy: valid as long as that memory is, and not to be
/// written.
at::Tensor asTensor(const core::TensorView& view);

}  // namespace facet::engine
