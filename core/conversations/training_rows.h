#pragma once

// Conversations as training data.

#include "core/base/result.h"
#include "core/conversations/attachments.h"

#include <filesystem>
#include <span>

namespace facet::core {

struct TrainingRows {
    int64_t numRows = 0;
    int64_t numPictures = 0;
    int64_t numLeftOut = 0;  ///< conversations that have nothing to learn from
};

/// Writes the branch of each conversation that is shown as a row {"messages": [...]} with its system prompt,
/// and copies pictures to a folder beside the file, STEM-pictures. The file appears when it is whole.
///
/// A branch ends with its last whole answer: one that failed, was stopped or was cut at its longest teaches
/// to break off, so it is left out with what follows it. A base model's completions are no conversations.
///
/// Thread  any; reads and writes the disk
/// Errors  Io; InvalidInput if not one conversation has a whole answer
Result<TrainingRows> writeTrainingRows(std::span<const Conversation> conversations,
                                       const Attachments& attachments, const std::filesystem::path& file);

}  // namespace facet::core
