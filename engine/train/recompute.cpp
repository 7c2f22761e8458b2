#include "engine/train/recompute.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace facet::engine {
namespace {

struct Held : torch::CustomClassHolder {
    explicit Held(TensorFunction function_) : function(std::move(function_)) {}
    TensorFunction function;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const TensorFunction& function,
                              at::TensorList inputs)
    {
        context->saved_data["function"] = c10::IValue::make_capsule(c10::make_intrusive<Held>(function));
        context->save_for_backward(inputs.vec());
        return function(inputs.vec());
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradient)
    {
        const auto held =
            c10::static_intrusive_pointer_cast<Held>(context->saved_data["function"].toCapsule());
        std::vector<at::Tensor> inputs;
        for (const at::Tensor& saved : context->get_saved_variables())
            inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));

        const at::AutoGradMode withGradients(true);
        torch::autograd::backward({held->function(inputs)}, gradient);

        torch::autograd::variable_list gradients = {{}};  // the function's own
        for (const at::Tensor& input : inputs)
            gradients.push_back(input.grad());
        return gradients;
    }
};

}  // namespace

at::Tensor recomputed(const TensorFunction& function, const std::vector<at::Tensor>& inputs)
{
    const bool hasGradient =
        at::GradMode::is_enabled() &&
        std::ranges::any_of(inputs, [](const at::Tensor& input) { return input.requires_grad(); });
    return hasGradient ? Recomputed::apply(function, at::TensorList(inputs)) : function(inputs);
}

at::Tensor runRecomputed(const gemma3::Layer& layer, const at::Tensor& x)
{
    // Where x has no gradient this is the lowest trained layer, or below it: it is called as it is.
    return recomputed([layer](const auto& in) { return layer(in[0]); }, {x});
}

}  // namespace facet::engine
