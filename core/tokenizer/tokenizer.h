#pragma once

// Text to token ids and back, as Gemma's SentencePiece model does it.

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

/// A stretch of text. In a literal one, control pieces such as <end_of_turn> are plain text: nobody can close a
/// turn by typing it. Otherwise they are read as Hugging Face reads them.
struct TextSpan {
    std::string_view text;
    bool literal = false;
};

class Tokenizer {
public:
    /// Opens tokenizer.model of a model folder, or builds it from tokenizer.json where that is all there is.
    ///
    /// Errors  NotFound if there is neither; InvalidInput with the reason.
    static Result<Tokenizer> open(const std::filesystem::path& modelFolder);

    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    /// Ids of the spans read as one text; no BOS is added. Invalid UTF-8 becomes U+FFFD.
    /// Thread  const calls may run at once.
    std::vector<int64_t> encode(std::span<const TextSpan> spans) const;
    std::vector<int64_t> encode(std::string_view text) const;

    /// The text of ids. Control pieces are left out or written by name. Half characters become U+FFFD.
    std::string decode(std::span<const int64_t> ids, bool skipControlPieces) const;

    /// The bytes that an id adds to a text: " the" for "▁the", one byte for "<0x0A>", nothing for a control piece.
    std::string bytesOf(int64_t id) const;

    bool isControl(int64_t id) const;
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
