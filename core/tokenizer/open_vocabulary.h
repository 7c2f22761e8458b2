#pragma once

// The one place that knows where a model's tokens come from.

#include "core/base/result.h"
#include "core/tokenizer/vocabulary.h"

#include <filesystem>

namespace facet::core {

/// The vocabulary of a model folder, from tokenizer.model or, where that is missing, from tokenizer.json with
/// the user's cache of such; with what tokenizer_config.json and added_tokens.json say applied to it. Of a
/// GGUF file, the one in its metadata.
///
/// Errors  NotFound if there is none; InvalidInput with the reason.
Result<Vocabulary> openVocabulary(const std::filesystem::path& model);

}  // namespace facet::core
