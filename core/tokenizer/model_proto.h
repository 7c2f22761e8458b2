#pragma once

// SentencePiece's model file, a protocol buffer, written and read by hand: Debian ships the library that
// loads it, but no header to make or change one. Only the fields that matter to Gemma are known here.
//
// Source  google/sentencepiece, src/sentencepiece_model.proto

#include "core/base/result.h"
#include "core/tokenizer/vocabulary.h"

#include <string>
#include <string_view>

namespace facet::core {

/// A model file with Gemma's normaliser: spaces become ▁, none is added in front or taken away, nothing else
/// changes. Vocabulary::added goes into an extension field, which SentencePiece passes over.
std::string encodeModelProto(const Vocabulary& vocabulary);

/// Reads tokenizer.model or what encodeModelProto() wrote. The normaliser is left out: Gemma's is always
/// used, as by Hugging Face's converter.
///
/// Errors  InvalidInput: cut short, malformed, no pieces, or more than a million of them.
Result<Vocabulary> decodeModelProto(std::string_view bytes);

}  // namespace facet::core
