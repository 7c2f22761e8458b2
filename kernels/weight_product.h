#pragma once

// y = x * w^T on a CPU, for weights as they are stored: sums are in float, whatever w is.
//
// In all of them: x [numTokens, width] and y [numTokens, yStride] are row-major, of y the first numRows
// columns are written; w has numRows rows. To share the work, give each thread rows of its own.
//
// Thread  any; nothing is shared.

#include "kernels/cpu_isa.h"
#include "kernels/quantize.h"

#include <cstddef>

namespace facet::kernels {

struct Product {
    float* y = nullptr;
    int64_t yStride = 0;
    int64_t numTokens = 0;
    int64_t numRows = 0;
    int64_t width = 0;
    CpuIsa isa = bestCpuIsa();
};

/// Weights in bfloat16, the upper halves of floats.
void multiplyBFloat16(const Product& product, const float* x, const uint16_t* w) noexcept;

/// 64 neighbouring activations of a token as integers, with a scale for each 32, laid out as vector registers
/// want it.
struct alignas(64) ActivationBlock {
    float scale[16];       ///< 8 times that of the first 32, 8 times that of the others
    int32_t minusSum[16];  ///< of 4 integers each
    int8_t q[64];          ///< in [-127, 127]
};

constexpr int64_t numActivationBlocks(int64_t numTokens, int64_t width)
{
    return numTokens * filledWidth(width) / kBlock;
}

/// Rounds x to integers, for the two products below.
///
/// Shapes  x [numTokens, width] -> blocks [numTokens, filledWidth / 64].
void quantizeActivations(ActivationBlock* blocks, const float* x, int64_t numTokens, int64_t width,
                         CpuIsa isa = bestCpuIsa()) noexcept;

/// Weights in int8 or int4 times rounded activations: integer products within each group of 32. The rounding
/// of x costs less than that of int8 weights; see kernels/NOTES.md for its measured error.
///
/// Shapes  values and scales: rows as kernels/quantize.h lays them out, one after another.
void multiplyInt8(const Product& product, const ActivationBlock* x, const int8_t* values,
                  const uint16_t* scales) noexcept;
void multiplyInt4(const Product& product, const ActivationBlock* x, const uint8_t* values,
                  const uint16_t* scales) noexcept;

/// The same as multiplyBFloat16, faster from about 8 tokens on: rows are widened to float piece by piece, so
/// that they stay in the first cache while all tokens are multiplied with them.
void multiplyManyBFloat16(const Product& product, const float* x, const uint16_t* w) noexcept;

}  // namespace facet::kernels
