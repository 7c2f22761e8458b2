#pragma once

#include <ATen/ATen.h>

namespace facet::engine {

/// As gemma3::attend, by less work for long documents, and differentiable.
///
/// A document that its queries see all of is one causal call, which needs no mask. Else queries are taken in
/// blocks, each over the keys up to its own end, from where its window begins: no product is computed of
/// which a mask takes all away but for those at a block's edges.
at::Tensor attendInBlocks(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH,
                          int64_t window, bool isImage, double scale);

}  // namespace facet::engine
