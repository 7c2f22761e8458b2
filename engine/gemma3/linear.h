#pragma once

#include "engine/gemma3/weight_matrix.h"

#include <memory>
#include <vector>

namespace facet::engine::gemma3 {

struct Linear;

/// What is added to a linear layer, such as a LoRA (engine/lora/).
class Adapter {
public:
    virtual ~Adapter() = default;

    /// y, the layer's result for x, with what the adapter changes.
    virtual at::Tensor adapted(const at::Tensor& y, const at::Tensor& x, const Linear& layer) const = 0;

    /// The layer's weight with the adapter in it: a layer of it alone computes the same.
    virtual at::Tensor merged(const at::Tensor& weight_OI) const = 0;
};

/// A linear layer: y = x * weight^T + bias. The model calls it and knows no more of it, so how the weight is
/// stored, which adapters are added to it and which part of it this process holds are decided where weights
/// are loaded.
struct Linear {
    WeightMatrix weight;  // [out, in]
    at::Tensor bias;      // [out], or undefined
    std::vector<std::shared_ptr<const Adapter>> adapters = {};

    at::Tensor operator()(const at::Tensor& x) const
    {
        at::Tensor y = weight(x, bias);
        for (const std::shared_ptr<const Adapter>& adapter : adapters)
            y = adapter->adapted(y, x, *this);
        return y;
    }
};

}  // namespace facet::engine::gemma3
