#include "engine/train/operation_gradients.h"

#include "engine/gemma3/attention.h"
#include "engine/parallel_for.h"
#include "kernels/training.h"

#include <algorithm>

#if FACET_CUDA
#include "engine/gemma3/gpu_launch.h"
#include "kernels/training_gpu.h"

#include <c10/cuda/CUDAException.h>
#endif

namespace facet::engine {
namespace {

using gemma3::Rotation;

constexpr int64_t kWorth = 16'384;  // floats to go over before a second thread pays

const float* in(const at::Tensor& tensor)
{
    return tensor.const_data_ptr<float>();
}

/// Calls body(begin, end, weightGradient) on parts of the rows. Each part sums up the weight's gradient for
/// itself, and there are as many parts on any number of threads, so that the sum never depends on them.
template <typename Body>
at::Tensor overParts(int64_t numRows, int64_t rowSize, const at::Tensor& weight, bool isWeightTrained,
                     const Body& body)
{
    constexpr int64_t kMostParts = 16;
    const int64_t numParts = std::clamp<int64_t>(numRows * rowSize / kWorth, 1, kMostParts);
    at::Tensor partial_PW;
    if (isWeightTrained)
        partial_PW = at::zeros({numParts, weight.numel()}, weight.options());
    parallelFor(numParts, 1, [&](int64_t first, int64_t last) {
        for (int64_t part = first; part < last; ++part)
            body(numRows * part / numParts, numRows * (part + 1) / numParts,
                 isWeightTrained ? partial_PW.data_ptr<float>() + part * weight.numel() : nullptr);
    });
    return isWeightTrained ? partial_PW.sum(0) : at::Tensor();
}

NormGradients normBackwardOnCpu(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                                double eps, bool isWeightTrained)
{
    const int64_t width = x.size(-1);
    const at::Tensor dx = at::empty_like(x);
    return {dx, overParts(x.numel() / width, width, weight, isWeightTrained,
                          [&](int64_t begin, int64_t end, float* weightGradient) {
                              const int64_t from = begin * width;
                              kernels::rmsNormBackward(dx.data_ptr<float>() + from, weightGradient,
                                                       in(dy) + from, in(x) + from, in(weight), end - begin,
                                                       width, static_cast<float>(eps));
                          })};
}

NormGradients normRotateBackwardOnCpu(const at::Tensor& dy_TNH, const at::Tensor& x_TNH,
                                      const at::Tensor& weight, const Rotation& rotation, double eps,
                                      bool isWeightTrained)
{
    const int64_t T = x_TNH.size(0), N = x_TNH.size(1), H = x_TNH.size(2);
    const at::Tensor dx_TNH = at::empty_like(x_TNH);
    return {
        dx_TNH,
        overParts(T, N * H, weight, isWeightTrained, [&](int64_t begin, int64_t end, float* weightGradient) {
            const int64_t from = begin * N * H, angle = begin * H / 2;
            kernels::rmsNormRotateBackward(dx_TNH.data_ptr<float>() + from, weightGradient, in(dy_TNH) + from,
                                           in(x_TNH) + from, in(weight), in(rotation.cos_Th) + angle,
                                           in(rotation.sin_Th) + angle, end - begin, N, H,
                                           static_cast<float>(eps));
        })};
}

std::pair<at::Tensor, at::Tensor> gatedGeluBackwardOnCpu(const at::Tensor& dy_TF, const at::Tensor& gate_TF,
                                                         const at::Tensor& up_TF)
{
    const at::Tensor dGate_TF = at::empty_like(gate_TF), dUp_TF = at::empty_like(up_TF);
    parallelFor(dy_TF.numel(), kWorth / 4, [&](int64_t begin, int64_t end) {
        kernels::gatedGeluBackward(dGate_TF.data_ptr<float>() + begin, dUp_TF.data_ptr<float>() + begin,
                                   in(dy_TF) + begin, in(gate_TF) + begin, in(up_TF) + begin, end - begin);
    });
    return {dGate_TF, dUp_TF};
}

#if FACET_CUDA

using gemma3::GpuLaunch;

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

NormGradients normBackwardOnGpu(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                                double eps, bool isWeightTrained)
{
    const at::Tensor dx = at::empty_like(x);
    const int64_t width = x.size(-1), numRows = x.numel() / width;
    const at::Tensor unit = at::empty({numRows}, x.options().dtype(at::kFloat));
    const WeightGradient ofWeight(isWeightTrained, numRows, weight);
    const GpuLaunch gpu(x);
    C10_CUDA_CHECK(kernels::rmsNormBackwardGpu(
        dx.data_ptr(), ofWeight.partials(), unit.data_ptr<float>(), dy.const_data_ptr(), x.const_data_ptr(),
        weight.const_data_ptr(), numRows, width, static_cast<float>(eps), gpu.type(), gpu.stream()));
    return {dx, ofWeight.sum()};
}

NormGradients normRotateBackwardOnGpu(const at::Tensor& dy_TNH, const at::Tensor& x_TNH,
                                      const at::Tensor& weight, const Rotation& rotation, double eps,
                                      bool isWeightTrained)
{
    const at::Tensor dx_TNH = at::empty_like(x_TNH);
    const int64_t T = x_TNH.size(0), N = x_TNH.size(1), H = x_TNH.size(2);
    const at::Tensor unit = at::empty({T * N}, x_TNH.options().dtype(at::kFloat));
    const WeightGradient ofWeight(isWeightTrained, T * N, weight);
    const GpuLaunch gpu(x_TNH);
    C10_CUDA_CHECK(kernels::rmsNormRotateBackwardGpu(
        dx_TNH.data_ptr(), ofWeight.partials(), unit.data_ptr<float>(), dy_TNH.const_data_ptr(),
        x_TNH.const_data_ptr(), weight.const_data_ptr(), rotation.cos_Th.const_data_ptr<float>(),
        rotation.sin_Th.const_data_ptr<float>(), T, N, H, static_cast<float>(eps), gpu.type(), gpu.stream()));
    return {dx_TNH, ofWeight.sum()};
}

std::pair<at::Tensor, at::Tensor> gatedGeluBackwardOnGpu(const at::Tensor& dy_TF, const at::Tensor& gate_TF,
                                                         const at::Tensor& up_TF)
{
    const at::Tensor dGate_TF = at::empty_like(gate_TF), dUp_TF = at::empty_like(up_TF);
    const GpuLaunch gpu(dy_TF);
    C10_CUDA_CHECK(kernels::gatedGeluBackwardGpu(
        dGate_TF.data_ptr(), dUp_TF.data_ptr(), dy_TF.const_data_ptr(), gate_TF.const_data_ptr(),
        up_TF.const_data_ptr(), dy_TF.numel(), gpu.type(), gpu.stream()));
    return {dGate_TF, dUp_TF};
}

#endif

}  // namespace

bool haveKernels(const at::Tensor& x)
{
    if (x.is_cpu())
        return x.scalar_type() == at::kFloat;
#if FACET_CUDA
    return x.is_cuda() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
           x.size(-1) % 8 == 0;
#else
    return false;
#endif
}

NormGradients normBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, double eps,
                           bool isWeightTrained)
{
#if FACET_CUDA
    if (x.is_cuda())
        return normBackwardOnGpu(dy.contiguous(), x, weight, eps, isWeightTrained);
#endif
    return normBackwardOnCpu(dy.contiguous(), x, weight, eps, isWeightTrained);
}

NormGradients normRotateBackward(const at::Tensor& dy_TNH, const at::Tensor& x_TNH, const at::Tensor& weight,
                                 const Rotation& rotation, double eps, bool isWeightTrained)
{
#if FACET_CUDA
    if (x_TNH.is_cuda())
        return normRotateBackwardOnGpu(dy_TNH.contiguous(), x_TNH, weight, rotation, eps, isWeightTrained);
#endif
    return normRotateBackwardOnCpu(dy_TNH.contiguous(), x_TNH, weight, rotation, eps, isWeightTrained);
}

std::pair<at::Tensor, at::Tensor> gatedGeluBackward(const at::Tensor& dy_TF, const at::Tensor& gate_TF,
                                                    const at::Tensor& up_TF)
{
#if FACET_CUDA
    if (dy_TF.is_cuda())
        return gatedGeluBackwardOnGpu(dy_TF.contiguous(), gate_TF, up_TF);
#endif
    return gatedGeluBackwardOnCpu(dy_TF.contiguous(), gate_TF, up_TF);
}

}  // namespace facet::engine
