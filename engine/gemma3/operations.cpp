#include "engine/gemma3/operations.h"

#include "engine/gemma3/attention.h"
#include "engine/parallel_for.h"
#include "kernels/text_layer.h"

#include <algorithm>

namespace facet::engine::gemma3 {
namespace {

at::Tensor addNorm(const at::Tensor& x, const at::Tensor& update, const at::Tensor& weight, double eps)
{
    return x + rmsNorm(update, weight, eps);
}

at::Tensor normRotate(const at::Tensor& x_TNH, const at::Tensor& weight, double eps, const Rotation& rotation)
{
    return rotate(rmsNorm(x_TNH, weight, eps), rotation);
}

at::Tensor gatedGelu(const at::Tensor& gate_TF, const at::Tensor& up_TF)
{
    return at::gelu(gate_TF, "tanh") * up_TF;
}

// On a CPU:

constexpr int64_t kWorth = 32'768;  // floats to go over before a second thread pays

const float* in(const at::Tensor& tensor)
{
    return tensor.const_data_ptr<float>();
}

/// Calls body(begin, end) on ranges of rows of `width` floats.
template <typename Body>
void overRows(int64_t numRows, int64_t width, const Body& body)
{
    parallelFor(numRows, std::max<int64_t>(1, kWorth / width), body);
}

at::Tensor normOnCpu(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    const int64_t width = x.size(-1);
    const at::Tensor y = at::empty_like(x);
    overRows(x.numel() / width, width, [&](int64_t begin, int64_t end) {
        kernels::rmsNorm(y.data_ptr<float>() + begin * width, in(x) + begin * width, in(weight), end - begin,
                         width, static_cast<float>(eps));
    });
    return y;
}

at::Tensor addNormOnCpu(const at::Tensor& x, const at::Tensor& update, const at::Tensor& weight, double eps)
{
    const int64_t width = x.size(-1);
    const at::Tensor y = at::empty_like(x);
    overRows(x.numel() / width, width, [&](int64_t begin, int64_t end) {
        kernels::addRmsNorm(y.data_ptr<float>() + begin * width, in(x) + begin * width,
                            in(update) + begin * width, in(weight), end - begin, width,
                            static_cast<float>(eps));
    });
    return y;
}

at::Tensor normRotateOnCpu(const at::Tensor& x_TNH, const at::Tensor& weight, double eps,
                           const Rotation& rotation)
{
    const int64_t T = x_TNH.size(0), N = x_TNH.size(1), H = x_TNH.size(2);
    const at::Tensor y_TNH = at::empty_like(x_TNH);
    overRows(T, N * H, [&](int64_t begin, int64_t end) {
        kernels::rmsNormRotate(y_TNH.data_ptr<float>() + begin * N * H, in(x_TNH) + begin * N * H, in(weight),
                               in(rotation.cos_Th) + begin * H / 2, in(rotation.sin_Th) + begin * H / 2,
                               end - begin, N, H, static_cast<float>(eps));
    });
    return y_TNH;
}

at::Tensor gatedGeluOnCpu(const at::Tensor& gate_TF, const at::Tensor& up_TF)
{
    const at::Tensor y_TF = at::empty_like(gate_TF);
    parallelFor(gate_TF.numel(), kWorth / 4, [&](int64_t begin, int64_t end) {
        kernels::gatedGelu(y_TF.data_ptr<float>() + begin, in(gate_TF) + begin, in(up_TF) + begin,
                           end - begin);
    });
    return y_TF;
}

/// One token, as in decoding, by the kernel; a stretch of a prompt is a product, which LibTorch does well.
at::Tensor attendOnCpu(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH,
                       int64_t window, bool isImage, double scale)
{
    if (q_TNH.size(0) > 1)
        return attend(q_TNH, k_KSH, v_KSH, window, isImage, scale);
    const int64_t N = q_TNH.size(1), H = q_TNH.size(2), G = N / k_KSH.size(0);
    const int64_t firstKey = window > 0 ? std::max<int64_t>(0, k_KSH.size(1) - window) : 0;
    const int64_t S = k_KSH.size(1) - firstKey;

    const at::Tensor y_1X = at::empty({1, N * H}, q_TNH.options());
    const at::Tensor score_NS = at::empty({N, S}, q_TNH.options());
    parallelFor(N, std::max<int64_t>(1, kWorth / (2 * S * H)), [&](int64_t begin, int64_t end) {
        for (int64_t head = begin; head < end; ++head)
            kernels::attendOne(y_1X.data_ptr<float>() + head * H, in(q_TNH) + head * H,
                               in(k_KSH) + head / G * k_KSH.stride(0) + firstKey * H,
                               in(v_KSH) + head / G * v_KSH.stride(0) + firstKey * H,
                               score_NS.data_ptr<float>() + head * S, S, H, static_cast<float>(scale));
    });
    return y_1X;
}

}  // namespace

const Operations kPlainOperations = {rmsNorm, addNorm, normRotate, gatedGelu, attend};

const Operations kCpuOperations = {normOnCpu, addNormOnCpu, normRotateOnCpu, gatedGeluOnCpu, attendOnCpu};

}  // namespace facet::engine::gemma3
