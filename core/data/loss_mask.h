#pragma once

// From a sample to token ids and the mask of what the model learns to say.
//
// The mask comes from the template itself, by position in the text, never by searching for an answer: an
// assistant's turn counts from its first character to its <end_of_turn>, that included.

#include "core/base/result.h"
#include "core/chat/chat_template.h"
#include "core/data/sample.h"
#include "core/gemma3/config.h"
#include "core/tokenizer/tokenizer.h"

namespace facet::core {

struct MaskOptions {
    bool everything = false;  ///< prompts count, too; pictures never do
};

/// A conversation is written with the chat template, which is Gemma 3's where the model's is unknown; a model
/// without one (ChatTemplate::Kind::None) takes pairs of a question and an answer, as question + " " + answer
/// + <eos>. Plain text is <bos> + text + <eos>, all of which counts.
///
/// Errors  InvalidInput: roles that do not alternate, a picture for a model that sees none, a conversation of
///         several turns for a model without a template
Result<TokenizedSample> tokenizeSample(const DataSample& sample, const Tokenizer& tokenizer,
                                       const ChatTemplate& chatTemplate, const gemma3::Config& config,
                                       const MaskOptions& options = {});

/// Cuts what is longer than `maxTokens` at its end. A picture that would be cut in half is left out whole,
/// with all that follows. Returns whether anything that counts in the loss is left.
bool truncate(TokenizedSample& sample, int64_t maxTokens);

}  // namespace facet::core
