#pragma once

// Hugging Face's tokenizer.json as a SentencePiece vocabulary.
//
// Read by events (SAX): the file of Gemma 3 has 33 MB, most of it merges, and a tree of it costs 0.9 s and
// 140 MB. The merges themselves are not needed. SentencePiece joins the pair whose piece has the highest
// score, and the ids of Gemma's pieces are in the order of its merges, so score = -id says the same; that
// order is checked here.

#include "core/base/result.h"
#include "core/tokenizer/vocabulary.h"

#include <string_view>

namespace facet::core {

/// Errors  InvalidInput: not JSON; not a BPE of Gemma's kind (another model or normaliser, merges in another
/// order
///         than the ids, added tokens that swallow spaces around them); ids missing or used twice.
Result<Vocabulary> readTokenizerJson(std::string_view json);

}  // namespace facet::core
