#pragma once

#include "engine/gemma3/operations.h"

namespace facet::engine {

/// As gemma3::attend, by less work for long documents, and differentiable.
///
/// A document that its queries see all of is one causal call, which needs no mask. Else queries are taken in
/// blocks, each over the keys up to its own end, from where its window begins: no product is computed of
/// which a mask takes all away but for those at a block's edges.
at::Tensor attendInBlocks(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH,
                          int64_t window, bool isImage, double scale);

/// Operations::attendPack, document by document: a document that is not long is one call, with a mask where
/// it has pictures or reaches beyond the window; of a long one each segment goes through attendInBlocks().
at::Tensor attendDocuments(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                           const std::vector<gemma3::Segment>& segments, int64_t window, double scale);

}  // namespace facet::engine
