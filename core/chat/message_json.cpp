#include "core/chat/message_json.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>

namespace facet::core {
namespace {

using Json = nlohmann::json;

Error invalid(const std::string& field, const std::string& complaint)
{
    return {ErrorCode::InvalidInput, field + " " + complaint};
}

/// The string under `key`; nothing if there is none.
std::optional<std::string> stringUnder(const Json& object, const char* key)
{
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string())
        return std::nullopt;
    return found->get<std::string>();
}

/// Invalid bytes cannot come up here: the parser refuses them.
std::string shown(const Json& value)
{
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() <= 60 ? text : "a " + std::string(value.type_name());
}

Result<ContentPart> partFromJson(const Json& part, const std::string& field)
{
    if (!part.is_object())
        return invalid(field, "is " + shown(part) + "; an object with a \"type\" is needed");
    const std::optional<std::string> type = stringUnder(part, "type");
    if (!type)
        return invalid(field + ".type", "is missing; \"text\" or \"image\" is needed");
    if (*type == "text") {
        std::optional<std::string> text = stringUnder(part, "text");
        if (!text)
            return invalid(field + ".text", "is missing or is no string");
        return ContentPart(TextPart{std::move(*text)});
    }
    if (*type == "image") {
        for (const char* key : {"path", "url", "image"}) {
            if (std::optional<std::string> source = stringUnder(part, key))
                return ContentPart(ImagePart{std::move(*source)});
        }
        return invalid(field + ".path", "is missing or is no string: it names the picture's file");
    }
    if (*type == "image_url") {
        const auto inner = part.find("image_url");
        std::optional<std::string> source = inner != part.end() && inner->is_object()
                                                ? stringUnder(*inner, "url")
                                                : stringUnder(part, "image_url");
        if (!source)
            return invalid(field + ".image_url.url", "is missing or is no string");
        return ContentPart(ImagePart{std::move(*source)});
    }
    return invalid(field + ".type", "is " + shown(*type) + "; \"text\" and \"image\" are known");
}

Result<Message> messageFromJson(const Json& message, const std::string& field)
{
    if (!message.is_object())
        return invalid(field, "is " + shown(message) + "; an object with \"role\" and \"content\" is needed");
    const std::optional<std::string> role = stringUnder(message, "role");
    if (!role)
        return invalid(field + ".role",
                       "is missing or is no string; \"system\", \"user\" or \"assistant\" is needed");
    const auto content = message.find("content");
    if (content == message.end())
        return invalid(field + ".content", "is missing");
    Message result{*role, {}};
    if (content->is_string()) {
        result.content.emplace_back(TextPart{content->get<std::string>()});
        return result;
    }
    if (!content->is_array())
        return invalid(field + ".content",
                       "is " + shown(*content) + "; a string or a list of parts is needed");
    for (size_t i = 0; i < content->size(); ++i) {
        Result<ContentPart> part = partFromJson((*content)[i], field + ".content[" + std::to_string(i) + "]");
        if (!part)
            return part.error();
        result.content.push_back(std::move(*part));
    }
    return result;
}

}  // namespace

Result<std::vector<Message>> messagesFromJson(const Json& messages)
{
    if (!messages.is_array())
        return invalid("messages", "is " + shown(messages) + "; a list is needed");
    std::vector<Message> result;
    for (size_t i = 0; i < messages.size(); ++i) {
        Result<Message> message = messageFromJson(messages[i], "messages[" + std::to_string(i) + "]");
        if (!message)
            return message.error();
        result.push_back(std::move(*message));
    }
    return result;
}

Result<std::vector<Message>> parseMessages(std::string_view json)
{
    const Json parsed = Json::parse(json, nullptr, false);
    if (parsed.is_discarded())
        return Error{ErrorCode::InvalidInput, "the conversation is no valid JSON"};
    if (!parsed.is_object() || !parsed.contains("messages"))
        return Error{ErrorCode::InvalidInput, "the conversation has no \"messages\""};
    return messagesFromJson(parsed["messages"]);
}

Json messagesToJson(const std::vector<Message>& messages)
{
    Json list = Json::array();
    for (const Message& message : messages) {
        const bool isOneText =
            message.content.size() == 1 && std::holds_alternative<TextPart>(message.content.front());
        Json content = Json::array();
        for (const ContentPart& part : message.content) {
            if (const auto* text = std::get_if<TextPart>(&part))
                content.push_back({{"type", "text"}, {"text", text->text}});
            else
                content.push_back(
                    {{"type", "image_url"}, {"image_url", {{"url", std::get<ImagePart>(part).source}}}});
        }
        list.push_back({{"role", message.role},
                        {"content", isOneText ? Json(std::get<TextPart>(message.content.front()).text)
                                              : std::move(content)}});
    }
    return list;
}

}  // namespace facet::core
