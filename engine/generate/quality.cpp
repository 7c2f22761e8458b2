#include "engine/generate/quality.h"

#include "engine/generate/prefill.h"
#include "engine/guard.h"

#include <algorithm>
#include <cmath>

namespace facet::engine {
namespace {

constexpr int64_t kRows = 32;  // of logits at a time: 33 MB for Gemma's vocabulary

at::Tensor hiddenOf(const gemma3::Model& model, const std::vector<int64_t>& ids)
{
    gemma3::KvCache cache(model.config.text);
    std::vector<at::Tensor> hidden_TD;
    prefill(model, cache, ids, {}, [&](const at::Tensor& part_TD) {
        hidden_TD.push_back(part_TD);
        return true;
    });
    return at::cat(hidden_TD);
}

at::Tensor logprobs(const gemma3::Model& model, const at::Tensor& hidden_TD)
{
    return gemma3::logits(hidden_TD, model.weights).log_softmax(-1).cpu();
}

struct Sums {
    double negativeLogprob = 0, referenceNegativeLogprob = 0;
    int64_t numSameBest = 0;
    std::vector<double> kls;
};

void addWindow(const gemma3::Model& reference, const gemma3::Model& model, const std::vector<int64_t>& ids,
               Sums& sums)
{
    const at::Tensor p_TD = hiddenOf(reference, ids), q_TD = hiddenOf(model, ids);
    const auto numPredicted =
        static_cast<int64_t>(ids.size()) - 1;  // the last one predicts what is not there
    const at::Tensor next_T = at::tensor(ids, at::kLong).slice(0, 1);
    for (int64_t begin = 0; begin < numPredicted; begin += kRows) {
        const int64_t end = std::min(begin + kRows, numPredicted);
        const at::Tensor p_TV = logprobs(reference, p_TD.slice(0, begin, end));
        const at::Tensor q_TV = logprobs(model, q_TD.slice(0, begin, end));
        const at::Tensor next_T1 = next_T.slice(0, begin, end).unsqueeze(1);
        sums.referenceNegativeLogprob -= p_TV.gather(1, next_T1).sum(at::kDouble).item<double>();
        sums.negativeLogprob -= q_TV.gather(1, next_T1).sum(at::kDouble).item<double>();
        sums.numSameBest += (p_TV.argmax(-1) == q_TV.argmax(-1)).sum().item<int64_t>();
        const at::Tensor kl_T = (p_TV.exp() * (p_TV - q_TV)).sum(-1, /*keepdim=*/false, at::kDouble);
        for (int64_t t = 0; t < end - begin; ++t)
            sums.kls.push_back(std::max(0.0, kl_T[t].item<double>()));
    }
}

Quality qualityOf(Sums sums)
{
    Quality quality;
    const auto count = static_cast<double>(sums.kls.size());
    quality.numTokens = static_cast<int64_t>(sums.kls.size());
    quality.perplexity = std::exp(sums.negativeLogprob / count);
    quality.referencePerplexity = std::exp(sums.referenceNegativeLogprob / count);
    for (const double kl : sums.kls)
        quality.meanKl += kl / count;
    std::ranges::sort(sums.kls);
    quality.kl99 = sums.kls[static_cast<size_t>(0.99 * (count - 1))];
    quality.sameBest = double(sums.numSameBest) / count;
    return quality;
}

}  // namespace

core::Result<Quality> compareModels(const gemma3::Model& reference, const gemma3::Model& model,
                                    const std::vector<std::vector<int64_t>>& windows,
                                    const std::function<bool(size_t numDone)>& onWindow)
{
    if (std::ranges::none_of(windows, [](const auto& window) { return window.size() >= 2; }))
        return core::Error{core::ErrorCode::InvalidInput, "the text has no two tokens: give a longer one"};
    bool cancelled = false;
    core::Result<Quality> quality = guarded([&] {
        const c10::InferenceMode noGradients;
        Sums sums;
        for (size_t i = 0; i < windows.size() && !cancelled; ++i) {
            if (windows[i].size() >= 2)
                addWindow(reference, model, windows[i], sums);
            cancelled = onWindow && !onWindow(i + 1);
        }
        return cancelled ? Quality() : qualityOf(std::move(sums));
    });
    if (cancelled)
        return core::Error{core::ErrorCode::Cancelled, "the comparison was cancelled"};
    return quality;
}

std::vector<std::vector<int64_t>> windowsOf(const std::vector<int64_t>& ids, int64_t bosId, int64_t size,
                                            int64_t maxTokens)
{
    std::vector<std::vector<int64_t>> windows;
    const auto count = std::min(static_cast<int64_t>(ids.size()), maxTokens);
    for (int64_t begin = 0; begin < count; begin += size - 1) {
        windows.push_back({bosId});
        windows.back().insert(windows.back().end(), ids.begin() + begin,
                              ids.begin() + std::min(begin + size - 1, count));
    }
    return windows;
}

}  // namespace facet::engine
