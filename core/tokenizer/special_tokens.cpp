#include "core/tokenizer/special_tokens.h"

#include "core/base/file.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace facet::core {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxBytes = 64 << 20;

/// The object in the file; null if there is no such file.
Result<Json> readObject(const std::filesystem::path& path)
{
    const Result<std::string> text = readFile(path, kMaxBytes);
    if (!text && text.error().code == ErrorCode::NotFound)
        return Json();
    if (!text)
        return text.error();
    Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object())
        return Error{ErrorCode::InvalidInput, path.string() + " is no JSON object"};
    return json;
}

std::optional<int64_t> toId(std::string_view digits)
{
    int64_t id = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (failure != std::errc() || end != digits.data() + digits.size() || id < 0)
        return std::nullopt;
    return id;
}

/// "<bos>", or an object that holds it.
void addName(const Json& value, std::vector<std::string>& names)
{
    if (value.is_string())
        names.push_back(value.get<std::string>());
    else if (value.is_object() && value.contains("content") && value["content"].is_string())
        names.push_back(value["content"].get<std::string>());
}

void readConfig(const Json& config, SpecialTokens& result)
{
    for (const char* key :
         {"bos_token", "eos_token", "pad_token", "unk_token", "boi_token", "eoi_token", "image_token"}) {
        if (config.contains(key))
            addName(config[key], result.names);
    }
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
        if (config.contains(key) && config[key].is_structured()) {
            for (const Json& value : config[key])
                addName(value, result.names);
        }
    }
    const auto decoder = config.find("added_tokens_decoder");
    if (decoder == config.end() || !decoder->is_object())
        return;
    for (const auto& [key, value] : decoder->items()) {
        const std::optional<int64_t> id = toId(key);
        if (!id || !value.is_object() || !value.contains("content") || !value["content"].is_string())
            continue;
        const auto special = value.find("special");
        result.added.push_back({value["content"].get<std::string>(), *id,
                                special != value.end() && special->is_boolean() && special->get<bool>()});
    }
}

}  // namespace

Result<SpecialTokens> readSpecialTokens(const std::filesystem::path& modelFolder)
{
    SpecialTokens result;
    const Result<Json> config = readObject(modelFolder / "tokenizer_config.json");
    if (!config)
        return config.error();
    if (config->is_object())
        readConfig(*config, result);

    const Result<Json> added = readObject(modelFolder / "added_tokens.json");
    if (!added)
        return added.error();
    if (added->is_object()) {
        for (const auto& [content, id] : added->items()) {
            if (id.is_number_unsigned())
                result.added.push_back({content, id.get<int64_t>(), false});
        }
    }
    return result;
}

}  // namespace facet::core
