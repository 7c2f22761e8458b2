#pragma once

// From scores to a token.

#include <ATen/ATen.h>
#include <ATen/core/Generator.h>

#include <cstdint>
#include <vector>

namespace facet::engine {

/// In the order in which they are applied, which is that of transformers' generate().
struct SamplingOptions {
    double repetitionPenalty = 1;  ///< scores of tokens seen in prompt or answer are divided (or multiplied)
                                   ///< by it; 1: off. arXiv:1909.05858
    double presencePenalty = 0;  ///< taken once from tokens of the answer; 0: off. As OpenAI's API defines it
    double frequencyPenalty =
        0;  ///< taken for each time a token stands in the answer; 0: off. As OpenAI's API defines it
    double temperature = 0;  ///< scores are divided by it; 0: the best token is taken, nothing below matters
    int64_t topK = 0;        ///< so many best tokens stay; 0: off
    double topP = 1;  ///< the fewest best tokens whose probabilities reach it stay; 1: off. arXiv:1904.09751
    double minP = 0;  ///< tokens below this share of the best one's probability go; 0: off. arXiv:2407.01082
    uint64_t seed = 0;
    int64_t numLogprobs =
        -1;  ///< how many best tokens to report beside the chosen one; -1: no log-probabilities at all
};

/// A token and what the model itself thought of it, before penalties and temperature.
struct SampledToken {
    at::Tensor id;       ///< [1], int64, on the scores' device
    at::Tensor logprob;  ///< [1], or undefined
    at::Tensor topIds;   ///< [numLogprobs], or undefined
    at::Tensor topLogprobs;
};

/// Chooses the tokens of one sequence. Everything is done on the scores' device, without waiting for it.
class Sampler {
public:
    /// `forbidden` are ids that must never be chosen, such as the placeholder of pictures and padding rows.
    Sampler(const SamplingOptions& options, const std::vector<int64_t>& prompt,
            const std::vector<int64_t>& forbidden, int64_t vocabSize, at::Device device);

    /// Effect  counts the token for the penalties; draws from the seed's random numbers, the same on all
    /// devices.
    SampledToken sample(const at::Tensor& logit_V);

    /// What sample() would draw from: probabilities that sum to 1, [V]. At temperature 0 all of it on the
    /// best token.
    at::Tensor distribution_V(const at::Tensor& logit_V) const;

private:
    struct Candidates {
        at::Tensor probability_C;
        at::Tensor id_C;  ///< undefined: all ids in their order
    };

    at::Tensor penalized_V(const at::Tensor& logit_V) const;
    Candidates candidates(const at::Tensor& score_V) const;

    SamplingOptions m_options;
    at::Tensor m_isForbidden_V;  ///< bool, or undefined
    at::Tensor m_isSeen_V;       ///< bool: in prompt or answer
    at::Tensor m_count_V;        ///< float: times in the answer
    at::Generator m_random;
};

}  // namespace facet::engine
