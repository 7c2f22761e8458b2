#pragma once

// From a prompt to an answer, token by token.

#include "core/tokenizer/tokenizer.h"
#include "engine/gemma3/load.h"
#include "engine/generate/pictures.h"
#include "engine/generate/sampler.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace facet::engine {

struct GenerateRequest {
    std::vector<int64_t> prompt;    ///< ids, with the image tokens of each picture
    std::vector<Picture> pictures;  ///< in the order of their tokens
    SamplingOptions sampling;
    int64_t maxTokens = 512;               ///< of the answer; it also ends where the context does
    int64_t context = 0;                   ///< tokens of prompt and answer; 0: the model's own
    std::vector<int64_t> stopIds;          ///< ids that end the answer and are not part of it
    std::vector<std::string> stopStrings;  ///< they end the answer and are not part of it
    std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
};

struct TokenLogprob {
    int64_t id = 0;
    double logprob = 0;
    std::vector<std::pair<int64_t, double>> top;  ///< best first
};

enum class FinishReason {
    Stop,       ///< a stop id or a stop string
    Length,     ///< maxTokens, or the end of the context
    Cancelled,  ///< somebody said so
};

struct GenerateResult {
    std::string text;
    std::vector<int64_t> ids;            ///< of the answer, without the stop id
    std::vector<TokenLogprob> logprobs;  ///< one for each id, if they were asked for
    FinishReason finish = FinishReason::Stop;
    int64_t numCached = 0;           ///< tokens of the prompt that a snapshot had
    double secondsToFirstToken = 0;  ///< from the request's arrival: waiting and pictures included
    double secondsOfPrefill = 0;     ///< computing the prompt, without pictures
    double secondsOfDecode = 0;      ///< all tokens but the first
};

/// Whether a request can be answered at all.
///
/// Errors  InvalidInput: an empty prompt, one that does not fit the context (with the numbers), pictures and
///         image tokens that do not add up.
core::Result<void> checkRequest(const gemma3::Model& model, const GenerateRequest& request);

/// Called after each step with the text that became whole, mostly "" or a few letters; returning false
/// cancels.
using OnText = std::function<bool(const std::string& text)>;

/// Writes an answer.
///
/// Thread  blocks until the answer ends; calls `onText` from within.
/// Errors  those of checkRequest(); OutOfMemory.
core::Result<GenerateResult> generate(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                                      const GenerateRequest& request, const OnText& onText = {});

}  // namespace facet::engine
