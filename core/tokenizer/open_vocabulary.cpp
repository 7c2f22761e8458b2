#include "core/tokenizer/open_vocabulary.h"

#include "core/base/file.h"
#include "core/gguf/gguf_file.h"
#include "core/tokenizer/gguf_vocabulary.h"
#include "core/tokenizer/model_proto.h"
#include "core/tokenizer/special_tokens.h"
#include "core/tokenizer/tokenizer_json.h"
#include "core/tokenizer/vocabulary_cache.h"

#include <algorithm>

namespace facet::core {
namespace {

std::string_view asText(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The vocabulary of a tokenizer.json, from the cache if it has been built before.
Result<Vocabulary> openTokenizerJson(const std::filesystem::path& path)
{
    const Result<MappedFile> file = MappedFile::open(path);
    if (!file)
        return file.error();
    const std::string_view json = asText(file->bytes());
    const VocabularyCache cache = VocabularyCache::ofUser();
    const std::string name = contentName(json);
    if (const std::optional<std::string> kept = cache.find(name)) {
        Result<Vocabulary> vocabulary = decodeModelProto(*kept);
        if (vocabulary)
            return vocabulary;
    }
    Result<Vocabulary> vocabulary = readTokenizerJson(json);
    if (!vocabulary)
        return vocabulary.error().during("reading " + path.string());
    cache.keep(name, encodeModelProto(*vocabulary));
    return vocabulary;
}

Result<Vocabulary> openTokenizerFile(const std::filesystem::path& folder)
{
    const std::filesystem::path modelPath = folder / "tokenizer.model";
    const Result<MappedFile> model = MappedFile::open(modelPath);
    if (model) {
        Result<Vocabulary> vocabulary = decodeModelProto(asText(model->bytes()));
        if (!vocabulary)
            return vocabulary.error().during("reading " + modelPath.string());
        return vocabulary;
    }
    if (model.error().code != ErrorCode::NotFound)
        return model.error();
    Result<Vocabulary> vocabulary = openTokenizerJson(folder / "tokenizer.json");
    if (!vocabulary && vocabulary.error().code == ErrorCode::NotFound)
        return Error{ErrorCode::NotFound, folder.string() +
                                              " has neither tokenizer.model nor tokenizer.json; "
                                              "copy one from the model's page on Hugging Face"};
    return vocabulary;
}

void placeEntry(const SpecialTokens::Entry& entry, bool isControl, Vocabulary& vocabulary)
{
    if (entry.id >= std::ssize(vocabulary.pieces)) {
        const auto known = std::ranges::find(vocabulary.added, entry.id, &AddedPiece::id);
        if (known == vocabulary.added.end())
            vocabulary.added.push_back({entry.content, entry.id, isControl});
        else
            known->control = known->control || isControl;
        return;
    }
    Piece& piece = vocabulary.pieces[static_cast<size_t>(entry.id)];
    if (piece.type == PieceType::Unknown || piece.type == PieceType::Byte)
        return;
    piece.text = withMetaSpaces(entry.content);  // a fine-tune may have renamed an <unused0>
    if (isControl)
        piece.type = PieceType::Control;
    else if (piece.type == PieceType::Normal)
        piece.type = PieceType::UserDefined;
}

void apply(const SpecialTokens& special, Vocabulary& vocabulary)
{
    const auto isControl = [&](const std::string& text) {
        return isControlName(text) || std::ranges::find(special.names, text) != special.names.end();
    };
    for (const SpecialTokens::Entry& entry : special.added) {
        if (!entry.content.empty())
            placeEntry(entry, entry.special || isControl(entry.content), vocabulary);
    }
    for (AddedPiece& added : vocabulary.added)
        added.control = added.control || isControl(added.text);
    for (Piece& piece : vocabulary.pieces) {
        const bool canBe = piece.type == PieceType::Normal || piece.type == PieceType::UserDefined;
        if (canBe && isControl(piece.text))
            piece.type = PieceType::Control;
    }
}

}  // namespace

Result<Vocabulary> openVocabulary(const std::filesystem::path& model)
{
    const bool isGguf = isGgufFile(model);
    Result<Vocabulary> vocabulary = isGguf ? openGgufVocabulary(model) : openTokenizerFile(model);
    if (!vocabulary)
        return vocabulary;
    const Result<SpecialTokens> special = isGguf ? SpecialTokens() : readSpecialTokens(model);
    if (!special)
        return special.error();
    apply(*special, *vocabulary);
    return vocabulary;
}

}  // namespace facet::core
