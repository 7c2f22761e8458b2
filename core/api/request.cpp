#include "core/api/request.h"

#include "core/base/json.h"
#include "core/chat/message_json.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

namespace facet::core::api {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxTokens = 10'000'000;
constexpr size_t kMaxStops = 16;
constexpr double kMaxScale = 100;
constexpr int64_t kMinInt = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxInt = std::numeric_limits<int64_t>::max();

constexpr const char* kOptionKeys[] = {"model",
                                       "temperature",
                                       "top_p",
                                       "top_k",
                                       "min_p",
                                       "repetition_penalty",
                                       "presence_penalty",
                                       "frequency_penalty",
                                       "seed",
                                       "max_tokens",
                                       "max_completion_tokens",
                                       "logprobs",
                                       "pan_and_scan",
                                       "adapters",
                                       "stop",
                                       "n",
                                       "stream",
                                       "stream_options"};

/// For OpenAI's own bookkeeping: they change no answer.
constexpr const char* kKeysWithoutEffect[] = {"user",
                                              "metadata",
                                              "store",
                                              "safety_identifier",
                                              "service_tier",
                                              "prompt_cache_key",
                                              "parallel_tool_calls"};

/// Fields that may stand there with the value that asks for nothing.
bool asksForNothing(const std::string& key, const Json& value, const Json& body)
{
    if (key == "tools" || key == "functions" || key == "logit_bias" || key == "stop_token_ids")
        return value.empty();
    if (key == "tool_choice")
        return value == "none" || value == "auto";
    if (key == "response_format")
        return value == Json{{"type", "text"}};
    if (key == "modalities")
        return value == Json::array({"text"});
    if (key == "best_of")
        return value == 1 || value == body.value("n", Json(1));
    if (key == "echo")
        return value == false;
    if (key == "suffix")
        return value == "";
    return false;
}

bool isOneOf(std::span<const char* const> keys, const std::string& key)
{
    return std::ranges::find(keys, key) != keys.end();
}

void refuseOthers(JsonFields& fields, const Json& body, std::span<const char* const> own, bool withOptions)
{
    for (const auto& [key, value] : body.items()) {
        if (value.is_null() || isOneOf(own, key))
            continue;
        if (withOptions && (isOneOf(kOptionKeys, key) || isOneOf(kKeysWithoutEffect, key) ||
                            asksForNothing(key, value, body)))
            continue;
        // The key may be anything; as it stands it could break the sentence's form.
        const bool isPlain =
            key.size() <= 60 && std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
        fields.fail(isPlain && !key.empty() ? key.c_str() : shown(Json(key)).c_str(),
                    "is a field that is not supported: leave it out");
    }
}

std::optional<double> number(JsonFields& fields, const char* key, double least, double most)
{
    return fields.has(key) ? std::optional(fields.number(key, least, least, most)) : std::nullopt;
}

std::optional<int64_t> integer(JsonFields& fields, const char* key, int64_t least, int64_t most)
{
    return fields.has(key) ? std::optional(fields.integer(key, least, least, most)) : std::nullopt;
}

std::optional<bool> flag(JsonFields& fields, const char* key)
{
    return fields.has(key) ? std::optional(fields.flag(key, false)) : std::nullopt;
}

std::string modelOf(JsonFields& fields)
{
    const std::string model = fields.text("model", "");
    if (model.empty())
        fields.fail("model", "is missing: name one of the loaded models (GET /v1/models lists them)");
    return model;
}

std::vector<std::string> stopsOf(JsonFields& fields)
{
    const Json* value = fields.find("stop");
    if (!value)
        return {};
    const Json list = value->is_array() ? *value : Json::array({*value});
    std::vector<std::string> stops;
    for (const Json& stop : list) {
        if (!stop.is_string() || stop.get_ref<const std::string&>().empty()) {
            fields.fail("stop", "has " + shown(stop) + "; a text or a list of texts is needed, none empty");
            return {};
        }
        stops.push_back(stop.get<std::string>());
    }
    if (stops.size() > kMaxStops)
        fields.fail("stop", "has " + std::to_string(stops.size()) + " texts; " + std::to_string(kMaxStops) +
                                " are the most");
    return stops;
}

/// Chat: "logprobs" is a flag and "top_logprobs" the number; completions: "logprobs" is the number.
std::optional<int64_t> logprobsOf(JsonFields& fields, bool isChat)
{
    if (!isChat)
        return integer(fields, "logprobs", 0, kMaxTopLogprobs);
    const bool wanted = fields.flag("logprobs", false);
    const std::optional<int64_t> top = integer(fields, "top_logprobs", 0, kMaxTopLogprobs);
    if (top && !wanted)
        fields.fail("top_logprobs", "needs logprobs to be true");
    return wanted ? std::optional(top.value_or(0)) : std::nullopt;
}

std::optional<std::vector<AdapterUse>> adaptersOf(JsonFields& fields)
{
    const Json* value = fields.find("adapters");
    if (!value)
        return std::nullopt;
    if (!value->is_array() || value->size() > static_cast<size_t>(kMaxAdapters)) {
        fields.fail("adapters", "is " + shown(*value) + ", not a list of at most " +
                                    std::to_string(kMaxAdapters) + " {\"id\", \"scale\"}");
        return std::nullopt;
    }
    std::vector<AdapterUse> adapters;
    for (const Json& entry : *value) {
        JsonFields inner(entry, "adapters.");
        AdapterUse use = {inner.text("id", ""), inner.number("scale", 1, -kMaxScale, kMaxScale)};
        if (use.id.empty())
            inner.fail("id", "is missing: name one of GET /facet/v1/adapters");
        if (std::ranges::find(adapters, use.id, &AdapterUse::id) != adapters.end())
            inner.fail("id", "is " + shown(Json(use.id)) + " twice: give each adapter once");
        refuseOthers(inner, entry, std::to_array({"id", "scale"}), /*withOptions=*/false);
        if (inner.error()) {
            fields.fail("adapters", "has " + shown(entry) + ": " + inner.error()->message);
            return std::nullopt;
        }
        adapters.push_back(std::move(use));
    }
    return adapters;
}

AnswerOptions optionsOf(JsonFields& fields, bool isChat)
{
    AnswerOptions options;
    options.model = modelOf(fields);
    options.temperature = number(fields, "temperature", 0, 100);
    options.topP = number(fields, "top_p", 0, 1);
    options.topK = integer(fields, "top_k", 0, kMaxTokens);
    options.minP = number(fields, "min_p", 0, 1);
    options.repetitionPenalty = number(fields, "repetition_penalty", 0.01, 100);
    options.presencePenalty = number(fields, "presence_penalty", -100, 100);
    options.frequencyPenalty = number(fields, "frequency_penalty", -100, 100);
    options.seed = integer(fields, "seed", kMinInt, kMaxInt);
    options.maxTokens = integer(fields, "max_tokens", 1, kMaxTokens);
    const std::optional<int64_t> other = integer(fields, "max_completion_tokens", 1, kMaxTokens);
    if (options.maxTokens && other && *options.maxTokens != *other)
        fields.fail("max_completion_tokens", "is not equal to max_tokens: give one of them");
    if (other)
        options.maxTokens = other;
    options.logprobs = logprobsOf(fields, isChat);
    options.panAndScan = flag(fields, "pan_and_scan");
    options.adapters = adaptersOf(fields);
    options.stop = stopsOf(fields);
    options.n = fields.integer("n", 1, 1, kMaxAnswers);
    options.stream = fields.flag("stream", false);
    if (const Json* value = fields.find("stream_options")) {
        JsonFields inner(*value, "");
        options.includeUsage = inner.flag("include_usage", false);
        if (!value->is_object())
            fields.fail("stream_options", "is " + shown(*value) + ", not an object");
        else if (inner.error())
            fields.fail("stream_options.include_usage", "is not true or false");
        else if (!options.stream)
            fields.fail("stream_options", "needs stream to be true");
    }
    return options;
}

std::optional<TextOrIds> promptOf(const Json& value)
{
    if (value.is_string())
        return value.get<std::string>();
    if (!value.is_array() || value.empty())
        return std::nullopt;
    std::vector<int64_t> ids;
    for (const Json& id : value) {
        const bool fits = id.is_number_integer() && id >= 0 && id <= std::numeric_limits<int32_t>::max();
        if (!fits)
            return std::nullopt;
        ids.push_back(id.get<int64_t>());
    }
    return ids;
}

std::vector<TextOrIds> promptsOf(JsonFields& fields)
{
    const Json* value = fields.find("prompt");
    if (!value) {
        fields.fail("prompt", "is missing");
        return {};
    }
    if (std::optional<TextOrIds> one = promptOf(*value))
        return {std::move(*one)};
    std::vector<TextOrIds> prompts;
    for (size_t i = 0; value->is_array() && i < value->size(); ++i) {
        std::optional<TextOrIds> one = promptOf((*value)[i]);
        if (!one) {
            fields.fail(("prompt[" + std::to_string(i) + "]").c_str(),
                        "is " + shown((*value)[i]) + ", neither a text nor a list of token ids");
            return {};
        }
        prompts.push_back(std::move(*one));
    }
    if (prompts.empty())
        fields.fail("prompt",
                    "is " + shown(*value) +
                        "; a text, a list of texts or a list of token ids is needed, and not empty");
    if (prompts.size() > static_cast<size_t>(kMaxAnswers))
        fields.fail("prompt", "has " + std::to_string(prompts.size()) + " texts; " +
                                  std::to_string(kMaxAnswers) + " are the most");
    return prompts;
}

void set(Json& json, const char* key, const auto& value)
{
    if (value)
        json[key] = *value;
}

Json optionsToJson(const AnswerOptions& options, bool isChat)
{
    Json json = {{"model", options.model}};
    set(json, "temperature", options.temperature);
    set(json, "top_p", options.topP);
    set(json, "top_k", options.topK);
    set(json, "min_p", options.minP);
    set(json, "repetition_penalty", options.repetitionPenalty);
    set(json, "presence_penalty", options.presencePenalty);
    set(json, "frequency_penalty", options.frequencyPenalty);
    set(json, "seed", options.seed);
    set(json, "max_tokens", options.maxTokens);
    set(json, "pan_and_scan", options.panAndScan);
    set(json, isChat ? "top_logprobs" : "logprobs", options.logprobs);
    if (isChat && options.logprobs)
        json["logprobs"] = true;
    if (options.adapters) {
        json["adapters"] = Json::array();
        for (const AdapterUse& use : *options.adapters)
            json["adapters"].push_back({{"id", use.id}, {"scale", use.scale}});
    }
    if (!options.stop.empty())
        json["stop"] = options.stop;
    if (options.n != 1)
        json["n"] = options.n;
    if (options.stream)
        json["stream"] = true;
    if (options.includeUsage)
        json["stream_options"] = {{"include_usage", true}};
    return json;
}

}  // namespace

Result<Json> parseBody(std::string_view body)
{
    Result<Json> json = parseJson(body);
    if (!json)
        return Error{ErrorCode::InvalidInput, "the body " + json.error().message};
    if (!json->is_object())
        return Error{ErrorCode::InvalidInput, "the body is " + shown(*json) + ", not an object"};
    return json;
}

Result<ChatRequest> chatRequestFromJson(const Json& body)
{
    static constexpr const char* kOwn[] = {"messages", "top_logprobs"};
    JsonFields fields(body, "");
    ChatRequest request{optionsOf(fields, /*isChat=*/true), {}};
    if (!fields.has("messages"))
        fields.fail("messages", "is missing");
    refuseOthers(fields, body, kOwn, /*withOptions=*/true);
    if (fields.error())
        return *fields.error();
    Result<std::vector<Message>> messages = messagesFromJson(*fields.find("messages"));
    if (!messages)
        return messages.error();
    request.messages = std::move(*messages);
    return request;
}

Result<CompletionRequest> completionRequestFromJson(const Json& body)
{
    static constexpr const char* kOwn[] = {"prompt"};
    JsonFields fields(body, "");
    CompletionRequest request{optionsOf(fields, /*isChat=*/false), promptsOf(fields)};
    refuseOthers(fields, body, kOwn, /*withOptions=*/true);
    if (fields.error())
        return *fields.error();
    return request;
}

Result<TokenizeRequest> tokenizeRequestFromJson(const Json& body)
{
    static constexpr const char* kOwn[] = {"model", "messages", "prompt", "pan_and_scan",
                                           "add_generation_prompt"};
    JsonFields fields(body, "");
    TokenizeRequest request;
    request.model = modelOf(fields);
    request.prompt = fields.text("prompt", "");
    request.panAndScan = flag(fields, "pan_and_scan");
    request.addGenerationPrompt = fields.flag("add_generation_prompt", true);
    if (fields.has("prompt") == fields.has("messages"))
        fields.fail("prompt", fields.has("prompt") ? "and messages are both given: one of them is needed"
                                                   : "is missing, and so is messages: one of them is needed");
    refuseOthers(fields, body, kOwn, /*withOptions=*/false);
    if (fields.error())
        return *fields.error();
    if (const Json* value = fields.find("messages")) {
        Result<std::vector<Message>> messages = messagesFromJson(*value);
        if (!messages)
            return messages.error();
        if (messages->empty())
            return Error{ErrorCode::InvalidInput, "messages is empty: give one of the user at least"};
        request.messages = std::move(*messages);
    }
    return request;
}

Result<Tokens> tokensFromJson(const Json& body)
{
    JsonFields fields(body, "");
    Tokens tokens;
    tokens.numImageTokens = fields.integer("image_tokens", 0, 0, kMaxInt);
    tokens.maxTokens = fields.integer("max_model_len", 0, 0, kMaxInt);
    const Json* list = fields.find("tokens");
    if (!list || !list->is_array())
        fields.fail("tokens", "is missing or is no list");
    for (size_t i = 0; !fields.error() && i < list->size(); ++i) {
        if ((*list)[i].is_number_integer())
            tokens.ids.push_back((*list)[i].get<int64_t>());
        else
            fields.fail("tokens", "has " + shown((*list)[i]) + ", which is no id");
    }
    if (fields.error())
        return *fields.error();
    return tokens;
}

Json toJson(const ChatRequest& request)
{
    Json json = optionsToJson(request.options, /*isChat=*/true);
    json["messages"] = messagesToJson(request.messages);
    return json;
}

Json toJson(const CompletionRequest& request)
{
    Json json = optionsToJson(request.options, /*isChat=*/false);
    Json prompts = Json::array();
    for (const TextOrIds& prompt : request.prompts)
        std::visit([&](const auto& value) { prompts.push_back(value); }, prompt);
    json["prompt"] = prompts.size() == 1 ? prompts[0] : prompts;
    return json;
}

Json toJson(const TokenizeRequest& request)
{
    Json json = {{"model", request.model}, {"add_generation_prompt", request.addGenerationPrompt}};
    set(json, "pan_and_scan", request.panAndScan);
    if (request.messages.empty())
        json["prompt"] = request.prompt;
    else
        json["messages"] = messagesToJson(request.messages);
    return json;
}

Json toJson(const Tokens& tokens)
{
    return {{"tokens", tokens.ids},
            {"count", tokens.ids.size()},
            {"image_tokens", tokens.numImageTokens},
            {"max_model_len", tokens.maxTokens}};
}

}  // namespace facet::core::api
