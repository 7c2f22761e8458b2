#pragma once

// Gemma 3's operations on a GPU with gradients by kernels/training_gpu.h and LibTorch's flash attention: each
// keeps its inputs only, and computes again what lies between.

#include "engine/gemma3/operations.h"

namespace facet::engine {

/// For bfloat16 and float on a GPU; what the kernels do not take (a width that 8 does not divide, attention
/// in float) goes as in kTrainingOperations. Without CUDA these are kTrainingOperations.
gemma3::Operations fusedOperations();

/// Each token's cross-entropy, and in the scores' place, if wanted, its gradient: softmax - one-hot.
///
/// Shapes  score_TV of any floating type, target_T int64 -> float [T].
at::Tensor crossEntropyInPlace(const at::Tensor& score_TV, const at::Tensor& target_T, bool isGradientWanted);

}  // namespace facet::engine
