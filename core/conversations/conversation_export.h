#pragma once

// A conversation as a file that others can read.

#include "core/conversations/conversation.h"

#include <functional>
#include <string>

namespace facet::core {

/// Where a picture is to be found by a reader of the file: a relative path.
using PictureLink = std::function<std::string(const Picture&)>;

/// The branch that is shown.
std::string exportMarkdown(const Conversation& conversation, const PictureLink& link);

/// All branches with their figures. `{"format": "facet-conversation", "version": 1, ...}`.
std::string exportJson(const Conversation& conversation, const PictureLink& link);

}  // namespace facet::core
