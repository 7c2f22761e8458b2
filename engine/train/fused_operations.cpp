#include "engine/train/fused_operations.h"

#include "engine/gemma3/attention.h"
#include "engine/train/packed_batch.h"
#include "engine/train/recompute.h"

#include <algorithm>

#if FACET_CUDA
#include "engine/gemma3/gpu_launch.h"
#include "kernels/training_gpu.h"

#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <c10/cuda/CUDAException.h>
#include <torch/csrc/autograd/custom_function.h>
#endif

namespace facet::engine {
namespace {

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

#if FACET_CUDA

namespace {

using gemma3::GpuLaunch;
using gemma3::Rotation;
using gemma3::Segment;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool isTaken(const at::Tensor& x)
{
    return (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && x.size(-1) % 8 == 0;
}

/// Where the kernels leave a norm's weight gradient in parts; nothing if it is not wanted.
class WeightGradient {
public:
    WeightGradient(bool isWanted, int64_t numRows, const at::Tensor& weight) : m_type(weight.scalar_type())
    {
        if (isWanted)
            m_partial_PW = at::empty({kernels::numWeightPartials(numRows), weight.numel()},
                                     weight.options().dtype(at::kFloat));
    }

    float* partials() const { return m_partial_PW.defined() ? m_partial_PW.data_ptr<float>() : nullptr; }
    at::Tensor sum() const { return m_partial_PW.defined() ? m_partial_PW.sum(0).to(m_type) : at::Tensor(); }

private:
    at::ScalarType m_type;
    at::Tensor m_partial_PW;
};

/// {dx, the weight's gradient or none} of y = norm(x).
std::pair<at::Tensor, at::Tensor> normBackward(const at::Tensor& gradient, const at::Tensor& x,
                                               const at::Tensor& weight, double eps, bool isWeightTrained)
{
    const at::Tensor dy = gradient.contiguous(), dx = at::empty_like(x);
    const int64_t width = x.size(-1), numRows = x.numel() / width;
    const at::Tensor unit = at::empty({numRows}, x.options().dtype(at::kFloat));
    const WeightGradient ofWeight(isWeightTrained, numRows, weight);
    const GpuLaunch gpu(x);
    C10_CUDA_CHECK(kernels::rmsNormBackwardGpu(
        dx.data_ptr(), ofWeight.partials(), unit.data_ptr<float>(), dy.const_data_ptr(), x.const_data_ptr(),
        weight.const_data_ptr(), numRows, width, static_cast<float>(eps), gpu.type(), gpu.stream()));
    return {dx, ofWeight.sum()};
}

struct Norm : torch::autograd::Function<Norm> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              double eps)
    {
        context->save_for_backward({x, weight});
        context->saved_data["eps"] = eps;
        return gemma3::gpuOperations().norm(x, weight, eps);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const auto [dx, dWeight] =
            normBackward(gradient[0], saved[0], saved[1], context->saved_data["eps"].toDouble(),
                         context->needs_input_grad(1));
        return {dx, dWeight, {}};
    }
};

struct AddNorm : torch::autograd::Function<AddNorm> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& update,
                              const at::Tensor& weight, double eps)
    {
        context->save_for_backward({update, weight});
        context->saved_data["eps"] = eps;
        return gemma3::gpuOperations().addNorm(x, update, weight, eps);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const auto [dUpdate, dWeight] =
            normBackward(gradient[0], saved[0], saved[1], context->saved_data["eps"].toDouble(),
                         context->needs_input_grad(2));
        return {gradient[0], dUpdate, dWeight, {}};
    }
};

struct NormRotate : torch::autograd::Function<NormRotate> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x_TNH, const at::Tensor& weight,
                              double eps, const Rotation& rotation)
    {
        context->save_for_backward({x_TNH, weight, rotation.cos_Th, rotation.sin_Th});
        context->saved_data["eps"] = eps;
        return gemma3::gpuOperations().normRotate(x_TNH, weight, eps, rotation);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x_TNH = saved[0], &weight = saved[1];
        const at::Tensor dy_TNH = gradient[0].contiguous(), dx_TNH = at::empty_like(x_TNH);
        const int64_t T = x_TNH.size(0), N = x_TNH.size(1), H = x_TNH.size(2);
        const at::Tensor unit = at::empty({T * N}, x_TNH.options().dtype(at::kFloat));
        const WeightGradient ofWeight(context->needs_input_grad(1), T * N, weight);
        const GpuLaunch gpu(x_TNH);
        C10_CUDA_CHECK(kernels::rmsNormRotateBackwardGpu(
            dx_TNH.data_ptr(), ofWeight.partials(), unit.data_ptr<float>(), dy_TNH.const_data_ptr(),
            x_TNH.const_data_ptr(), weight.const_data_ptr(), saved[2].const_data_ptr<float>(),
            saved[3].const_data_ptr<float>(), T, N, H,
            static_cast<float>(context->saved_data["eps"].toDouble()), gpu.type(), gpu.stream()));
        return {dx_TNH, ofWeight.sum(), {}, {}};
    }
};

struct GatedGelu : torch::autograd::Function<GatedGelu> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_TF, const at::Tensor& up_TF)
    {
        context->save_for_backward({gate_TF, up_TF});
        return gemma3::gpuOperations().gatedGelu(gate_TF, up_TF);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor dy_TF = gradient[0].contiguous();
        const at::Tensor dGate_TF = at::empty_like(saved[0]), dUp_TF = at::empty_like(saved[1]);
        const GpuLaunch gpu(dy_TF);
        C10_CUDA_CHECK(kernels::gatedGeluBackwardGpu(
            dGate_TF.data_ptr(), dUp_TF.data_ptr(), dy_TF.const_data_ptr(), saved[0].const_data_ptr(),
            saved[1].const_data_ptr(), dy_TF.numel(), gpu.type(), gpu.stream()));
        return {dGate_TF, dUp_TF};
    }
};

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    return isTaken(x) ? Norm::apply(x.contiguous(), weight, eps) : kTrainingOperations.norm(x, weight, eps);
}

at::Tensor addNorm(const at::Tensor& x, const at::Tensor& update, const at::Tensor& weight, double eps)
{
    return isTaken(x) ? AddNorm::apply(x, update.contiguous(), weight, eps)
                      : kTrainingOperations.addNorm(x, update, weight, eps);
}

at::Tensor normRotate(const at::Tensor& x_TNH, const at::Tensor& weight, double eps, const Rotation& rotation)
{
    return isTaken(x_TNH) ? NormRotate::apply(x_TNH.contiguous(), weight, eps, rotation)
                          : kTrainingOperations.normRotate(x_TNH, weight, eps, rotation);
}

at::Tensor gatedGelu(const at::Tensor& gate_TF, const at::Tensor& up_TF)
{
    return isTaken(gate_TF) ? GatedGelu::apply(gate_TF.contiguous(), up_TF.contiguous())
                            : kTrainingOperations.gatedGelu(gate_TF, up_TF);
}

// --- attention
// ---------------------------------------------------------------------------------------------

/// What LibTorch's flash attention is told of a window and of pictures; see attendOnGpu().
struct Sight {
    Sight(int64_t window, bool isImage)
        : isCausal(!isImage && window == 0),
          left(window > 0 ? std::optional<int64_t>(window - 1) : std::nullopt),
          right(window > 0 && !isImage ? std::optional<int64_t>(0) : std::nullopt)
    {
    }

    bool isCausal;
    std::optional<int64_t> left, right;
};

/// One call: queries [begin, begin + numQueries) and the keys they see, all in rows of the pack.
struct Piece {
    int64_t begin, numQueries, firstKey, numKeys;
    bool isImage;
};

/// Whole documents of text, which one call can take; else undefined. int32 [documents + 1].
at::Tensor documentStarts(const std::vector<Segment>& segments)
{
    std::vector<int32_t> starts = {0};
    for (const Segment& segment : segments) {
        if (segment.isImage || segment.numBefore > 0)
            return {};
        starts.push_back(starts.back() + static_cast<int32_t>(segment.numTokens));
    }
    return at::tensor(starts, at::kInt);
}

std::vector<Piece> piecesOf(const std::vector<Segment>& segments, int64_t window)
{
    std::vector<Piece> pieces;
    int64_t row = 0;
    for (const Segment& segment : segments) {
        const int64_t before = window > 0 ? std::min(segment.numBefore, window - 1) : segment.numBefore;
        pieces.push_back({row, segment.numTokens, row - before, before + segment.numTokens, segment.isImage});
        row += segment.numTokens;
    }
    return pieces;
}

struct PackAttention : torch::autograd::Function<PackAttention> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& q_TNH, const at::Tensor& k_TKH,
                              const at::Tensor& v_TKH, const std::vector<Segment>& segments, int64_t window,
                              double scale)
    {
        context->saved_data["window"] = window;
        context->saved_data["scale"] = scale;
        variable_list saved = {q_TNH, k_TKH, v_TKH};
        at::Tensor y_TNH;
        const auto call = [&](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const std::optional<at::Tensor>& starts, int64_t T, int64_t S, bool isImage) {
            const Sight sight(window, isImage);
            auto [y, logSum, random, unused, mask] =
                at::_flash_attention_forward(q, k, v, starts, starts, T, S, /*dropout_p=*/0, sight.isCausal,
                                             /*return_debug_mask=*/false, scale, sight.left, sight.right);
            saved.insert(saved.end(), {logSum, random, unused});
            return y;
        };

        if (at::Tensor starts = documentStarts(segments); starts.defined()) {
            int64_t longest = 0;
            for (const Segment& segment : segments)
                longest = std::max(longest, segment.numTokens);
            starts = sentTo(q_TNH.device(), starts);
            y_TNH = call(q_TNH, k_TKH, v_TKH, starts, longest, longest, /*isImage=*/false);
            saved.insert(saved.end(), {y_TNH, starts});
            context->saved_data["longest"] = longest;
        } else {
            std::vector<int64_t> numbers;
            y_TNH = at::empty_like(q_TNH);
            for (const Piece& piece : piecesOf(segments, window)) {
                const auto rows = [](const at::Tensor& x, int64_t begin, int64_t count) {
                    return x.narrow(0, begin, count).unsqueeze(0);
                };
                y_TNH.narrow(0, piece.begin, piece.numQueries)
                    .copy_(call(rows(q_TNH, piece.begin, piece.numQueries),
                                rows(k_TKH, piece.firstKey, piece.numKeys),
                                rows(v_TKH, piece.firstKey, piece.numKeys), {}, piece.numQueries,
                                piece.numKeys, piece.isImage)
                               .squeeze(0));
                numbers.insert(numbers.end(),
                               {piece.begin, piece.numQueries, piece.firstKey, piece.numKeys, piece.isImage});
            }
            saved.push_back(y_TNH);
            context->saved_data["pieces"] = numbers;
        }
        context->save_for_backward(saved);
        return y_TNH;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &q_TNH = saved[0], &k_TKH = saved[1], &v_TKH = saved[2];
        const at::Tensor dy_TNH = gradient[0].contiguous();
        const int64_t window = context->saved_data["window"].toInt();
        const double scale = context->saved_data["scale"].toDouble();
        if (const auto longest = context->saved_data.find("longest"); longest != context->saved_data.end()) {
            const Sight sight(window, /*isImage=*/false);
            const int64_t L = longest->second.toInt();
            auto [dq, dk, dv] = at::_flash_attention_backward(
                dy_TNH, q_TNH, k_TKH, v_TKH, saved[6], saved[3], saved[7], saved[7], L, L, /*dropout_p=*/0,
                sight.isCausal, saved[4], saved[5], scale, sight.left, sight.right);
            return {dq, dk, dv, {}, {}, {}};
        }

        const at::Tensor& y_TNH = saved.back();
        const at::Tensor dq_TNH = at::empty_like(q_TNH);
        const at::Tensor dk_TKH = at::zeros_like(k_TKH, at::kFloat), dv_TKH = at::zeros_like(dk_TKH);
        const std::vector<int64_t> numbers = context->saved_data["pieces"].toIntVector();
        for (size_t i = 0; 5 * i < numbers.size(); ++i) {
            const Piece piece = {numbers[5 * i], numbers[5 * i + 1], numbers[5 * i + 2], numbers[5 * i + 3],
                                 numbers[5 * i + 4] != 0};
            const Sight sight(window, piece.isImage);
            const auto queries = [&](const at::Tensor& x) {
                return x.narrow(0, piece.begin, piece.numQueries).unsqueeze(0);
            };
            const auto keys = [&](const at::Tensor& x) {
                return x.narrow(0, piece.firstKey, piece.numKeys).unsqueeze(0);
            };
            const auto [dq, dk, dv] = at::_flash_attention_backward(
                queries(dy_TNH), queries(q_TNH), keys(k_TKH), keys(v_TKH), queries(y_TNH), saved[3 + 3 * i],
                {}, {}, piece.numQueries, piece.numKeys, /*dropout_p=*/0, sight.isCausal, saved[4 + 3 * i],
                saved[5 + 3 * i], scale, sight.left, sight.right);
            queries(dq_TNH).copy_(dq);
            keys(dk_TKH).add_(dk);
            keys(dv_TKH).add_(dv);
        }
        return {dq_TNH, dk_TKH.to(k_TKH.scalar_type()), dv_TKH.to(v_TKH.scalar_type()), {}, {}, {}};
    }
};

at::Tensor attendPack(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                      const std::vector<Segment>& segments, int64_t window, double scale)
{
    if (q_TNH.scalar_type() == at::kBFloat16 && q_TNH.size(2) % 8 == 0 && q_TNH.size(2) <= 256)
        return PackAttention::apply(q_TNH, k_TKH, v_TKH, segments, window, scale).flatten(1);
    return gemma3::attendSegments(q_TNH, k_TKH, v_TKH, segments, window, scale, kTrainingOperations,
                                  /*layer=*/0);
}

}  // namespace

gemma3::Operations fusedOperations()
{
    return {norm, addNorm, normRotate, gatedGelu, kTrainingOperations.attend, attendPack};
}

at::Tensor crossEntropyInPlace(const at::Tensor& score_TV, const at::Tensor& target_T, bool isGradientWanted)
{
    if (!score_TV.is_cuda() || !isTaken(score_TV))
        return plainCrossEntropy(score_TV, target_T, isGradientWanted);
    const int64_t T = score_TV.size(0), V = score_TV.size(1);
    const at::Tensor loss_T = at::empty({T}, score_TV.options().dtype(at::kFloat));
    const GpuLaunch gpu(score_TV);
    C10_CUDA_CHECK(kernels::crossEntropyGpu(loss_T.data_ptr<float>(), score_TV.data_ptr(),
                                            target_T.const_data_ptr<int64_t>(), T, V, isGradientWanted,
                                            gpu.type(), gpu.stream()));
    return loss_T;
}

#else

gemma3::Operations fusedOperations()
{
    return kTrainingOperations;
}

at::Tensor crossEntropyInPlace(const at::Tensor& score_TV, const at::Tensor& target_T, bool isGradientWanted)
{
    return plainCrossEntropy(score_TV, target_T, isGradientWanted);
}

#endif

}  // namespace facet::engine
