#pragma once

#include "engine/gemma3/weight_matrix.h"

namespace facet::engine::gemma3 {

/// x * weight^T for a weight that is not trained and however it is stored, with the gradient of x. Only x's
/// shape is kept for the backward pass, no widened weight.
at::Tensor frozenProduct(const at::Tensor& x, const WeightMatrix& weight);

}  // namespace facet::engine::gemma3
