#pragma once

// From a prompt to an answer, token by token.

#include "core/tokenizer/tokenizer.h"
#include "engine/gemma3/load.h"
#include "engine/generate/sampler.h"

#include <functional>
#include <string>
#include <vector>

namespace facet::engine {

struct GenerateRequest {
    std::vector<int64_t> prompt;         ///< ids, with the image tokens of each picture
    std::vector<at::Tensor> pixels_3SS;  ///< pictures in the order of their tokens, by gemma3::pixelValues()
    SamplingOptions sampling;
    int64_t maxTokens = 512;               ///< of the answer; it also ends where the model's context does
    std::vector<int64_t> stopIds;          ///< ids that end the answer and are not part of it
    std::vector<std::string> stopStrings;  ///< they end the answer and are not part of it
};

struct TokenLogprob {
    int64_t id = 0;
    double logprob = 0;
    std::vector<std::pair<int64_t, double>> top;  ///< best first
};

enum class FinishReason {
    Stop,       ///< a stop id or a stop string
    Length,     ///< maxTokens, or the end of the context
    Cancelled,  ///< onText said so
};

struct GenerateResult {
    std::string text;
    std::vector<int64_t> ids;            ///< of the answer, without the stop id
    std::vector<TokenLogprob> logprobs;  ///< one for each id, if they were asked for
    FinishReason finish = FinishReason::Stop;
    double secondsToFirstToken = 0;  ///< from the start of the work, pictures included
    double secondsOfPrefill = 0;     ///< the prompt alone, without pictures
    double secondsOfDecode = 0;      ///< all tokens but the first
};

/// Called with each piece of text that became whole; returning false cancels.
using OnText = std::function<bool(const std::string& text)>;

/// Writes an answer.
///
/// Thread  blocks until the answer ends; calls `onText` from within.
/// Errors  InvalidInput: an empty prompt, one that does not fit the model's context (with the numbers),
/// pictures
///         and image tokens that do not add up; OutOfMemory.
core::Result<GenerateResult> generate(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                                      const GenerateRequest& request, const OnText& onText = {});

}  // namespace facet::engine
