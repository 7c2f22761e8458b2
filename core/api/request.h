#pragma once

// What a client asks for at /v1/chat/completions, /v1/completions and /v1/tokenize. OpenAI's fields, and
// beyond them top_k, min_p, repetition_penalty, pan_and_scan, adapters. A field that is null counts as
// absent; one that we do not know, or could not follow, is refused by name instead of being ignored.

#include "core/base/result.h"
#include "core/chat/message.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace facet::core::api {

inline constexpr int64_t kMaxAnswers = 16;      ///< n, and texts of one completion request
inline constexpr int64_t kMaxTopLogprobs = 20;  ///< as OpenAI has it
inline constexpr int64_t kMaxAdapters = 16;     ///< of one request

/// An adapter that takes part in an answer: {"id": "...", "scale": 1.0}.
struct AdapterUse {
    std::string id;    ///< one of GET /facet/v1/adapters
    double scale = 1;  ///< its alpha is multiplied by this; -100 to 100

    bool operator==(const AdapterUse&) const = default;
};

/// How an answer is to be written. What is not set is the model's own default.
struct AnswerOptions {
    std::string model;
    std::optional<double> temperature;  ///< 0 to 100; 0: always the best token
    std::optional<double> topP;         ///< 0 to 1
    std::optional<int64_t> topK;        ///< 0: off
    std::optional<double> minP;         ///< 0 to 1
    std::optional<double> repetitionPenalty;
    std::optional<double> presencePenalty;
    std::optional<double> frequencyPenalty;
    std::optional<int64_t> seed;
    std::optional<int64_t> maxTokens;  ///< also max_completion_tokens
    std::optional<int64_t> logprobs;   ///< so many best tokens beside each chosen one; not set: none at all
    std::optional<bool> panAndScan;    ///< long pictures are shown whole and as crops
    std::optional<std::vector<AdapterUse>> adapters;  ///< not set: those of serve's --adapter; {}: none
    std::vector<std::string> stop;
    int64_t n = 1;
    bool stream = false;
    bool includeUsage = false;  ///< of a stream: the last chunk has usage
};

struct ChatRequest {
    AnswerOptions options;
    std::vector<Message> messages;  ///< a picture's source: a data URI, a file:// URL or a path
};

using TextOrIds = std::variant<std::string, std::vector<int64_t>>;

struct CompletionRequest {
    AnswerOptions options;
    std::vector<TextOrIds> prompts;  ///< one choice (or n) for each
};

struct TokenizeRequest {
    std::string model;
    std::vector<Message> messages;  ///< a conversation, or if empty:
    std::string prompt;
    std::optional<bool> panAndScan;
    bool addGenerationPrompt = true;
};

struct Tokens {
    std::vector<int64_t> ids;
    int64_t numImageTokens = 0;
    int64_t maxTokens = 0;  ///< the model's context
};

/// A body's JSON object.
///
/// Errors  InvalidInput with the whole sentence. parseJson() is strict: equal keys, deep nesting.
Result<nlohmann::json> parseBody(std::string_view body);

/// Errors  InvalidInput; the message begins with the field, as fieldError() expects.
Result<ChatRequest> chatRequestFromJson(const nlohmann::json& body);
Result<CompletionRequest> completionRequestFromJson(const nlohmann::json& body);
Result<TokenizeRequest> tokenizeRequestFromJson(const nlohmann::json& body);
Result<Tokens> tokensFromJson(const nlohmann::json& body);

nlohmann::json toJson(const ChatRequest& request);
nlohmann::json toJson(const CompletionRequest& request);
nlohmann::json toJson(const TokenizeRequest& request);
nlohmann::json toJson(const Tokens& tokens);

}  // namespace facet::core::api
