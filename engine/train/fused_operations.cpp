#include "engine/train/fused_operations.h"

#include "engine/gemma3/attention.h"
#include "engine/parallel_for.h"
#include "engine/train/operation_gradients.h"
#include "engine/train/pack_attention_gpu.h"
#include "engine/train/training_attention.h"
#include "kernels/training.h"

#include <torch/csrc/autograd/custom_function.h>

#if FACET_CUDA
#include "engine/gemma3/gpu_launch.h"
#include "kernels/training_gpu.h"

#include <c10/cuda/CUDAException.h>
#endif

namespace facet::engine {
namespace {

using gemma3::kPlainOperations;
using gemma3::Rotation;
using gemma3::Segment;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Those without gradients.
gemma3::Operations forwardOperations(const at::Tensor& x)
{
    return x.is_cpu() ? gemma3::kCpuOperations : gemma3::gpuOperations();
}

struct Norm : torch::autograd::Function<Norm> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              double eps)
    {
        context->save_for_backward({x, weight});
        context->saved_data["eps"] = eps;
        return forwardOperations(x).norm(x, weight, eps);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const NormGradients d =
            normBackward(gradient[0], saved[0], saved[1], context->saved_data["eps"].toDouble(),
                         context->needs_input_grad(1));
        return {d.x, d.weight, {}};
    }
};

struct AddNorm : torch::autograd::Function<AddNorm> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& update,
                              const at::Tensor& weight, double eps)
    {
        context->save_for_backward({update, weight});
        context->saved_data["eps"] = eps;
        return forwardOperations(x).addNorm(x, update, weight, eps);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const NormGradients d =
            normBackward(gradient[0], saved[0], saved[1], context->saved_data["eps"].toDouble(),
                         context->needs_input_grad(2));
        return {gradient[0], d.x, d.weight, {}};
    }
};

struct NormRotate : torch::autograd::Function<NormRotate> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x_TNH, const at::Tensor& weight,
                              double eps, const Rotation& rotation)
    {
        context->save_for_backward({x_TNH, weight, rotation.cos_Th, rotation.sin_Th});
        context->saved_data["eps"] = eps;
        return forwardOperations(x_TNH).normRotate(x_TNH, weight, eps, rotation);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const NormGradients d =
            normRotateBackward(gradient[0], saved[0], saved[1], Rotation{saved[2], saved[3]},
                               context->saved_data["eps"].toDouble(), context->needs_input_grad(1));
        return {d.x, d.weight, {}, {}};
    }
};

struct GatedGelu : torch::autograd::Function<GatedGelu> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_TF, const at::Tensor& up_TF)
    {
        context->save_for_backward({gate_TF, up_TF});
        return forwardOperations(gate_TF).gatedGelu(gate_TF, up_TF);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const auto [dGate_TF, dUp_TF] = gatedGeluBackward(gradient[0], saved[0], saved[1]);
        return {dGate_TF, dUp_TF};
    }
};

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    return haveKernels(x) ? Norm::apply(x.contiguous(), weight, eps) : kPlainOperations.norm(x, weight, eps);
}

at::Tensor addNorm(const at::Tensor& x, const at::Tensor& update, const at::Tensor& weight, double eps)
{
    return haveKernels(x) ? AddNorm::apply(x.contiguous(), update.contiguous(), weight, eps)
                          : kPlainOperations.addNorm(x, update, weight, eps);
}

at::Tensor normRotate(const at::Tensor& x_TNH, const at::Tensor& weight, double eps, const Rotation& rotation)
{
    return haveKernels(x_TNH) ? NormRotate::apply(x_TNH.contiguous(), weight, eps, rotation)
                              : kPlainOperations.normRotate(x_TNH, weight, eps, rotation);
}

at::Tensor gatedGelu(const at::Tensor& gate_TF, const at::Tensor& up_TF)
{
    return haveKernels(gate_TF) ? GatedGelu::apply(gate_TF.contiguous(), up_TF.contiguous())
                                : kPlainOperations.gatedGelu(gate_TF, up_TF);
}

at::Tensor attendPack(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                      const std::vector<Segment>& segments, int64_t window, double scale)
{
#if FACET_CUDA
    if (q_TNH.is_cuda() && q_TNH.scalar_type() == at::kBFloat16 && q_TNH.size(2) % 8 == 0 &&
        q_TNH.size(2) <= 256)
        return attendPackOnGpu(q_TNH, k_TKH, v_TKH, segments, window, scale);
#endif
    return attendDocuments(q_TNH, k_TKH, v_TKH, segments, window, scale);
}

at::Tensor plainCrossEntropy(const at::Tensor& score_TV, const at::Tensor& target_T, bool isGradientWanted)
{
    const at::Tensor target_T1 = target_T.unsqueeze(1);
    const at::Tensor wide_TV = score_TV.to(at::kFloat);
    const at::Tensor logSum_T1 = wide_TV.logsumexp(1, /*keepdim=*/true);
    const at::Tensor loss_T = (logSum_T1 - wide_TV.gather(1, target_T1)).squeeze(1);
    if (isGradientWanted) {
        const at::Tensor gradient_TV = wide_TV.sub_(logSum_T1).exp_();
        gradient_TV.scatter_add_(1, target_T1, at::full_like(target_T1, -1, wide_TV.options()));
        if (!gradient_TV.is_same(score_TV))
            score_TV.copy_(gradient_TV);
    }
    return loss_T;
}

}  // namespace

const gemma3::Operations kFusedOperations = {norm,      addNorm,        normRotate,
                                             gatedGelu, attendInBlocks, attendPack};

at::Tensor crossEntropyInPlace(const at::Tensor& score_TV, const at::Tensor& target_T, bool isGradientWanted)
{
    if (!haveKernels(score_TV) || !score_TV.is_contiguous())
        return plainCrossEntropy(score_TV, target_T, isGradientWanted);
    const int64_t T = score_TV.size(0), V = score_TV.size(1);
    const at::Tensor loss_T = at::empty({T}, score_TV.options().dtype(at::kFloat));
#if FACET_CUDA
    if (score_TV.is_cuda()) {
        const gemma3::GpuLaunch gpu(score_TV);
        C10_CUDA_CHECK(kernels::crossEntropyGpu(loss_T.data_ptr<float>(), score_TV.data_ptr(),
                                                target_T.const_data_ptr<int64_t>(), T, V, isGradientWanted,
                                                gpu.type(), gpu.stream()));
        return loss_T;
    }
#endif
    parallelFor(T, /*grain=*/1, [&](int64_t begin, int64_t end) {
        kernels::crossEntropy(loss_T.data_ptr<float>() + begin, score_TV.data_ptr<float>() + begin * V,
                              target_T.const_data_ptr<int64_t>() + begin, end - begin, V, isGradientWanted);
    });
    return loss_T;
}

}  // namespace facet::engine
