#pragma once

// Conversations as JSON: what a file of rows and a request of the API have in common.

#include "core/base/result.h"
#include "core/chat/message.h"

#include <nlohmann/json_fwd.hpp>

#include <string_view>
#include <vector>

namespace facet::core {

/// Reads [{"role": "user", "content": "text" or [part, ...]}, ...]. A part is {"type": "text", "text": "..."}
/// or
/// {"type": "image", "path": "a.png"}; "url" and "image" name the place of a picture as well, and so does
/// OpenAI's
/// {"type": "image_url", "image_url": {"url": "..."}}. Paths are given as they stand.
///
/// Errors  InvalidInput, which names the field: "messages[1].content[0].type is \"audio\"; ...".
Result<std::vector<Message>> messagesFromJson(const nlohmann::json& messages);

/// Reads {"messages": [...]}.
///
/// Errors  InvalidInput: no JSON, no "messages", or as above.
Result<std::vector<Message>> parseMessages(std::string_view json);

/// The same as JSON that messagesFromJson() and OpenAI's API read: a single text as a string, pictures as
/// "image_url".
nlohmann::json messagesToJson(const std::vector<Message>& messages);

}  // namespace facet::core
