#include "core/conversations/conversation_json.h"

#include "core/base/json.h"

#include <limits>

namespace facet::core {

static constexpr int64_t kMostTokens = std::numeric_limits<int32_t>::max();

nlohmann::json toJson(const Sampling& sampling)
{
    nlohmann::json json = {{"temperature", sampling.temperature},
                           {"top_p", sampling.topP},
                           {"top_k", sampling.topK},
                           {"min_p", sampling.minP},
                           {"repetition_penalty", sampling.repetitionPenalty},
                           {"max_tokens", sampling.maxTokens},
                           {"pan_and_scan", sampling.panAndScan}};
    if (sampling.seed)
        json["seed"] = *sampling.seed;
    return json;
}

Result<Sampling> samplingFromJson(const nlohmann::json& json)
{
    const Sampling absent;
    JsonFields fields(json, "sampling.");
    Sampling sampling;
    sampling.temperature = fields.number("temperature", absent.temperature, 0, 100);
    sampling.topP = fields.number("top_p", absent.topP, 0, 1);
    sampling.topK = static_cast<int>(fields.integer("top_k", absent.topK, 0, kMostTokens));
    sampling.minP = fields.number("min_p", absent.minP, 0, 1);
    sampling.repetitionPenalty = fields.number("repetition_penalty", absent.repetitionPenalty, 0, 100);
    sampling.maxTokens = static_cast<int>(fields.integer("max_tokens", absent.maxTokens, 1, kMostTokens));
    sampling.panAndScan = fields.flag("pan_and_scan", absent.panAndScan);
    if (fields.has("seed"))
        sampling.seed = fields.integer("seed", 0, std::numeric_limits<int64_t>::min(),
                                       std::numeric_limits<int64_t>::max());
    if (fields.error())
        return *fields.error();
    return sampling;
}

nlohmann::json toJson(const MessageStats& stats)
{
    return {{"prompt_tokens", stats.promptTokens},
            {"completion_tokens", stats.completionTokens},
            {"cached_tokens", stats.cachedTokens},
            {"image_tokens", stats.imageTokens},
            {"time_to_first_token", stats.timeToFirstTokenSeconds},
            {"decode_tokens_per_second", stats.decodeTokensPerSecond},
            {"finish_reason", stats.finishReason}};
}

Result<MessageStats> statsFromJson(const nlohmann::json& json)
{
    JsonFields fields(json, "stats.");
    const auto count = [&](const char* key) {
        return static_cast<int>(fields.integer(key, 0, 0, kMostTokens));
    };
    MessageStats stats;
    stats.promptTokens = count("prompt_tokens");
    stats.completionTokens = count("completion_tokens");
    stats.cachedTokens = count("cached_tokens");
    stats.imageTokens = count("image_tokens");
    stats.timeToFirstTokenSeconds = fields.number("time_to_first_token", 0, 0, 1e9);
    stats.decodeTokensPerSecond = fields.number("decode_tokens_per_second", 0, 0, 1e9);
    stats.finishReason = fields.text("finish_reason", "");
    if (fields.error())
        return *fields.error();
    return stats;
}

nlohmann::json toJson(const std::vector<UsedAdapter>& adapters)
{
    nlohmann::json array = nlohmann::json::array();
    for (const UsedAdapter& adapter : adapters)
        array.push_back({{"path", adapter.path}, {"name", adapter.name}, {"scale", adapter.scale}});
    return array;
}

Result<std::vector<UsedAdapter>> adaptersFromJson(const nlohmann::json& json)
{
    if (!json.is_array())
        return Error{ErrorCode::InvalidInput, "adapters is no list"};
    std::vector<UsedAdapter> adapters;
    for (const nlohmann::json& one : json) {
        if (!one.is_object())
            return Error{ErrorCode::InvalidInput, "adapters has something that is no object"};
        JsonFields fields(one, "adapters.");
        adapters.push_back(
            {fields.text("path", ""), fields.text("name", ""), fields.number("scale", 1, -1e9, 1e9)});
        if (fields.error())
            return *fields.error();
    }
    return adapters;
}

std::string dump(const nlohmann::json& json, int indent)
{
    return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace facet::core
