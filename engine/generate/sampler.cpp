#include "engine/generate/sampler.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>

namespace facet::engine {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

at::Tensor maskOf(const std::vector<int64_t>& ids, int64_t vocabSize, at::Device device)
{
    at::Tensor mask = at::zeros({vocabSize}, at::kBool);
    for (const int64_t id : ids)
        if (id >= 0 && id < vocabSize)
            mask[id] = true;
    return mask.to(device);
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options, const std::vector<int64_t>& prompt,
                 const std::vector<int64_t>& forbidden, int64_t vocabSize, at::Device device)
    : m_options(options), m_random(at::detail::createCPUGenerator(options.seed))
{
    if (!forbidden.empty())
        m_isForbidden_V = maskOf(forbidden, vocabSize, device);
    if (options.repetitionPenalty != 1)
        m_isSeen_V = maskOf(prompt, vocabSize, device);
    if (options.presencePenalty != 0 || options.frequencyPenalty != 0)
        m_count_V = at::zeros({vocabSize}, at::dtype(at::kFloat).device(device));
}

at::Tensor Sampler::penalized_V(const at::Tensor& logit_V) const
{
    at::Tensor score_V = logit_V;
    if (m_isForbidden_V.defined())
        score_V = score_V.masked_fill(m_isForbidden_V, kMinusInfinity);
    if (m_isSeen_V.defined()) {
        const at::Tensor lowered_V = at::where(score_V < 0, score_V * m_options.repetitionPenalty,
                                               score_V / m_options.repetitionPenalty);
        score_V = at::where(m_isSeen_V, lowered_V, score_V);
    }
    if (m_count_V.defined())
        score_V = score_V - m_count_V * m_options.frequencyPenalty -
                  (m_count_V > 0).to(at::kFloat) * m_options.presencePenalty;
    return score_V;
}

Sampler::Candidates Sampler::candidates(const at::Tensor& score_V) const
{
    at::Tensor score_C = score_V / m_options.temperature, id_C;
    if (m_options.topK > 0)
        std::tie(score_C, id_C) = score_C.topk(std::min(m_options.topK, score_C.size(0)));
    else if (m_options.topP < 1)
        std::tie(score_C, id_C) = score_C.sort(-1, /*descending=*/true);

    at::Tensor probability_C = score_C.softmax(-1);
    if (m_options.topP < 1) {
        const at::Tensor before_C = probability_C.cumsum(-1) - probability_C;
        at::Tensor isOut_C = before_C >= m_options.topP;
        isOut_C.narrow(0, 0, 1).fill_(false);  // the best one stays, whatever topP
        probability_C = probability_C.masked_fill(isOut_C, 0);
    }
    if (m_options.minP > 0)
        probability_C = probability_C.masked_fill(probability_C < probability_C.max() * m_options.minP, 0);
    return {probability_C / probability_C.sum(), id_C};
}

SampledToken Sampler::sample(const at::Tensor& logit_V)
{
    const at::Tensor score_V = penalized_V(logit_V);
    SampledToken token;
    if (m_options.temperature == 0) {
        token.id = score_V.argmax(-1, /*keepdim=*/true);
    } else {
        // argmax(p / e) with e drawn from the exponential distribution falls on i with probability p_i. The
        // numbers are drawn on the CPU, so a seed means the same on every device.
        const auto [probability_C, id_C] = candidates(score_V);
        const at::Tensor noise_C = at::empty({probability_C.size(0)}, at::kFloat)
                                       .exponential_(1, m_random)
                                       .to(probability_C.device(), /*non_blocking=*/true);
        token.id = (probability_C / noise_C).argmax(-1, /*keepdim=*/true);
        if (id_C.defined())
            token.id = id_C.index_select(0, token.id);
    }

    if (m_options.numLogprobs >= 0) {
        const at::Tensor logprob_V = logit_V.log_softmax(-1);
        token.logprob = logprob_V.index_select(0, token.id);
        std::tie(token.topLogprobs, token.topIds) = logprob_V.topk(m_options.numLogprobs);
    }
    if (m_isSeen_V.defined())
        m_isSeen_V.index_fill_(0, token.id, true);
    if (m_count_V.defined())
        m_count_V.index_add_(0, token.id, at::ones({1}, m_count_V.options()));
    return token;
}

at::Tensor Sampler::distribution_V(const at::Tensor& logit_V) const
{
    const at::Tensor score_V = penalized_V(logit_V);
    if (m_options.temperature == 0)
        return at::zeros_like(score_V).index_fill_(0, score_V.argmax(-1, true), 1);
    const auto [probability_C, id_C] = candidates(score_V);
    return id_C.defined() ? at::zeros_like(score_V).index_copy_(0, id_C, probability_C) : probability_C;
}

}  // namespace facet::engine
