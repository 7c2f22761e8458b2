#pragma once

#include "engine/gemma3/operations.h"

namespace facet::engine {

/// Operations::attendPack by LibTorch's flash attention, with gradients: one call for all documents and one
/// or a few for all pictures, however many there are.
///
/// Types   bfloat16 on a GPU. Limits  heads of at most 256, which 8 divides; segments without caches.
at::Tensor attendPackOnGpu(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                           const std::vector<gemma3::Segment>& segments, int64_t window, double scale);

}  // namespace facet::engine
