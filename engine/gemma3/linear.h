#pragma once

#include "engine/gemma3/weight_matrix.h"

namespace facet::engine::gemma3 {

/// A linear layer: y = x * weight^T + bias. The model calls it and knows no more of it, so how the weight is
/// stored, which adapters are added to it and which part of it this process holds are decided where weights
/// are loaded.
struct Linear {
    WeightMatrix weight;  // [out, in]
    at::Tensor bias;      // [out], or undefined

    at::Tensor operator()(const at::Tensor& x) const
    {
        const at::Tensor y = weight(x);
        return bias.defined() ? y + bias : y;
    }
};

}  // namespace facet::engine::gemma3
