#pragma once

// What the engine answers, whole or in chunks.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace facet::core::api {

/// Which of OpenAI's two forms an answer has.
enum class AnswerForm { Chat, Completion };

struct TokenLogprob {
    struct Candidate {
        std::string token;  ///< text; half characters as U+FFFD
        std::string bytes;
        double logprob = 0;
    };
    Candidate chosen;
    std::vector<Candidate> top;  ///< best first
};

struct Choice {
    int64_t index = 0;
    std::string text;          ///< of a chunk: what is added
    std::string finishReason;  ///< "stop", "length"; "" while the answer goes on
    std::optional<std::vector<TokenLogprob>> logprobs;
};

struct Usage {
    int64_t promptTokens = 0;
    int64_t completionTokens = 0;
    int64_t cachedTokens = 0;  ///< of the prompt, taken from a snapshot
    int64_t imageTokens = 0;   ///< of the prompt

    int64_t totalTokens() const { return promptTokens + completionTokens; }
};

/// Beyond OpenAI, under "facet".
struct Timings {
    double secondsToFirstToken = 0;  ///< from the request's arrival, waiting included
    double prefillTokensPerSecond = 0;
    double decodeTokensPerSecond = 0;
};

/// A whole answer, or one chunk of a stream: then its choices hold what is added, and are none in the chunk
/// that has the usage.
struct Answer {
    AnswerForm form = AnswerForm::Chat;
    bool isChunk = false;
    std::string id;
    int64_t created = 0;  ///< seconds since 1970
    std::string model;
    std::vector<Choice> choices;
    std::optional<Usage> usage;
    std::optional<Timings> timings;
};

nlohmann::json toJson(const Answer& answer);

/// Reads both forms, whole and in chunks. Fields that we do not know are left alone.
///
/// Errors  InvalidInput; the message begins with the field.
Result<Answer> answerFromJson(const nlohmann::json& json);

}  // namespace facet::core::api
