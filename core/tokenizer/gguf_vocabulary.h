#pragma once

// The vocabulary in the metadata of a GGUF file, and as it is written there.
//
// llama.cpp keeps SentencePiece's pieces with their scores and types; a piece that is matched in the text
// itself has its spaces as they are, not as ▁. Its converter calls <mask>, <unused0> and the like control
// pieces, which in Gemma's own files are matched in any text; this is undone here. Rows of the embedding
// table without a piece are "[PAD262145]".
//
// Source  llama.cpp, conversion/base.py: _create_vocab_sentencepiece, does_token_look_special

#include "core/base/result.h"
#include "core/gguf/gguf_file.h"
#include "core/gguf/gguf_writer.h"
#include "core/tokenizer/vocabulary.h"

namespace facet::core {

/// Errors  NotFound: the file has no vocabulary; InvalidInput: one of another kind than SentencePiece's,
///         lists of different lengths, a type that is none.
Result<Vocabulary> readGgufVocabulary(const GgufFile& file);

/// Opens the file for its vocabulary alone.
Result<Vocabulary> openGgufVocabulary(const std::filesystem::path& path);

/// tokenizer.ggml.* for an embedding table of `numRows` rows.
///
/// Errors  InvalidInput: a token has no row, or this is no BPE of SentencePiece's
Result<GgufWriter::Metadata> ggufVocabulary(const Vocabulary& vocabulary, int64_t numRows);

}  // namespace facet::core
