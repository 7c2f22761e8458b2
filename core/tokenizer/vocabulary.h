#pragma once

// What a tokenizer file says, whichever kind of file it was.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

/// The numbers are SentencePiece's.
enum class PieceType : uint8_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6
};

struct Piece {
    std::string text;  ///< spaces are written ▁
    float score = 0;
    PieceType type = PieceType::Normal;
};

/// A token that is matched on the raw text, before SentencePiece sees it.
struct AddedPiece {
    std::string text;
    int64_t id = 0;
    bool control = false;  ///< plain text in a literal span; left out when decoding
};

struct Vocabulary {
    std::vector<Piece> pieces;      ///< index = id
    std::vector<AddedPiece> added;  ///< those whose id lies beyond `pieces`
    bool hasByteFallback = true;
    uint32_t modelType = 2;  ///< SentencePiece's: 1 unigram, 2 BPE
};

/// Whether Gemma's own files always mean a control piece by this name.
bool isControlName(std::string_view name);

/// " " -> "▁", as SentencePiece writes its pieces.
std::string withMetaSpaces(std::string_view text);

}  // namespace facet::core
