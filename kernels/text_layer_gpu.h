#pragma once

// What a text layer computes between its products, on a GPU, for a prompt: each in one pass over memory, in
// float, rounded once. Their reference is engine/gemma3/layers.cpp.

#include "kernels/gpu.h"

namespace facet::kernels {

/// y = norm(x). Shapes  x, y [numRows, width], weight [width], all of `type`; an even width.
cudaError_t rmsNormGpu(void* y, const void* x, const void* weight, int64_t numRows, int64_t width, float eps,
                       GpuType type, cudaStream_t stream);

/// y = x + norm(update). Shapes  as above.
cudaError_t addRmsNormGpu(void* y, const void* x, const void* update, const void* weight, int64_t numRows,
                          int64_t width, float eps, GpuType type, cudaStream_t stream);

/// Normalises each head, then rotates its two halves by its token's angles.
///
/// Shapes  x: numTokens rows of [numHeads, headDim], one every `stride` elements; y [numTokens, numHeads,
/// headDim];
///         cos and sin [numTokens, headDim / 2] in float.
cudaError_t rmsNormRotateGpu(void* y, const void* x, int64_t stride, const void* weight, const float* cos,
                             const float* sin, int64_t numTokens, int64_t numHeads, int64_t headDim,
                             float eps, GpuType type, cudaStream_t stream);

/// y = gelu(gate) * up, with the tanh form of gelu. Shapes  [count].
cudaError_t gatedGeluGpu(void* y, const void* gate, const void* up, int64_t count, GpuType type,
                         cudaStream_t stream);

}  // namespace facet::kernels
