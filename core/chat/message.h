#pragma once

// A conversation, before it is turned into tokens.

#include <string>
#include <variant>
#include <vector>

namespace facet::core {

struct TextPart {
    std::string text;
};

/// A picture, by the place it is read from. Decoding is somebody else's work.
struct ImagePart {
    std::string source;  ///< a path
};

using ContentPart = std::variant<TextPart, ImagePart>;

struct Message {
    std::string role;  ///< "system" (first only), "user", "assistant" ("model" is the same)
    std::vector<ContentPart> content;
};

}  // namespace facet::core
