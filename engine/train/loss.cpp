#include "engine/train/loss.h"

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
            const at::Tensor target_T1 = target_T.narrow(0, begin, count).unsqueeze(1);
            at::Tensor score_TV = head(h_TD).to(at::kFloat);
            const at::Tensor logSum_T1 = score_TV.logsumexp(1, /*keepdim=*/true);
            sum += (logSum_T1 - score_TV.gather(1, target_T1)).sum();
            if (!wanted.ofHidden && !wanted.ofHead)
                continue;

            // d loss / d score = softmax - one-hot(target)
            const at::Tensor gradient_TV = score_TV.sub_(logSum_T1).exp_();
            gradient_TV.scatter_add_(1, target_T1, at::full_like(target_T1, -1, float32));
            const at::Tensor rounded_TV = gradient_TV.to(h_TD.scalar_type());
            if (wanted.ofHidden)
                hiddenGradient_TD.narrow(0, begin, count).copy_(head.transposedTimes(rounded_TV));
            if (wanted.ofHead)
                headGradient_VD += rounded_TV.t().matmul(h_TD);
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
            return saved.defined() ? (saved * gradient[0]).to(type) : saved;
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
    const int64_t chunk = std::max<int64_t>(1, maxScores / head.numRows());
    // LibTorch takes no undefined tensor here.
    return CrossEntropy::apply(hidden_TD.index_select(0, sentTo(device, index_T)),
                               wanted.ofHead ? head_VD : target_T, head,
                               sentTo(device, target_T.index_select(0, index_T)), chunk, wanted);
}

}  // namespace facet::engine
