#pragma once

// From a conversation, or plain text, to what the model reads: ids and pixels.

#include "core/chat/message.h"
#include "engine/generate/answer_memory.h"
#include "engine/generate/loaded_model.h"
#include "engine/generate/pictures.h"

#include <filesystem>
#include <functional>

namespace facet::engine {

struct PreparedPrompt {
    std::vector<int64_t> ids;
    std::vector<Picture> pictures;  ///< in the order of their tokens
};

struct PromptSettings {
    bool addGenerationPrompt = true;  ///< the model's turn is opened at the end; conversations only
    bool hfSpecials = false;          ///< control pieces in messages count, as in Hugging Face's tokenizer
    bool panAndScan = false;          ///< long pictures are shown whole and as crops
    std::filesystem::path folder;     ///< relative paths of pictures start here; empty: the current one

    /// Gives the bytes of a picture by its source; not set: sources are paths of files, any file.
    std::function<core::Result<std::string>(const std::string& source)> readPicture = {};

    PictureFeatures* features = nullptr;  ///< pictures that are known there are not decoded again
    AnswerMemory* answers = nullptr;      ///< answers that are known there keep their ids
};

/// Renders a conversation by the model's template. An unknown template is treated as Gemma 3's; saying so is
/// the caller's part.
///
/// Errors  InvalidInput: roles, a base model (no template), a picture for a text model; what reading a
/// picture may say.
core::Result<PreparedPrompt> prepareChat(const LoadedModel& model, const std::vector<core::Message>& messages,
                                         const PromptSettings& settings);

/// Text as it stands, with <bos> in front. Pictures take the places of <start_of_image> in it, or come first.
core::Result<PreparedPrompt> prepareCompletion(const LoadedModel& model, const std::string& text,
                                               const std::vector<std::string>& images,
                                               const PromptSettings& settings);

}  // namespace facet::engine
