#pragma once

#include <ATen/ATen.h>

namespace facet::engine::gemma3 {

/// A linear layer: y = x * weight^T + bias. The model calls it and knows no more of it, so how the weight is
/// stored (fp32 or bf16 today), which adapters are added to it and which part of it this process holds are
/// decided where weights are loaded.
struct Linear {
    at::Tensor weight;  // [out, in]
    at::Tensor bias;    // [out], or undefined

    at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
};

}  // namespace facet::engine::gemma3
