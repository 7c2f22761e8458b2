#pragma once

// Gemma 3's operations with gradients by kernels/ and LibTorch's fused attention: each keeps its inputs only,
// and computes again what lies between.

#include "engine/gemma3/operations.h"

namespace facet::engine {

/// What the kernels do not take (haveKernels(), attention in float on a GPU) goes by LibTorch alone.
extern const gemma3::Operations kFusedOperations;

/// Each token's cross-entropy, and in the scores' place, if wanted, its gradient: softmax - one-hot.
///
/// Shapes  score_TV of any floating type, target_T int64 -> float [T].
at::Tensor crossEntropyInPlace(const at::Tensor& score_TV, const at::Tensor& target_T, bool isGradientWanted);

}  // namespace facet::engine
