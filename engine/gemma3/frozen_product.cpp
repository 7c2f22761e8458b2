#include "engine/gemma3/frozen_product.h"

#include <torch/csrc/autograd/custom_function.h>

namespace facet::engine::gemma3 {
namespace {

struct Held : torch::CustomClassHolder {
    explicit Held(WeightMatrix weight_) : weight(std::move(weight_)) {}
    WeightMatrix weight;
};

struct FrozenProduct : torch::autograd::Function<FrozenProduct> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const WeightMatrix& weight)
    {
        context->saved_data["weight"] = c10::IValue::make_capsule(c10::make_intrusive<Held>(weight));
        return weight(x);  // without gradients in here
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradient)
    {
        const auto held = c10::static_intrusive_pointer_cast<Held>(context->saved_data["weight"].toCapsule());
        return {held->weight.transposedTimes(gradient[0]), {}};
    }
};

}  // namespace

at::Tensor frozenProduct(const at::Tensor& x, const WeightMatrix& weight)
{
    return FrozenProduct::apply(x, weight);
}

}  // namespace facet::engine::gemma3
