#pragma once

// What training computes between products on a GPU: the gradients of text_layer_gpu.h's operations and of the
// cross-entropy, each in one or two passes over memory, in float, rounded once. Nothing is added up by
// atomics, so a step gives the same numbers each time. Their reference is LibTorch's differentiation of
// engine/gemma3/layers.cpp.

#include "kernels/text_layer_gpu.h"

namespace facet::kernels {

/// Rows of partial sums that weight gradients of `numRows` rows are left in; their sum is the gradient.
int64_t numWeightPartials(int64_t numRows);

/// dx and, if `weightPartials` is given, the weight's gradient of y = norm(x).
///
/// Shapes  dy, x, dx [numRows, width], weight [width], all of `type`; unit float [numRows], which the
/// weight's
///         gradient reads; weightPartials float [numWeightPartials(numRows), width].
/// Limits  a width that 8 divides.
cudaError_t rmsNormBackwardGpu(void* dx, float* weightPartials, float* unit, const void* dy, const void* x,
                               const void* weight, int64_t numRows, int64_t width, float eps, GpuType type,
                               cudaStream_t stream);

/// The same of rmsNormRotateGpu().
///
/// Shapes  dy, x, dx [numTokens, numHeads, headDim], weight [headDim]; cos and sin float
///         [numTokens, headDim / 2]; unit float [numTokens * numHeads];
///         weightPartials float [numWeightPartials(numTokens * numHeads), headDim].
/// Limits  a headDim that 8 divides, at most 512.
cudaError_t rmsNormRotateBackwardGpu(void* dx, float* weightPartials, float* unit, const void* dy,
                                     const void* x, const void* weight, const float* cos, const float* sin,
                                     int64_t numTokens, int64_t numHeads, int64_t headDim, float eps,
                                     GpuType type, cudaStream_t stream);

/// The gradients of y = gelu(gate) * up. Shapes  [count], which 8 divides.
cudaError_t gatedGeluBackwardGpu(void* dGate, void* dUp, const void* dy, const void* gate, const void* up,
                                 int64_t count, GpuType type, cudaStream_t stream);

/// Each row's cross-entropy with its target, and in the scores' place, if `isGradientWanted`, its gradient:
/// softmax - one-hot(target).
///
/// Shapes  loss float [numRows], scores [numRows, width] of `type`, target [numRows].
/// Limits  a width that 8 divides; targets in [0, width).
cudaError_t crossEntropyGpu(float* loss, void* scores, const int64_t* target, int64_t numRows, int64_t width,
                            bool isGradientWanted, GpuType type, cudaStream_t stream);

}  // namespace facet::kernels
