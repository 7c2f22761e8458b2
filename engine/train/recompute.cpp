#include "engine/train/recompute.h"

#include "engine/train/training_attention.h"

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

// --- operations
// ---------------------------------------------------------------------------------------------

using gemma3::kPlainOperations;
using gemma3::Rotation;

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    return recomputed([=](const auto& in) { return kPlainOperations.norm(in[0], in[1], eps); }, {x, weight});
}

at::Tensor addNorm(const at::Tensor& x, const at::Tensor& update, const at::Tensor& weight, double eps)
{
    return recomputed([=](const auto& in) { return kPlainOperations.addNorm(in[0], in[1], in[2], eps); },
                      {x, update, weight});
}

at::Tensor normRotate(const at::Tensor& x_TNH, const at::Tensor& weight, double eps, const Rotation& rotation)
{
    return recomputed(
        [=](const auto& in) { return kPlainOperations.normRotate(in[0], in[1], eps, rotation); },
        {x_TNH, weight});
}

at::Tensor gatedGelu(const at::Tensor& gate_TF, const at::Tensor& up_TF)
{
    return recomputed([](const auto& in) { return kPlainOperations.gatedGelu(in[0], in[1]); },
                      {gate_TF, up_TF});
}

at::Tensor attend(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH, int64_t window,
                  bool isImage, double scale)
{
    return recomputed(
        [=](const auto& in) { return attendInBlocks(in[0], in[1], in[2], window, isImage, scale); },
        {q_TNH, k_KSH, v_KSH});
}

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

const gemma3::Operations kTrainingOperations = {kPlainOperations.norm, kPlainOperations.addNorm,
                                                kPlainOperations.normRotate, kPlainOperations.gatedGelu,
                                                attendInBlocks};

const gemma3::Operations kRecomputedOperations = {norm, addNorm, normRotate, gatedGelu, attend};

}  // namespace facet::engine
