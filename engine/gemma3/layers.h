#pragma once

// The small parts that text layers are made of.
//
// Shapes, in this folder:
//   T  tokens of this step, of all sequences one after another    D  model width
//   S  keys that a query may look at                              F  feed-forward width
//   N  query heads, K key and value heads, G = N / K              H  head width, h = H / 2
//   I  pictures     P  patches of a picture     E  width of the vision tower     V  vocabulary
// An activation carries its shape in its name: q_TNH is [T, N, H]. A weight says it where it is declared.

#include "core/gemma3/config.h"

#include <ATen/ATen.h>

namespace facet::engine::gemma3 {

/// x / sqrt(mean(x^2) + eps) * (1 + weight), over the last dimension, computed in float.
///
/// Shapes  x [..., W], weight [W] -> [..., W], in x's type.
/// Source  The "1 +" is Gemma's own: google/gemma_pytorch, gemma/model.py, RMSNorm.
at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// Cosine and sine of each token's angles, in float.
struct Rotation {
    at::Tensor cos_Th;
    at::Tensor sin_Th;
};

/// The angles of tokens at `position_T` (int64). The order of operations is that of transformers, since at
/// position 100,000 an angle in float is only good to 0.008: equal rounding matters.
Rotation rotationAt(const at::Tensor& position_T, const core::gemma3::Rope& rope, int64_t headDim);

/// Rotates the two halves of each head: (a, b) -> (a cos - b sin, b cos + a sin), in float.
///
/// Shapes  x_TNH -> [T, N, H], in x's type.
/// Source  arXiv:2104.09864; halves and not neighbours, as in google/gemma_pytorch, gemma/model.py.
at::Tensor rotate(const at::Tensor& x_TNH, const Rotation& rotation);

}  // namespace facet::engine::gemma3
