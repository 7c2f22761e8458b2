#include "core/tokenizer/tokenizer.h"

#include "core/tokenizer/model_proto.h"
#include "core/tokenizer/open_vocabulary.h"
#include "core/tokenizer/utf8.h"
#include "core/tokenizer/vocabulary.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace facet::core {
namespace {

constexpr std::string_view kMetaSpace = "\xE2\x96\x81";

}  // namespace

struct Tokenizer::State {
    sentencepiece::SentencePieceProcessor model;

    /// What is looked for in the raw text before SentencePiece sees it, by first byte, longest first: control
    /// pieces, which `model` itself never finds in a text, and tokens beyond its pieces.
    std::array<std::vector<AddedPiece>, 256> matched;
    std::vector<AddedPiece> added;  ///< beyond the pieces of `model`
    int64_t vocabSize = 0;

    const AddedPiece* match(std::string_view text, bool controlsCount) const
    {
        for (const AddedPiece& each : matched[static_cast<uint8_t>(text.front())]) {
            if ((controlsCount || !each.control) && text.starts_with(each.text))
                return &each;
        }
        return nullptr;
    }

    const AddedPiece* addedBy(int64_t id) const
    {
        const auto found = std::ranges::find(added, id, &AddedPiece::id);
        return found == added.end() ? nullptr : &*found;
    }

    bool isPiece(int64_t id) const { return id >= 0 && id < model.GetPieceSize(); }

    /// Cuts what has been gathered between two matched pieces.
    void flush(std::string& stretch, std::vector<int64_t>& ids) const
    {
        if (stretch.empty())
            return;
        if (!isWellFormed(stretch))
            stretch = wellFormed(std::move(stretch));
        std::vector<int> cut;
        [[maybe_unused]] const auto status = model.Encode(stretch, &cut);
        assert(status.ok());
        ids.insert(ids.end(), cut.begin(), cut.end());
        stretch.clear();
    }

    void encode(std::string_view text, bool controlsCount, std::string& stretch,
                std::vector<int64_t>& ids) const
    {
        size_t begin = 0;
        for (size_t i = 0; i < text.size();) {
            const AddedPiece* found = match(text.substr(i), controlsCount);
            if (!found) {
                ++i;
                continue;
            }
            stretch += text.substr(begin, i - begin);
            flush(stretch, ids);
            ids.push_back(found->id);
            i += found->text.size();
            begin = i;
        }
        stretch += text.substr(begin);
    }
};

Tokenizer::Tokenizer(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& modelFolder)
{
    Result<Vocabulary> vocabulary = openVocabulary(modelFolder);
    if (!vocabulary)
        return vocabulary.error();
    auto state = std::make_unique<State>();
    for (size_t id = 0; id < vocabulary->pieces.size(); ++id) {
        const Piece& piece = vocabulary->pieces[id];
        if (!piece.text.empty() && (piece.type == PieceType::Control || piece.type == PieceType::Unknown))
            state->matched[static_cast<uint8_t>(piece.text.front())].push_back(
                {piece.text, static_cast<int64_t>(id), true});
    }
    state->vocabSize = std::ssize(vocabulary->pieces);
    state->added = std::exchange(vocabulary->added, {});
    for (const AddedPiece& each : state->added) {
        state->vocabSize = std::max(state->vocabSize, each.id + 1);
        if (!each.text.empty())
            state->matched[static_cast<uint8_t>(each.text.front())].push_back(each);
    }
    for (std::vector<AddedPiece>& bucket : state->matched)
        std::ranges::stable_sort(bucket, std::greater(),
                                 [](const AddedPiece& each) { return each.text.size(); });

    if (const auto loaded = state->model.LoadFromSerializedProto(encodeModelProto(*vocabulary)); !loaded.ok())
        return Error{ErrorCode::InvalidInput, "the tokenizer of " + modelFolder.string() +
                                                  " cannot be used: " + std::string(loaded.message())};
    return Tokenizer(std::move(state));
}

std::vector<int64_t> Tokenizer::encode(std::span<const TextSpan> spans) const
{
    std::vector<int64_t> ids;
    std::string stretch;
    while (!spans.empty()) {
        // Neighbours of one kind are one text, also for a control piece that lies across their border.
        const auto end = std::ranges::find_if(
            spans, [&](const TextSpan& span) { return span.literal != spans.front().literal; });
        const std::span<const TextSpan> alike(spans.begin(), end);
        std::string text;
        for (const TextSpan& span : alike)
            text += span.text;
        m_state->encode(text, !alike.front().literal, stretch, ids);
        spans = spans.subspan(alike.size());
    }
    m_state->flush(stretch, ids);
    return ids;
}

std::vector<int64_t> Tokenizer::encode(std::string_view text) const
{
    const TextSpan whole{text, false};
    return encode(std::span(&whole, 1));
}

std::string Tokenizer::decode(std::span<const int64_t> ids, bool skipControlPieces) const
{
    std::string bytes;
    for (const int64_t id : ids) {
        if (!isControl(id))
            bytes += bytesOf(id);
        else if (skipControlPieces)
            continue;
        else if (const AddedPiece* added = m_state->addedBy(id))
            bytes += added->text;
        else
            bytes += m_state->model.IdToPiece(static_cast<int>(id));
    }
    return wellFormed(std::move(bytes));
}

std::string Tokenizer::bytesOf(int64_t id) const
{
    if (isControl(id))
        return {};
    if (!m_state->isPiece(id)) {
        const AddedPiece* added = m_state->addedBy(id);
        return added ? added->text : std::string();
    }
    const std::string& piece = m_state->model.IdToPiece(static_cast<int>(id));
    if (m_state->model.IsByte(static_cast<int>(id)))
        return std::string(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));
    std::string bytes;
    for (size_t i = 0; i < piece.size();) {
        const bool isSpace = piece.compare(i, kMetaSpace.size(), kMetaSpace) == 0;
        bytes += isSpace ? ' ' : piece[i];
        i += isSpace ? kMetaSpace.size() : 1;
    }
    return bytes;
}

bool Tokenizer::isControl(int64_t id) const
{
    if (m_state->isPiece(id))
        return m_state->model.IsControl(static_cast<int>(id)) ||
               m_state->model.IsUnknown(static_cast<int>(id));
    const AddedPiece* added = m_state->addedBy(id);
    return added && added->control;
}

std::optional<int64_t> Tokenizer::idOf(std::string_view piece) const
{
    const int id = m_state->model.PieceToId({piece.data(), piece.size()});
    if (m_state->isPiece(id) && m_state->model.IdToPiece(id) == piece)
        return id;
    const auto found = std::ranges::find(m_state->added, piece, &AddedPiece::text);
    return found == m_state->added.end() ? std::nullopt : std::optional(found->id);
}

int64_t Tokenizer::vocabSize() const
{
    return m_state->vocabSize;
}

std::string StreamDecoder::push(int64_t id)
{
    m_pending += m_tokenizer.bytesOf(id);
    return takeCharacters(m_pending);
}

std::string StreamDecoder::finish()
{
    return wellFormed(std::exchange(m_pending, {}));
}

}  // namespace facet::core
