#pragma once

// What a text layer of Gemma 3 computes between its products, on a CPU in float: each is one pass over memory
// that a chain of tensor operations would go over several times, with a few microseconds for each. Their
// reference is engine/gemma3/layers.cpp.
//
// All arrays are row-major and without gaps unless said otherwise. Thread: any; nothing is shared.

#include "kernels/cpu_isa.h"

#include <cstdint>

namespace facet::kernels {

/// y = x / sqrt(mean(x^2) + eps) * (1 + weight), row by row. Shapes  x, y [numRows, width], weight [width]; y
/// may be x.
void rmsNorm(float* y, const float* x, const float* weight, int64_t numRows, int64_t width, float eps,
             CpuIsa isa = bestCpuIsa()) noexcept;

/// y = x + rmsNorm(update). Shapes  as above; y may be x or update.
void addRmsNorm(float* y, const float* x, const float* update, const float* weight, int64_t numRows,
                int64_t width, float eps, CpuIsa isa = bestCpuIsa()) noexcept;

/// Normalises each head, then rotates its two halves by its token's angles.
///
/// Shapes  x, y [numTokens, numHeads, headDim], weight [headDim], cos and sin [numTokens, headDim / 2]; y may
/// be x.
void rmsNormRotate(float* y, const float* x, const float* weight, const float* cos, const float* sin,
                   int64_t numTokens, int64_t numHeads, int64_t headDim, float eps,
                   CpuIsa isa = bestCpuIsa()) noexcept;

/// y = gelu(gate) * up, with the tanh form of gelu. Shapes  [count]; y may be either.
void gatedGelu(float* y, const float* gate, const float* up, int64_t count,
               CpuIsa isa = bestCpuIsa()) noexcept;

/// One query over the keys of its head: y = softmax(scale * q * k^T) * v.
///
/// Shapes  q, y [headDim], k, v [numKeys, headDim], scores [numKeys], which is overwritten.
void attendOne(float* y, const float* q, const float* k, const float* v, float* scores, int64_t numKeys,
               int64_t headDim, float scale, CpuIsa isa = bestCpuIsa()) noexcept;

}  // namespace facet::kernels
