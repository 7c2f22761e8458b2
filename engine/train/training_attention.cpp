#include "engine/train/training_attention.h"

#include "engine/gemma3/attention.h"
#include "engine/train/fused_operations.h"

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

namespace facet::engine {
namespace {

constexpr int64_t kBlock = 1024;       // queries, where no window says it
constexpr int64_t kMostMasked = 1024;  // tokens of a document whose mask is made

at::Tensor attendCausally(const at::Tensor& q_TNH, const at::Tensor& k_KTH, const at::Tensor& v_KTH,
                          double scale)
{
    const at::Tensor mixed_1NTH = at::scaled_dot_product_attention(
        q_TNH.transpose(0, 1).unsqueeze(0), k_KTH.unsqueeze(0), v_KTH.unsqueeze(0), {}, /*dropout_p=*/0,
        /*is_causal=*/true, scale, /*enable_gqa=*/q_TNH.size(1) != k_KTH.size(0));
    return mixed_1NTH.squeeze(0).transpose(0, 1).flatten(1);
}

/// 0 where a query may look at a key, -infinity elsewhere. Shapes  [T, T]; the segments are one document's.
at::Tensor maskOf(std::span<const gemma3::Segment> segments, int64_t T, int64_t window,
                  at::TensorOptions options)
{
    const at::Tensor mask_TT = at::full({T, T}, -std::numeric_limits<float>::infinity(), at::kFloat);
    float* row = mask_TT.mutable_data_ptr<float>();
    for (const gemma3::Segment& segment : segments) {
        const int64_t end = segment.numBefore + segment.numTokens;
        for (int64_t query = segment.numBefore; query < end; ++query, row += T) {
            const int64_t first = window > 0 ? std::max<int64_t>(0, query - window + 1) : 0;
            std::fill(row + first, row + (segment.isImage ? end : query + 1), 0.0f);
        }
    }
    return mask_TT.to(options);
}

at::Tensor attendMasked(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                        const at::Tensor& mask_TT, double scale)
{
    const auto headsFirst = [](const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); };
    const at::Tensor mixed_1NTH = at::scaled_dot_product_attention(
        headsFirst(q_TNH), headsFirst(k_TKH), headsFirst(v_TKH), mask_TT, /*dropout_p=*/0,
        /*is_causal=*/false, scale, /*enable_gqa=*/q_TNH.size(1) != k_TKH.size(1));
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

at::Tensor attendDocuments(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                           const std::vector<gemma3::Segment>& segments, int64_t window, double scale)
{
    std::vector<at::Tensor> mixed;
    int64_t row = 0;
    for (auto begin = segments.begin(); begin != segments.end();) {
        const auto end =
            std::find_if(begin + 1, segments.end(), [](const auto& s) { return s.numBefore == 0; });
        const std::span document(begin, end);
        const int64_t T = document.back().numBefore + document.back().numTokens;
        const auto own = [&](const at::Tensor& x) { return x.narrow(0, row, T); };
        const bool isMasked = document.size() > 1 || document.front().isImage || (window > 0 && T > window);
        if (q_TNH.is_cpu() && isMasked && T <= kMostMasked)
            mixed.push_back(attendMasked(own(q_TNH), own(k_TKH), own(v_TKH),
                                         maskOf(document, T, window, q_TNH.options()), scale));
        else
            mixed.push_back(gemma3::attendSegments(own(q_TNH), own(k_TKH), own(v_TKH), {begin, end}, window,
                                                   scale, kFusedOperations, /*layer=*/0));
        row += T;
        begin = end;
    }
    return mixed.size() == 1 ? mixed.front() : at::cat(mixed);
}

}  // namespace facet::engine
