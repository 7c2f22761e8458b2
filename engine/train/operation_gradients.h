#pragma once

// The gradients of Gemma 3's operations by kernels/, for tensors without gradients of their own.

#include "engine/gemma3/operations.h"

#include <utility>

namespace facet::engine {

/// Whether the kernels take it: float on a CPU; float and bfloat16 on a GPU, where 8 divides the last
/// dimension.
bool haveKernels(const at::Tensor& x);

struct NormGradients {
    at::Tensor x;
    at::Tensor weight;  ///< undefined where it is not wanted
};

/// Of y = norm(x). Shapes  dy, x [..., W], weight [W].
NormGradients normBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, double eps,
                           bool isWeightTrained);

/// Of y = normRotate(x). Shapes  dy, x [T, N, H], weight [H].
NormGradients normRotateBackward(const at::Tensor& dy_TNH, const at::Tensor& x_TNH, const at::Tensor& weight,
                                 const gemma3::Rotation& rotation, double eps, bool isWeightTrained);

/// {dGate, dUp} of y = gelu(gate) * up. Shapes  [T, F].
std::pair<at::Tensor, at::Tensor> gatedGeluBackward(const at::Tensor& dy_TF, const at::Tensor& gate_TF,
                                                    const at::Tensor& up_TF);

}  // namespace facet::engine
