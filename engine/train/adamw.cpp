#include "engine/train/adamw.h"

#include <ATen/core/grad_mode.h>

namespace facet::engine {

AdamW::AdamW(const std::vector<TrainedTensor>& trained, const AdamWSettings& settings)
    : m_settings(settings), m_groups(2)
{
    m_groups[0].weightDecay = settings.weightDecay;
    for (const auto& [name, tensor] : trained) {
        Group& group = m_groups[tensor.dim() > 1 ? 0 : 1];
        const at::Tensor plain = tensor.detach();
        const auto float32 = plain.options().dtype(at::kFloat);
        group.names.push_back(name);
        group.tensors.push_back(tensor);
        group.masters.push_back(plain.to(float32));  // itself if it is float
        group.sums.emplace_back();
        group.firstMoments.push_back(at::zeros_like(plain, float32));
        group.secondMoments.push_back(at::zeros_like(plain, float32));
        group.counts.push_back(at::zeros({}, float32));
    }
}

void AdamW::accumulate()
{
    for (Group& group : m_groups)
        for (size_t index = 0; index < group.tensors.size(); ++index) {
            at::Tensor& gradient = group.tensors[index].mutable_grad();
            at::Tensor& sum = group.sums[index];
            if (!gradient.defined())
                continue;
            if (!sum.defined())
                sum = gradient.to(at::kFloat);
            else
                sum.add_(gradient);
            gradient.reset();
        }
}

std::vector<at::Tensor> AdamW::allSums() const
{
    std::vector<at::Tensor> sums;
    for (const Group& group : m_groups)
        for (const at::Tensor& sum : group.sums)
            if (sum.defined())
                sums.push_back(sum);
    return sums;
}

double AdamW::gradientNorm() const
{
    const std::vector<at::Tensor> sums = allSums();
    if (sums.empty())
        return 0;
    return at::linalg_vector_norm(at::stack(at::_foreach_norm(sums)).to(at::kDouble)).item<double>();
}

void AdamW::clip(double norm, double longest)
{
    // The small number is that of torch.nn.utils.clip_grad_norm_.
    const double factor = longest / (norm + 1e-6);
    const std::vector<at::Tensor> sums = allSums();
    if (longest > 0 && factor < 1 && !sums.empty())
        at::_foreach_mul_(sums, factor);
}

void AdamW::step(double lr)
{
    const at::NoGradGuard noGradients;
    for (Group& group : m_groups) {
        // A tensor that no token of this step reaches, such as a vision tower's without pictures, stays as it
        // is: as in torch.optim.
        std::vector<at::Tensor> masters, sums, firstMoments, secondMoments, counts;
        for (size_t index = 0; index < group.tensors.size(); ++index) {
            if (!group.sums[index].defined())
                continue;
            masters.push_back(group.masters[index]);
            sums.push_back(group.sums[index]);
            firstMoments.push_back(group.firstMoments[index]);
            secondMoments.push_back(group.secondMoments[index]);
            counts.push_back(group.counts[index]);
        }
        if (masters.empty())
            continue;
        at::_foreach_add_(counts, 1);
        at::_fused_adamw_(masters, sums, firstMoments, secondMoments, {}, counts, lr, m_settings.beta1,
                          m_settings.beta2, group.weightDecay, m_settings.eps, /*amsgrad=*/false,
                          /*maximize=*/false);
        for (size_t index = 0; index < group.tensors.size(); ++index)
            if (group.tensors[index].scalar_type() != at::kFloat)
                group.tensors[index].detach().copy_(group.masters[index]);
    }
    dropGradients();
}

void AdamW::dropGradients()
{
    for (Group& group : m_groups)
        for (at::Tensor& sum : group.sums)
            sum.reset();
}

std::map<std::string, at::Tensor> AdamW::state() const
{
    std::map<std::string, at::Tensor> state;
    for (const Group& group : m_groups)
        for (size_t index = 0; index < group.names.size(); ++index) {
            const std::string& name = group.names[index];
            state["first_moment." + name] = group.firstMoments[index];
            state["second_moment." + name] = group.secondMoments[index];
            state["count." + name] = group.counts[index];
            state["master." + name] = group.masters[index];
        }
    return state;
}

core::Result<void> AdamW::setState(const std::map<std::string, at::Tensor>& saved)
{
    const at::NoGradGuard noGradients;
    const std::map<std::string, at::Tensor> own = state();
    for (const auto& [name, tensor] : own) {
        const auto found = saved.find(name);
        if (found == saved.end() || found->second.sizes() != tensor.sizes())
            return core::Error{core::ErrorCode::InvalidInput,
                               "the saved state of the optimizer has no fitting " + name};
    }
    for (const auto& [name, tensor] : own)
        tensor.detach().copy_(saved.at(name));
    for (Group& group : m_groups)
        for (size_t index = 0; index < group.tensors.size(); ++index)
            if (group.tensors[index].scalar_type() != at::kFloat)
                group.tensors[index].detach().copy_(group.masters[index]);
    return {};
}

}  // namespace facet::engine
