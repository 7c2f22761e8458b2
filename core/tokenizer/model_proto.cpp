#include "core/tokenizer/model_proto.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace facet::core {
namespace {

constexpr size_t kMaxPieces = 1'000'000;

enum class Wire : uint32_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

// Field numbers of sentencepiece_model.proto.
namespace model {
constexpr uint32_t kPieces = 1;
constexpr uint32_t kTrainerSpec = 2;
constexpr uint32_t kNormalizerSpec = 3;
constexpr uint32_t kAdded = 200;  // ours; "extensions 200 to max"
}  // namespace model
namespace piece {
constexpr uint32_t kText = 1;
constexpr uint32_t kScore = 2;
constexpr uint32_t kType = 3;
}  // namespace piece
namespace trainer {
constexpr uint32_t kModelType = 3;
constexpr uint32_t kVocabSize = 4;
constexpr uint32_t kByteFallback = 35;
constexpr uint32_t kUnknownId = 40, kBosId = 41, kEosId = 42, kPadId = 43;
constexpr uint32_t kUnknownPiece = 45, kBosPiece = 46, kEosPiece = 47, kPadPiece = 48;
}  // namespace trainer
namespace normalizer {
constexpr uint32_t kName = 1;
constexpr uint32_t kAddDummyPrefix = 3;
constexpr uint32_t kRemoveExtraWhitespaces = 4;
constexpr uint32_t kEscapeWhitespaces = 5;
}  // namespace normalizer
namespace added {
constexpr uint32_t kText = 1;
constexpr uint32_t kId = 2;
constexpr uint32_t kControl = 3;
}  // namespace added

class Writer {
public:
    void number(uint32_t field, uint64_t value)
    {
        tag(field, Wire::Varint);
        varint(value);
    }
    void bytes(uint32_t field, std::string_view value)
    {
        tag(field, Wire::Bytes);
        varint(value.size());
        m_out += value;
    }
    void real(uint32_t field, float value)
    {
        tag(field, Wire::Fixed32);
        const auto bits = std::bit_cast<uint32_t>(value);
        for (int shift = 0; shift < 32; shift += 8)
            m_out += static_cast<char>(bits >> shift & 0xFF);
    }
    void clear() { m_out.clear(); }
    void reserve(size_t numBytes) { m_out.reserve(numBytes); }
    const std::string& out() const { return m_out; }
    std::string take() { return std::move(m_out); }

private:
    void tag(uint32_t field, Wire wire) { varint(uint64_t{field} << 3 | static_cast<uint32_t>(wire)); }
    void varint(uint64_t value)
    {
        for (; value >= 0x80; value >>= 7)
            m_out += static_cast<char>(value | 0x80);
        m_out += static_cast<char>(value);
    }

    std::string m_out;
};

struct Field {
    uint32_t number = 0;
    Wire wire = Wire::Varint;
    uint64_t value = 0;      ///< of Varint, Fixed32, Fixed64
    std::string_view bytes;  ///< of Bytes
};

/// Goes over the fields of one message.
class Reader {
public:
    explicit Reader(std::string_view bytes) : m_rest(bytes) {}

    /// The next field; nothing at the end or where the bytes are malformed.
    std::optional<Field> next()
    {
        if (m_rest.empty() || m_isBroken)
            return std::nullopt;
        const uint64_t tag = varint();
        Field field{static_cast<uint32_t>(tag >> 3), static_cast<Wire>(tag & 7), 0, {}};
        switch (field.wire) {
            case Wire::Varint:
                field.value = varint();
                break;
            case Wire::Fixed64:
                field.value = fixed(8);
                break;
            case Wire::Fixed32:
                field.value = fixed(4);
                break;
            case Wire::Bytes: {
                const uint64_t length = varint();
                if (length > m_rest.size())
                    m_isBroken = true;
                else
                    field.bytes = take(static_cast<size_t>(length));
                break;
            }
            default:
                m_isBroken = true;
        }
        if (m_isBroken || tag >> 3 == 0 || tag >> 3 > UINT32_MAX) {
            m_isBroken = true;
            return std::nullopt;
        }
        return field;
    }
    bool isBroken() const { return m_isBroken; }

private:
    std::string_view take(size_t length)
    {
        const std::string_view taken = m_rest.substr(0, length);
        m_rest.remove_prefix(length);
        return taken;
    }
    uint64_t varint()
    {
        uint64_t value = 0;
        for (int shift = 0; shift < 64 && !m_rest.empty(); shift += 7) {
            const auto byte = static_cast<uint8_t>(take(1)[0]);
            value |= uint64_t{byte & 0x7Fu} << shift;
            if (byte < 0x80)
                return value;
        }
        m_isBroken = true;
        return 0;
    }
    uint64_t fixed(size_t length)
    {
        if (length > m_rest.size()) {
            m_isBroken = true;
            return 0;
        }
        uint64_t value = 0;
        const std::string_view bytes = take(length);
        for (size_t i = 0; i < length; ++i)
            value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
        return value;
    }

    std::string_view m_rest;
    bool m_isBroken = false;
};

std::optional<Piece> decodePiece(std::string_view bytes)
{
    Piece result;
    Reader reader(bytes);
    while (const std::optional<Field> field = reader.next()) {
        if (field->number == piece::kText && field->wire == Wire::Bytes)
            result.text = field->bytes;
        else if (field->number == piece::kScore && field->wire == Wire::Fixed32)
            result.score = std::bit_cast<float>(static_cast<uint32_t>(field->value));
        else if (field->number == piece::kType && field->wire == Wire::Varint && field->value >= 1 &&
                 field->value <= 6)
            result.type = static_cast<PieceType>(field->value);
    }
    if (reader.isBroken())
        return std::nullopt;
    return result;
}

std::optional<AddedPiece> decodeAdded(std::string_view bytes)
{
    AddedPiece result;
    Reader reader(bytes);
    while (const std::optional<Field> field = reader.next()) {
        if (field->number == added::kText && field->wire == Wire::Bytes)
            result.text = field->bytes;
        else if (field->number == added::kId && field->wire == Wire::Varint)
            result.id = static_cast<int64_t>(field->value);
        else if (field->number == added::kControl && field->wire == Wire::Varint)
            result.control = field->value != 0;
    }
    if (reader.isBroken())
        return std::nullopt;
    return result;
}

bool decodeTrainerSpec(std::string_view bytes, Vocabulary& vocabulary)
{
    Reader reader(bytes);
    while (const std::optional<Field> field = reader.next()) {
        if (field->number == trainer::kModelType && field->wire == Wire::Varint)
            vocabulary.modelType = static_cast<uint32_t>(field->value);
        else if (field->number == trainer::kByteFallback && field->wire == Wire::Varint)
            vocabulary.hasByteFallback = field->value != 0;
    }
    return !reader.isBroken();
}

Error malformed()
{
    return {ErrorCode::InvalidInput, "the file is cut short or is no SentencePiece model"};
}

}  // namespace

std::string encodeModelProto(const Vocabulary& vocabulary)
{
    Writer out;
    out.reserve(vocabulary.pieces.size() * 24);
    Writer inner;
    for (const Piece& each : vocabulary.pieces) {
        inner.clear();
        inner.bytes(piece::kText, each.text);
        inner.real(piece::kScore, each.score);
        inner.number(piece::kType, static_cast<uint64_t>(each.type));
        out.bytes(model::kPieces, inner.out());
    }

    inner.clear();
    inner.number(trainer::kModelType, vocabulary.modelType);
    inner.number(trainer::kVocabSize, vocabulary.pieces.size());
    inner.number(trainer::kByteFallback, vocabulary.hasByteFallback ? 1 : 0);
    const auto addRole = [&](std::string_view text, uint32_t idField, uint32_t pieceField) {
        const auto found = std::ranges::find(vocabulary.pieces, text, &Piece::text);
        if (found == vocabulary.pieces.end())
            return;
        inner.number(idField, static_cast<uint64_t>(found - vocabulary.pieces.begin()));
        inner.bytes(pieceField, text);
    };
    addRole("<unk>", trainer::kUnknownId, trainer::kUnknownPiece);
    addRole("<bos>", trainer::kBosId, trainer::kBosPiece);
    addRole("<eos>", trainer::kEosId, trainer::kEosPiece);
    addRole("<pad>", trainer::kPadId, trainer::kPadPiece);
    out.bytes(model::kTrainerSpec, inner.out());

    inner.clear();
    inner.bytes(normalizer::kName, "identity");
    inner.number(normalizer::kAddDummyPrefix, 0);
    inner.number(normalizer::kRemoveExtraWhitespaces, 0);
    inner.number(normalizer::kEscapeWhitespaces, 1);
    out.bytes(model::kNormalizerSpec, inner.out());

    for (const AddedPiece& each : vocabulary.added) {
        inner.clear();
        inner.bytes(added::kText, each.text);
        inner.number(added::kId, static_cast<uint64_t>(each.id));
        inner.number(added::kControl, each.control ? 1 : 0);
        out.bytes(model::kAdded, inner.out());
    }
    return out.take();
}

Result<Vocabulary> decodeModelProto(std::string_view bytes)
{
    Vocabulary result;
    result.modelType = 1;  // the proto's own defaults
    result.hasByteFallback = false;
    Reader reader(bytes);
    while (const std::optional<Field> field = reader.next()) {
        if (field->wire != Wire::Bytes)
            continue;
        if (field->number == model::kPieces) {
            std::optional<Piece> decoded = decodePiece(field->bytes);
            if (!decoded)
                return malformed();
            if (result.pieces.size() == kMaxPieces)
                return Error{ErrorCode::InvalidInput, "the file has more than " + std::to_string(kMaxPieces) +
                                                          " pieces; Gemma 3's has 262144"};
            result.pieces.push_back(std::move(*decoded));
        } else if (field->number == model::kTrainerSpec) {
            if (!decodeTrainerSpec(field->bytes, result))
                return malformed();
        } else if (field->number == model::kAdded) {
            std::optional<AddedPiece> decoded = decodeAdded(field->bytes);
            if (!decoded)
                return malformed();
            result.added.push_back(std::move(*decoded));
        }
    }
    if (reader.isBroken() || result.pieces.empty())
        return malformed();
    return result;
}

}  // namespace facet::core
