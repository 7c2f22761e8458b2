#include "engine/train/training_attention.h"

#include "engine/gemma3/attention.h"

#include <algorithm>
#include <vector>

namespace facet::engine {
namespace {

constexpr int64_t kBlock = 1024;  // queries, where no window says it

at::Tensor attendCausally(const at::Tensor& q_TNH, const at::Tensor& k_KTH, const at::Tensor& v_KTH,
                          double scale)
{
    const at::Tensor mixed_1NTH = at::scaled_dot_product_attention(
        q_TNH.transpose(0, 1).unsqueeze(0), k_KTH.unsqueeze(0), v_KTH.unsqueeze(0), {}, /*dropout_p=*/0,
        /*is_causal=*/true, scale, /*enable_gqa=*/q_TNH.size(1) != k_KTH.size(0));
    return mixed_1NTH.squeeze(0).transpose(0, 1).flatten(1);
}

}  // namespace

at::Tensor attendInBlocks(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH,
                          int64_t window, bool isImage, double scale)
{
    const int64_t T = q_TNH.size(0), before = k_KSH.size(1) - T;
    // On a GPU only the kernel for 16 bits shares keys between heads without a copy of them.
    const bool isCheapCausally = q_TNH.is_cpu() || q_TNH.scalar_type() != at::kFloat;
    if (!isImage && before == 0 && (window == 0 || T <= window) && isCheapCausally)
        return attendCausally(q_TNH, k_KSH, v_KSH, scale);

    const int64_t block = window > 0 ? window : kBlock;
    if (isImage || T <= block)
        return gemma3::attend(q_TNH, k_KSH, v_KSH, window, isImage, scale);
    std::vector<at::Tensor> mixed;
    for (int64_t begin = 0; begin < T; begin += block) {
        const int64_t count = std::min(block, T - begin), end = before + begin + count;
        mixed.push_back(gemma3::attend(q_TNH.narrow(0, begin, count), k_KSH.narrow(1, 0, end),
                                       v_KSH.narrow(1, 0, end), window, isImage, scale));
    }
    return at::cat(mixed);
}

}  // namespace facet::engine
