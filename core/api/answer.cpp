#include "core/api/answer.h"

#include "core/base/json.h"

#include <algorithm>
#include <limits>

namespace facet::core::api {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxInt = std::numeric_limits<int64_t>::max();

/// JSON has no infinity; OpenAI writes this for what cannot come.
constexpr double kLeastLogprob = -9999;

Json candidateToJson(const TokenLogprob::Candidate& candidate)
{
    Json bytes = Json::array();
    for (const char byte : candidate.bytes)
        bytes.push_back(static_cast<unsigned char>(byte));
    return {{"token", candidate.token},
            {"logprob", std::max(candidate.logprob, kLeastLogprob)},
            {"bytes", bytes}};
}

Json chatLogprobs(const std::vector<TokenLogprob>& tokens)
{
    Json content = Json::array();
    for (const TokenLogprob& token : tokens) {
        Json entry = candidateToJson(token.chosen);
        entry["top_logprobs"] = Json::array();
        for (const TokenLogprob::Candidate& candidate : token.top)
            entry["top_logprobs"].push_back(candidateToJson(candidate));
        content.push_back(std::move(entry));
    }
    return {{"content", content}};
}

Json completionLogprobs(const std::vector<TokenLogprob>& tokens)
{
    Json json = {{"tokens", Json::array()},
                 {"token_logprobs", Json::array()},
                 {"top_logprobs", Json::array()},
                 {"text_offset", Json::array()}};
    size_t offset = 0;
    for (const TokenLogprob& token : tokens) {
        json["tokens"].push_back(token.chosen.token);
        json["token_logprobs"].push_back(std::max(token.chosen.logprob, kLeastLogprob));
        Json top = Json::object();
        for (const TokenLogprob::Candidate& candidate : token.top)
            top[candidate.token] = std::max(candidate.logprob, kLeastLogprob);
        json["top_logprobs"].push_back(std::move(top));
        json["text_offset"].push_back(offset);
        offset += token.chosen.token.size();
    }
    return json;
}

Json choiceToJson(const Choice& choice, const Answer& answer)
{
    Json json = {{"index", choice.index},
                 {"finish_reason", choice.finishReason.empty() ? Json() : Json(choice.finishReason)},
                 {"logprobs", nullptr}};
    if (answer.form == AnswerForm::Completion) {
        json["text"] = choice.text;
        if (choice.logprobs)
            json["logprobs"] = completionLogprobs(*choice.logprobs);
        return json;
    }
    json[answer.isChunk ? "delta" : "message"] = {{"role", "assistant"}, {"content", choice.text}};
    if (choice.logprobs)
        json["logprobs"] = chatLogprobs(*choice.logprobs);
    return json;
}

TokenLogprob::Candidate candidateFromJson(const Json& json)
{
    JsonFields fields(json, "");
    TokenLogprob::Candidate candidate = {fields.text("token", ""), "",
                                         fields.number("logprob", 0, -1e9, 1e9)};
    if (const Json* bytes = fields.find("bytes"); bytes && bytes->is_array())
        for (const Json& byte : *bytes)
            if (byte.is_number_unsigned())
                candidate.bytes += static_cast<char>(byte.get<unsigned>() & 0xFF);
    return candidate;
}

std::vector<TokenLogprob> chatLogprobsFromJson(const Json& content)
{
    std::vector<TokenLogprob> tokens;
    for (const Json& entry : content) {
        TokenLogprob token = {candidateFromJson(entry), {}};
        if (const Json* top = JsonFields(entry, "").find("top_logprobs"); top && top->is_array())
            for (const Json& candidate : *top)
                token.top.push_back(candidateFromJson(candidate));
        tokens.push_back(std::move(token));
    }
    return tokens;
}

Choice choiceFromJson(const Json& json, JsonFields& errors)
{
    JsonFields fields(json, "choices[].");
    Choice choice;
    choice.index = fields.integer("index", 0, 0, kMaxInt);
    choice.finishReason = fields.text("finish_reason", "");
    choice.text = fields.text("text", "");
    for (const char* key : {"delta", "message"})
        if (const Json* inner = fields.find(key)) {
            JsonFields message(*inner, "choices[].message.");
            choice.text = message.text("content", "");
            if (message.error())
                errors.fail("choices[].message.content", "is no text");
        }
    if (const Json* logprobs = fields.find("logprobs"))
        if (const Json* content = JsonFields(*logprobs, "").find("content"); content && content->is_array())
            choice.logprobs = chatLogprobsFromJson(*content);
    if (fields.error())
        errors.fail("choices", "has one whose " + fields.error()->message);
    return choice;
}

}  // namespace

Json toJson(const Answer& answer)
{
    const bool isChat = answer.form == AnswerForm::Chat;
    Json json = {{"id", answer.id},
                 {"object", !isChat          ? "text_completion"
                            : answer.isChunk ? "chat.completion.chunk"
                                             : "chat.completion"},
                 {"created", answer.created},
                 {"model", answer.model},
                 {"choices", Json::array()}};
    for (const Choice& choice : answer.choices)
        json["choices"].push_back(choiceToJson(choice, answer));
    if (answer.usage) {
        const Usage& usage = *answer.usage;
        json["usage"] = {{"prompt_tokens", usage.promptTokens},
                         {"completion_tokens", usage.completionTokens},
                         {"total_tokens", usage.totalTokens()},
                         {"prompt_tokens_details",
                          {{"cached_tokens", usage.cachedTokens}, {"image_tokens", usage.imageTokens}}}};
    }
    if (answer.timings)
        json["facet"] = {{"time_to_first_token", answer.timings->secondsToFirstToken},
                         {"prefill_tokens_per_second", answer.timings->prefillTokensPerSecond},
                         {"decode_tokens_per_second", answer.timings->decodeTokensPerSecond}};
    return json;
}

Result<Answer> answerFromJson(const Json& json)
{
    JsonFields fields(json, "");
    Answer answer;
    const std::string object = fields.text("object", "");
    answer.form = object == "text_completion" ? AnswerForm::Completion : AnswerForm::Chat;
    answer.isChunk = object == "chat.completion.chunk";
    answer.id = fields.text("id", "");
    answer.created = fields.integer("created", 0, 0, kMaxInt);
    answer.model = fields.text("model", "");
    const Json* choices = fields.find("choices");
    if (!choices || !choices->is_array())
        fields.fail("choices", "is missing or is no list");
    else
        for (const Json& choice : *choices)
            answer.choices.push_back(choiceFromJson(choice, fields));
    if (const Json* value = fields.find("usage")) {
        JsonFields usage(*value, "usage.");
        answer.usage = Usage{usage.integer("prompt_tokens", 0, 0, kMaxInt),
                             usage.integer("completion_tokens", 0, 0, kMaxInt), 0, 0};
        if (const Json* details = usage.find("prompt_tokens_details")) {
            JsonFields inner(*details, "usage.prompt_tokens_details.");
            answer.usage->cachedTokens = inner.integer("cached_tokens", 0, 0, kMaxInt);
            answer.usage->imageTokens = inner.integer("image_tokens", 0, 0, kMaxInt);
        }
        if (usage.error())
            return *usage.error();
    }
    if (const Json* value = fields.find("facet")) {
        JsonFields timings(*value, "facet.");
        answer.timings = Timings{timings.number("time_to_first_token", 0, 0, 1e12),
                                 timings.number("prefill_tokens_per_second", 0, 0, 1e12),
                                 timings.number("decode_tokens_per_second", 0, 0, 1e12)};
        if (timings.error())
            return *timings.error();
    }
    if (fields.error())
        return *fields.error();
    return answer;
}

}  // namespace facet::core::api
