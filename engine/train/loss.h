#pragma once

#include "engine/gemma3/weight_matrix.h"

namespace facet::engine {

/// Position that has nothing to learn.
inline constexpr int64_t kNoTarget = -100;

/// The sum over targets of -log p(target), p the softmax of hidden * head^T. Divide it by the number of
/// targets of the global batch for the mean that is reported.
///
/// The head's scores of all tokens never exist at once: they are computed in chunks of tokens, and each
/// chunk's gradients right with them, so the backward pass only scales.
///
/// Shapes  hidden_TD, target_T int64 on the CPU (kNoTarget: none) -> a float.
/// Types   scores, softmax and the head's gradient in float.
/// Limits  `maxScores` bounds tokens times vocabulary of a chunk; 0: what suits the device, half a gigabyte
/// of
///         floats on a CPU, a gigabyte of bfloat16 on a GPU.
at::Tensor sumOfCrossEntropy(const at::Tensor& hidden_TD, const gemma3::WeightMatrix& head,
                             const at::Tensor& target_T, int64_t maxScores = 0);

}  // namespace facet::engine
