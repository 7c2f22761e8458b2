#pragma once

// The types of GGUF's tensors: floats of 32 and 16 bits, and blocks of neighbours in a row that share scales.
//
//   Q8_0, Q5_0, Q4_0   32 values: one half-precision scale, then integers of 8, 5, 4 bits around zero
//   Q4_K, Q5_K         256 values: 8 scales and 8 minima of 6 bits, two halves that scale those
//   Q6_K               256 values: 16 scales of 8 bits and one half; integers of 6 bits around zero
//
// Source  ggml's ggml-quants.c and gguf-py's quants.py; every value here has the bits that those give.

#include "core/safetensors/tensor_view.h"

#include <cstddef>
#include <span>

namespace facet::core {

/// F32, F16, BF16 or one in blocks: types whose values valuesOf() gives.
bool hasValues(DType type);

/// The values of elements that lie one behind the other.
///
/// Limits  `bytes` is whole elements or blocks, of which `values` has room for all; hasValues(type).
void valuesOf(DType type, std::span<const std::byte> bytes, std::span<float> values);

/// Types that storeValues() writes: F32, F16, BF16, Q8_0.
bool canStore(DType type);

/// The other way, rounded to the nearest. Q8_0 has the bits of ggml's own quantiser.
///
/// Limits  `values` fill whole blocks, and `bytes` has their size; canStore(type). What is no number becomes
///         0 in a block.
void storeValues(DType type, std::span<const float> values, std::span<std::byte> bytes);

}  // namespace facet::core
