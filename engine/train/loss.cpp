#include "engine/train/loss.h"

#include "engine/train/fused_operations.h"
#include "engine/train/packed_batch.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace facet::engine {
namespace {

struct Gradients {
    bool ofHidden = false;
    bool ofHead = false;
};

/// sum += a * b, where the sum is float and the factors may be bfloat16.
void addProduct(at::Tensor& sum, const at::Tensor& a, const at::Tensor& b)
{
    if (a.scalar_type() == at::kFloat)
        sum.addmm_(a, b);
    else if (sum.is_cuda())
        at::addmm_outf(sum, a, b, at::kFloat, /*beta=*/1, /*alpha=*/1, sum);
    else
        sum += a.matmul(b);
}

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
    /// `head_VD` is the head's tensor if it is trained, else anything.
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden_TD,
                              const at::Tensor& head_VD, const gemma3::WeightMatrix& head,
                              const at::Tensor& target_T, int64_t chunk, Gradients wanted)
    {
        const int64_t T = hidden_TD.size(0);
        const auto float32 = hidden_TD.options().dtype(at::kFloat);
        at::Tensor sum = at::zeros({}, float32);
        at::Tensor hiddenGradient_TD, headGradient_VD;
        if (wanted.ofHidden)
            hiddenGradient_TD = at::empty_like(hidden_TD);
        if (wanted.ofHead)
            headGradient_VD = at::zeros(head_VD.sizes(), float32);

        for (int64_t begin = 0; begin < T; begin += chunk) {
            const int64_t count = std::min(chunk, T - begin);
            const at::Tensor h_TD = hidden_TD.narrow(0, begin, count);
            const at::Tensor score_TV = head(h_TD);
            sum += crossEntropyInPlace(score_TV, target_T.narrow(0, begin, count),
                                       wanted.ofHidden || wanted.ofHead)
                       .sum();
            const at::Tensor& gradient_TV = score_TV;  // from here on
            if (wanted.ofHidden)
                hiddenGradient_TD.narrow(0, begin, count).copy_(head.transposedTimes(gradient_TV));
            if (wanted.ofHead)
                addProduct(headGradient_VD, gradient_TV.t(), h_TD);
        }
        context->saved_data["hidden"] = hiddenGradient_TD;
        context->saved_data["head"] = headGradient_VD;
        return sum;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradient)
    {
        const auto scaled = [&](const char* name, at::ScalarType type) {
            const at::Tensor saved = context->saved_data[name].toTensor();
            return saved.defined() ? saved.mul_(gradient[0]).to(type)
                                   : saved;  // there is but one backward pass
        };
        const at::Tensor hidden = context->saved_data["hidden"].toTensor();
        const at::ScalarType type = hidden.defined() ? hidden.scalar_type() : at::kFloat;
        return {scaled("hidden", type), scaled("head", type), {}, {}, {}, {}};
    }
};

}  // namespace

at::Tensor sumOfCrossEntropy(const at::Tensor& hidden_TD, const gemma3::WeightMatrix& head,
                             const at::Tensor& target_T, int64_t maxScores)
{
    const at::Tensor index_T = (target_T != kNoTarget).nonzero().squeeze(1);
    const at::Device device = hidden_TD.device();
    const at::Tensor head_VD = head.trainedTensor();
    const bool hasGradients = at::GradMode::is_enabled();
    const Gradients wanted = {hasGradients && hidden_TD.requires_grad(), hasGradients && head_VD.defined()};
    if (maxScores == 0)
        maxScores = device.is_cuda() ? int64_t{1} << 29 : int64_t{1} << 27;
    const int64_t chunk = std::max<int64_t>(1, maxScores / head.numRows());
    // LibTorch takes no undefined tensor here.
    return CrossEntropy::apply(hidden_TD.index_select(0, sentTo(device, index_T)),
                               wanted.ofHead ? head_VD : target_T, head,
                               sentTo(device, target_T.index_select(0, index_T)), chunk, wanted);
}

}  // namespace facet::engine
