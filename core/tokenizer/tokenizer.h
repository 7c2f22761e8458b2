#pragma once

// Text to token ids and back, as Gemma's SentencePiece model does it.
//
// Equal to Hugging Face's tokenizers for every text but some with long runs of spaces. There tokenizer.model
// is right and followed here: it takes the longest run that is a piece first, also where spaces meet a word.

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

/// A stretch of text. In a literal one, control pieces such as <end_of_turn> are plain text: nobody can close
/// a turn by typing it. Otherwise they are read as Hugging Face reads them.
struct TextSpan {
    std::string_view text;
    bool literal = false;
};

class Tokenizer {
public:
    /// Opens tokenizer.model of a model folder, or builds it from tokenizer.json where that is all there is;
    /// the built one is kept in the user's cache. tokenizer_config.json and added_tokens.json beside it are
    /// heeded. Of a GGUF file it takes the vocabulary in the metadata.
    ///
    /// Control pieces are those that Gemma's files always have (<bos>, <end_of_turn>, <start_of_image>, ...)
    /// and those that the files call special or give a role such as "eos_token".
    ///
    /// Cost    For Gemma 3, with -O2, on a busy machine: 0.4 to 0.5 s of CPU time from tokenizer.model or
    ///         the cache, most of it in SentencePiece; 1.7 s from a new tokenizer.json.
    /// Errors  NotFound if there is neither; InvalidInput with the reason.
    static Result<Tokenizer> open(const std::filesystem::path& modelFolder);

    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    /// Ids of the spans read as one text: what lies between two control pieces is joined before it is cut
    /// into pieces, so that words and runs of newlines grow together over the borders of spans. No BOS is
    /// added. Invalid UTF-8 becomes U+FFFD.
    /// Thread  const calls may run at once.
    std::vector<int64_t> encode(std::span<const TextSpan> spans) const;
    std::vector<int64_t> encode(std::string_view text) const;

    /// The text of ids. Control pieces are left out or written by name. Half characters become U+FFFD. Ids
    /// that are no token's give nothing.
    std::string decode(std::span<const int64_t> ids, bool skipControlPieces) const;

    /// The bytes that an id adds to a text: " the" for "▁the", one byte for "<0x0A>", nothing for a control
    /// piece.
    std::string bytesOf(int64_t id) const;

    bool isControl(int64_t id) const;

    /// The id of a piece by its text, "▁the" or "<end_of_turn>".
    std::optional<int64_t> idOf(std::string_view piece) const;
    int64_t vocabSize() const;  ///< pieces and added tokens; the embedding table may have more rows

private:
    struct State;
    explicit Tokenizer(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Puts the bytes of generated tokens together and hands out whole UTF-8 characters only.
class StreamDecoder {
public:
    explicit StreamDecoder(const Tokenizer& tokenizer) : m_tokenizer(tokenizer) {}

    /// The text that became whole with this id; "" while a character is incomplete.
    std::string push(int64_t id);

    /// What is left at the end, half characters as U+FFFD.
    std::string finish();

private:
    const Tokenizer& m_tokenizer;
    std::string m_pending;
};

}  // namespace facet::core
