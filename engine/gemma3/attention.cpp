#include "engine/gemma3/attention.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace facet::engine::gemma3 {
namespace {

/// True where a query may look at a key; none if all of them may look at all.
///
/// `window` is 0 where there is none.
std::optional<at::Tensor> visible_TS(int64_t firstQuery, int64_t T, int64_t firstKey, int64_t S,
                                     int64_t window, bool isImage, at::Device device)
{
    const int64_t lastQuery = firstQuery + T - 1;
    const bool needsCausality = !isImage && T > 1;
    const bool needsWindow = window > 0 && lastQuery - window >= firstKey;
    if (!needsCausality && !needsWindow)
        return std::nullopt;

    const auto int64 = at::dtype(at::kLong).device(device);
    const at::Tensor query_T1 = at::arange(firstQuery, firstQuery + T, int64).unsqueeze(1);
    const at::Tensor key_1S = at::arange(firstKey, firstKey + S, int64).unsqueeze(0);
    at::Tensor visible = needsCausality ? key_1S <= query_T1 : at::ones({T, S}, int64.dtype(at::kBool));
    if (needsWindow)
        visible = visible.logical_and(key_1S > query_T1 - window);
    return visible;
}

/// Those of the segment's sequence, up to the segment's end: [K, S, H] each. `row` is where it starts.
std::pair<at::Tensor, at::Tensor> keysAndValues(const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                                                const Segment& segment, int64_t row, int64_t layer)
{
    if (segment.cache) {
        LayerCache& cache = segment.cache->layer(layer);
        cache.append(k_TKH.narrow(0, row, segment.numTokens), v_TKH.narrow(0, row, segment.numTokens));
        return {cache.k_KSH(cache.begin()), cache.v_KSH(cache.begin())};
    }
    const int64_t S = segment.numBefore + segment.numTokens;
    return {k_TKH.narrow(0, row - segment.numBefore, S).transpose(0, 1),
            v_TKH.narrow(0, row - segment.numBefore, S).transpose(0, 1)};
}

}  // namespace

at::Tensor attend(const at::Tensor& q_TNH, const at::Tensor& k_KSH, const at::Tensor& v_KSH, int64_t window,
                  bool isImage, double scale)
{
    const int64_t T = q_TNH.size(0), N = q_TNH.size(1), H = q_TNH.size(2);
    const int64_t firstQuery = k_KSH.size(1) - T;
    const int64_t firstKey = window > 0 ? std::max<int64_t>(0, firstQuery - window + 1) : 0;
    const int64_t K = k_KSH.size(0), S = k_KSH.size(1) - firstKey, G = N / K;

    // The G query heads that share a key head become rows of one product, so keys are never copied.
    const at::Tensor q_KRH =
        q_TNH.view({T, K, G, H}).permute({1, 2, 0, 3}).reshape({K, G * T, H});  // R = G * T
    std::optional<at::Tensor> visible =
        visible_TS(firstQuery, T, firstKey, S, window, isImage, q_TNH.device());
    if (visible)
        visible = visible->unsqueeze(0).expand({G, T, S}).reshape({1, 1, G * T, S});

    const at::Tensor mixed_1KRH =
        at::scaled_dot_product_attention(q_KRH.unsqueeze(0), k_KSH.narrow(1, firstKey, S).unsqueeze(0),
                                         v_KSH.narrow(1, firstKey, S).unsqueeze(0), visible,
                                         /*dropout_p=*/0, /*is_causal=*/false, scale);
    return mixed_1KRH.view({K, G, T, H}).permute({2, 0, 1, 3}).reshape({T, N * H});
}

at::Tensor attendSegments(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                          const std::vector<Segment>& segments, int64_t window, double scale,
                          const Operations& operations, int64_t layer)
{
    std::vector<at::Tensor> mixed;
    int64_t row = 0;
    for (const Segment& segment : segments) {
        const auto [k_KSH, v_KSH] = keysAndValues(k_TKH, v_TKH, segment, row, layer);
        mixed.push_back(operations.attend(q_TNH.narrow(0, row, segment.numTokens), k_KSH, v_KSH, window,
                                          segment.isImage, scale));
        row += segment.numTokens;
    }
    return mixed.size() == 1 ? mixed.front() : at::cat(mixed);
}

at::Tensor attention(const at::Tensor& x_TD, const std::vector<Segment>& segments, const Rotation& rotation,
                     const AttentionWeights& weights, const Operations& operations,
                     const core::gemma3::TextConfig& config, int64_t layer)
{
    const int64_t T = x_TD.size(0), N = config.numHeads, K = config.numKvHeads, H = config.headDim;
    const bool isLocal = config.layers[static_cast<size_t>(layer)] == core::gemma3::LayerKind::Local;
    const int64_t window = isLocal ? config.slidingWindow : 0;

    // Project, normalise each head, then rotate. Values are neither normalised nor rotated.
    const at::Tensor q_TNH =
        operations.normRotate(weights.q(x_TD).view({T, N, H}), weights.qNorm, config.rmsNormEps, rotation);
    const at::Tensor k_TKH =
        operations.normRotate(weights.k(x_TD).view({T, K, H}), weights.kNorm, config.rmsNormEps, rotation);
    const at::Tensor v_TKH = weights.v(x_TD).view({T, K, H});

    const double scale = 1 / std::sqrt(config.queryPreAttnScalar);
    const bool isPack =
        operations.attendPack && std::ranges::none_of(segments, [](const Segment& s) { return s.cache; });
    return weights.out(isPack
                           ? operations.attendPack(q_TNH, k_TKH, v_TKH, segments, window, scale)
                           : attendSegments(q_TNH, k_TKH, v_TKH, segments, window, scale, operations, layer));
}

}  // namespace facet::engine::gemma3
