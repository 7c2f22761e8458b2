#pragma once

// From a rendered prompt to what the model reads: token ids, and the pictures that belong to them.

#include "core/base/result.h"
#include "core/chat/chat_template.h"
#include "core/gemma3/config.h"
#include "core/tokenizer/tokenizer.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

struct PromptOptions {
    /// Control pieces in messages are read as Hugging Face does, not as plain text. A typed <start_of_image>
    /// is then that one token; it stands for no picture.
    bool hfSpecials = false;

    /// Pan & scan: how many crops each picture has besides itself, in order; empty: none has any.
    std::vector<int64_t> cropsPerImage;

    /// Ids to take for a message's text where they are known, given what stands before it: a model's own
    /// answer is read again as it was written, though its text could be cut into other pieces.
    std::function<std::optional<std::vector<int64_t>>(const std::vector<int64_t>& before,
                                                      std::string_view text)>
        idsOfText = {};
    std::function<bool(std::string_view text)> mayKnowText = {};  ///< a quick question before idsOfText
};

struct PromptTokens {
    std::vector<int64_t> ids;

    /// Sources of the pictures, in order. A picture with n crops has 1 + n blocks of image tokens in `ids`:
    /// the whole picture's, then those of its crops.
    std::vector<std::string> images;
};

/// The ids of a prompt, with exactly one <bos> in front. A picture becomes a blank line, <start_of_image>,
/// config.tokensPerImage times the image token, <end_of_image> and a blank line; its newlines grow together
/// with those around them. With crops it is the sentence that transformers' Gemma3Processor writes around
/// them.
///
/// Errors  InvalidInput: a picture for a model that sees none, cropsPerImage that does not fit the pictures,
/// a
///         tokenizer without <bos>.
/// Source  transformers, models/gemma3/processing_gemma3.py
Result<PromptTokens> tokenizePrompt(std::span<const PromptPart> parts, const Tokenizer& tokenizer,
                                    const gemma3::Config& config, const PromptOptions& options = {});

/// A prompt for a base model or for `--raw`: <bos> and the text, control pieces in it read as Hugging Face
/// does; a <bos> that the text begins with is not doubled. Each <start_of_image> takes the next picture; if
/// the text has none, the pictures go in front of it.
///
/// Errors  InvalidInput if there are pictures and a different number of <start_of_image>. Without pictures
/// those
///         stay the plain control piece, as in transformers.
Result<std::vector<PromptPart>> completionPrompt(std::string_view text,
                                                 std::span<const std::string> images = {});

}  // namespace facet::core
