#include "engine/gemma3/operations.h"

#include "engine/gemma3/attention.h"

#if FACET_CUDA
#include "engine/gemma3/gpu_launch.h"
#include "kernels/text_layer_gpu.h"

#include <ATen/ops/_flash_attention_forward.h>
#include <c10/cuda/CUDAException.h>

namespace facet::engine::gemma3 {
namespace {

bool isTaken(const at::Tensor& x)
{
    return x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
}

at::Tensor normOnGpu(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    if (!isTaken(x) || x.size(-1) % 2 != 0)
        return kPlainOperations.norm(x, weight, eps);
    const at::Tensor in = x.contiguous(), y = at::empty_like(in);
    const GpuLaunch gpu(x);
    C10_CUDA_CHECK(kernels::rmsNormGpu(y.data_ptr(), in.const_data_ptr(), weight.const_data_ptr(),
                                       x.numel() / x.size(-1), x.size(-1), static_cast<float>(eps),
                                       gpu.type(), gpu.stream()));
    return y;
}

at::Tensor addNormOnGpu(const at::Tensor& x, const at::Tensor& update, const at::Tensor& weight, double eps)
{
    if (!isTaken(x) || x.size(-1) % 2 != 0)
        return kPlainOperations.addNorm(x, update, weight, eps);
    const at::Tensor in = x.contiguous(), added = update.contiguous(), y = at::empty_like(in);
    const GpuLaunch gpu(x);
    C10_CUDA_CHECK(kernels::addRmsNormGpu(y.data_ptr(), in.const_data_ptr(), added.const_data_ptr(),
                                          weight.const_data_ptr(), x.numel() / x.size(-1), x.size(-1),
                                          static_cast<float>(eps), gpu.type(), gpu.stream()));
    return y;
}

at::Tensor normRotateOnGpu(const at::Tensor& x_TNH, const at::Tensor& weight, double eps,
                           const Rotation& rotation)
{
    const int64_t T = x_TNH.size(0), N = x_TNH.size(1), H = x_TNH.size(2);
    if (!isTaken(x_TNH) || H % 2 != 0)
        return kPlainOperations.normRotate(x_TNH, weight, eps, rotation);
    const at::Tensor in = x_TNH.contiguous(), y_TNH = at::empty_like(in);
    const GpuLaunch gpu(x_TNH);
    C10_CUDA_CHECK(kernels::rmsNormRotateGpu(y_TNH.data_ptr(), in.const_data_ptr(), N * H,
                                             weight.const_data_ptr(), rotation.cos_Th.const_data_ptr<float>(),
                                             rotation.sin_Th.const_data_ptr<float>(), T, N, H,
                                             static_cast<float>(eps), gpu.type(), gpu.stream()));
    return y_TNH;
}

at::Tensor gatedGeluOnGpu(const at::Tensor& gate_TF, const at::Tensor& up_TF)
{
    if (!isTaken(gate_TF) || gate_TF.numel() % 2 != 0)
        return kPlainOperations.gatedGelu(gate_TF, up_TF);
    const at::Tensor gate = gate_TF.contiguous(), up = up_TF.contiguous(), y_TF = at::empty_like(gate);
    const GpuLaunch gpu(gate);
    C10_CUDA_CHECK(kernels::gatedGeluGpu(y_TF.data_ptr(), gate.const_data_ptr(), up.const_data_ptr(),
                                         gate.numel(), gpu.type(), gpu.stream()));
    return y_TF;
}

/// Flash attention with a window and shared key heads, which never forms the matrix of scores. It takes
/// bfloat16 and heads of at most 256, in steps of 8.
at::Tensor attendOnGpu(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH,
                       int64_t window, bool isImage, double scale)
{
    const int64_t T = q_TNH.size(0), N = q_TNH.size(1), H = q_TNH.size(2);
    if (q_TNH.scalar_type() != at::kBFloat16 || H % 8 != 0 || H > 256)
        return attend(q_TNH, k_KSH, v_KSH, window, isImage, scale);
    // Keys beyond the window of the first query are not even handed over.
    const int64_t firstKey = window > 0 ? std::max<int64_t>(0, k_KSH.size(1) - T - window + 1) : 0;
    const int64_t S = k_KSH.size(1) - firstKey;
    const auto asBatch = [&](const at::Tensor& x_KSH) {
        return x_KSH.narrow(1, firstKey, S).transpose(0, 1).unsqueeze(0);  // [1, S, K, H]
    };
    // A text token sees nothing after itself, a picture's token all of its picture. Positions are counted
    // from the end.
    const std::optional<int64_t> left = window > 0 ? std::optional<int64_t>(window - 1) : std::nullopt;
    const std::optional<int64_t> right = isImage ? std::nullopt : std::optional<int64_t>(0);
    const at::Tensor y_1TNH =
        std::get<0>(at::_flash_attention_forward(q_TNH.unsqueeze(0), asBatch(k_KSH), asBatch(v_KSH),
                                                 /*cum_seq_q=*/{}, /*cum_seq_k=*/{}, T, S, /*dropout_p=*/0,
                                                 /*is_causal=*/!isImage && !left, /*return_debug_mask=*/false,
                                                 scale, left, left ? right : std::nullopt));
    return y_1TNH.reshape({T, N * H});
}

}  // namespace

Operations gpuOperations()
{
    return {normOnGpu, addNormOnGpu, normRotateOnGpu, gatedGeluOnGpu, attendOnGpu};
}

}  // namespace facet::engine::gemma3

#else

namespace facet::engine::gemma3 {

Operations gpuOperations()
{
    return kPlainOperations;
}

}  // namespace facet::engine::gemma3

#endif
