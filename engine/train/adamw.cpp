#include "engine/train/adamw.h"

#include <ATen/core/grad_mode.h>

#if FACET_CUDA
#include "engine/gemma3/gpu_launch.h"
#include "kernels/adamw_gpu.h"

#include <c10/cuda/CUDAException.h>
#endif

#include <algorithm>

namespace facet::engine {

AdamW::AdamW(const std::vector<TrainedTensor>& trained, const AdamWSettings& settings) : m_settings(settings)
{
    for (const auto& [name, tensor] : trained) {
        const at::Tensor plain = tensor.detach();
        const at::ScalarType type = settings.hasMasters ? at::kFloat : plain.scalar_type();
        const int64_t count = plain.numel();
        m_parameters.push_back({name,
                                tensor,
                                plain.to(type),  // itself if it is of that type
                                {},
                                at::zeros({}, plain.options().dtype(at::kFloat)),
                                Moment(settings.moments, count, /*isSigned=*/true, plain.device()),
                                Moment(settings.moments, count, /*isSigned=*/false, plain.device()),
                                tensor.dim() > 1 ? settings.weightDecay : 0});
    }
}

void AdamW::accumulate()
{
    for (Parameter& parameter : m_parameters) {
        at::Tensor& gradient = parameter.tensor.mutable_grad();
        if (!gradient.defined())
            continue;
        if (!parameter.sum.defined())
            parameter.sum = gradient.to(parameter.master.scalar_type());
        else
            parameter.sum.add_(gradient);
        gradient.reset();
    }
}

std::vector<at::Tensor> AdamW::allSums() const
{
    std::vector<at::Tensor> sums;
    for (const Parameter& parameter : m_parameters)
        if (parameter.sum.defined())
            sums.push_back(parameter.sum);
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
    // A tensor that no token of this step reaches, such as a vision tower's without pictures, stays as it is:
    // as in torch.optim.
    std::vector<Parameter*> decayed, others;
    for (Parameter& parameter : m_parameters) {
        if (!parameter.sum.defined())
            continue;
        if (parameter.first.isFloat() && parameter.master.scalar_type() == at::kFloat)
            (parameter.weightDecay > 0 ? decayed : others).push_back(&parameter);
        else if (FACET_CUDA && parameter.master.is_cuda())
            stepByKernel(parameter, lr);
        else
            stepInPieces(parameter, lr);
    }
    stepTogether(decayed, lr);
    stepTogether(others, lr);
    roundMasters();
    dropGradients();
}

void AdamW::stepTogether(const std::vector<Parameter*>& parameters, double lr)
{
    if (parameters.empty())
        return;
    std::vector<at::Tensor> masters, sums, firsts, seconds, counts;
    for (const Parameter* parameter : parameters) {
        masters.push_back(parameter->master.view(-1));
        sums.push_back(parameter->sum.view(-1));
        firsts.push_back(parameter->first.values());
        seconds.push_back(parameter->second.values());
        counts.push_back(parameter->count);
    }
    at::_foreach_add_(counts, 1);
    at::_fused_adamw_(masters, sums, firsts, seconds, {}, counts, lr, m_settings.beta1, m_settings.beta2,
                      parameters.front()->weightDecay, m_settings.eps, /*amsgrad=*/false, /*maximize=*/false);
}

void AdamW::stepInPieces(Parameter& parameter, double lr)
{
    constexpr int64_t kPiece = 1 << 24;  // numbers that are widened at once
    static_assert(kPiece % Moment::kBlock == 0);
    const at::Tensor master = parameter.master.view(-1), sum = parameter.sum.view(-1);
    parameter.count.add_(1);
    for (int64_t begin = 0; begin < master.numel(); begin += kPiece) {
        const int64_t end = std::min(begin + kPiece, master.numel());
        const at::Tensor part = master.slice(0, begin, end);
        const at::Tensor wide = part.to(at::kFloat);
        const at::Tensor first = parameter.first.loaded(begin, end);
        const at::Tensor second = parameter.second.loaded(begin, end);
        at::_fused_adamw_({wide}, {sum.slice(0, begin, end).to(at::kFloat)}, {first}, {second}, {},
                          {parameter.count}, lr, m_settings.beta1, m_settings.beta2, parameter.weightDecay,
                          m_settings.eps, /*amsgrad=*/false, /*maximize=*/false);
        parameter.first.store(begin, first);
        parameter.second.store(begin, second);
        if (part.scalar_type() != at::kFloat)
            part.copy_(wide);
    }
}

#if FACET_CUDA

namespace {

kernels::GpuMoment raw(const Moment& moment)
{
    kernels::GpuMoment raw;
    raw.values = moment.values().data_ptr();
    if (moment.scales().defined()) {
        raw.scales = moment.scales().data_ptr<float>();
        raw.levels = moment.levels().const_data_ptr<float>();
        raw.numLevels = static_cast<int>(moment.levels().numel());
    } else {
        raw.type = gemma3::GpuLaunch::typeOf(moment.values());
    }
    return raw;
}

}  // namespace

void AdamW::stepByKernel(Parameter& parameter, double lr)
{
    static_assert(Moment::kBlock == kernels::kMomentBlock);
    const at::Tensor sum = parameter.sum.contiguous();
    parameter.count.add_(1);
    const kernels::AdamWStep step = {static_cast<float>(lr),
                                     static_cast<float>(m_settings.beta1),
                                     static_cast<float>(m_settings.beta2),
                                     static_cast<float>(m_settings.eps),
                                     static_cast<float>(parameter.weightDecay),
                                     parameter.count.const_data_ptr<float>()};
    const gemma3::GpuLaunch gpu(parameter.master);
    C10_CUDA_CHECK(kernels::adamWGpu(parameter.master.data_ptr(), sum.const_data_ptr(), raw(parameter.first),
                                     raw(parameter.second), step, sum.numel(), gpu.type(), gpu.stream()));
}

#else

void AdamW::stepByKernel(Parameter&, double) {}

#endif

/// Into the tensors that the model computes with.
void AdamW::roundMasters()
{
    std::vector<at::Tensor> tensors, masters;
    for (const Parameter& parameter : m_parameters)
        if (parameter.master.scalar_type() != parameter.tensor.scalar_type()) {
            tensors.push_back(parameter.tensor.detach());
            masters.push_back(parameter.master);
        }
    if (!tensors.empty())
        at::_foreach_copy_(tensors, masters);
}

void AdamW::dropGradients()
{
    for (Parameter& parameter : m_parameters)
        parameter.sum.reset();
}

std::map<std::string, at::Tensor> AdamW::state() const
{
    std::map<std::string, at::Tensor> state;
    for (const Parameter& parameter : m_parameters) {
        parameter.first.addTo(state, "first_moment." + parameter.name);
        parameter.second.addTo(state, "second_moment." + parameter.name);
        state["count." + parameter.name] = parameter.count;
        state["master." + parameter.name] = parameter.master;
    }
    return state;
}

core::Result<void> AdamW::setState(const std::map<std::string, at::Tensor>& saved)
{
    const at::NoGradGuard noGradients;
    const std::map<std::string, at::Tensor> own = state();
    for (const auto& [name, tensor] : own) {
        const auto found = saved.find(name);
        if (found == saved.end() || found->second.numel() != tensor.numel() ||
            found->second.scalar_type() != tensor.scalar_type())
            return core::Error{core::ErrorCode::InvalidInput,
                               "the saved state of the optimizer has no fitting " + name};
    }
    for (const auto& [name, tensor] : own)
        tensor.detach().copy_(saved.at(name).view_as(tensor));
    roundMasters();
    return {};
}

}  // namespace facet::engine
