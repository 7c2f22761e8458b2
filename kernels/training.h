#pragma once

// What training computes between products on a CPU, in float: the gradients of text_layer.h's operations and
// the cross-entropy, each in one or two passes over memory. Their reference is LibTorch's differentiation of
// engine/gemma3/layers.cpp.
//
// All arrays are row-major and without gaps. Thread: any; nothing is shared but weightGradient, which calls
// that run at once must not share.

#include "kernels/cpu_isa.h"

#include <cstdint>

namespace facet::kernels {

/// dx and, where weightGradient is given, what is added to it, of y = rmsNorm(x).
///
/// Shapes  dy, x, dx [numRows, width], weight and weightGradient [width]; dx may be dy.
void rmsNormBackward(float* dx, float* weightGradient, const float* dy, const float* x, const float* weight,
                     int64_t numRows, int64_t width, float eps, CpuIsa isa = bestCpuIsa()) noexcept;

/// The same of rmsNormRotate().
///
/// Shapes  dy, x, dx [numTokens, numHeads, headDim], weight and weightGradient [headDim], cos and sin
///         [numTokens, headDim / 2]; dx may be dy.
void rmsNormRotateBackward(float* dx, float* weightGradient, const float* dy, const float* x,
                           const float* weight, const float* cos, const float* sin, int64_t numTokens,
                           int64_t numHeads, int64_t headDim, float eps, CpuIsa isa = bestCpuIsa()) noexcept;

/// The gradients of y = gelu(gate) * up. Shapes  [count].
void gatedGeluBackward(float* dGate, float* dUp, const float* dy, const float* gate, const float* up,
                       int64_t count, CpuIsa isa = bestCpuIsa()) noexcept;

/// Each row's cross-entropy with its target, and in the scores' place, if `isGradientWanted`, its gradient:
/// softmax - one-hot(target).
///
/// Shapes  loss [numRows], scores [numRows, width], target [numRows], in [0, width).
void crossEntropy(float* loss, float* scores, const int64_t* target, int64_t numRows, int64_t width,
                  bool isGradientWanted, CpuIsa isa = bestCpuIsa()) noexcept;

}  // namespace facet::kernels
