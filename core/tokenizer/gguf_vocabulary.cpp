#include "core/tokenizer/gguf_vocabulary.h"

#include "core/base/text.h"

#include <algorithm>
#include <array>

namespace facet::core {
namespace {

constexpr std::string_view kMetaSpace = "\xE2\x96\x81";
constexpr float kSpecialScore = -1000;  // as llama.cpp's converter gives to what is never merged
constexpr size_t kMaxPieces = 1'000'000;
constexpr uint32_t kBpe = 2;

/// A row of the table without a token.
std::string paddingText(size_t id)
{
    return "[PAD" + std::to_string(id) + "]";
}

/// What llama.cpp's converter calls a control piece by its look alone.
bool looksSpecial(std::string_view text)
{
    constexpr std::array<std::string_view, 3> kWords = {"<mask>", "<2mass>", "[@BOS@]"};
    return std::ranges::find(kWords, text) != kWords.end() ||
           (text.starts_with("<unused") && text.ends_with(">"));
}

std::string withSpaces(std::string_view text)
{
    std::string result(text);
    for (size_t at = result.find(kMetaSpace); at != std::string::npos; at = result.find(kMetaSpace, at))
        result.replace(at, kMetaSpace.size(), " ");
    return result;
}

Error refused(const GgufFile& file, const std::string& what)
{
    return {ErrorCode::InvalidInput, file.path().string() + " " + what};
}

PieceType typeOf(double number, std::string_view text)
{
    const auto type = static_cast<PieceType>(static_cast<int>(number));
    return type == PieceType::Control && !isControlName(text) && looksSpecial(text) ? PieceType::UserDefined
                                                                                    : type;
}

}  // namespace

Result<Vocabulary> readGgufVocabulary(const GgufFile& file)
{
    const std::string_view kind = file.text("tokenizer.ggml.model").value_or("");
    const auto tokens = file.texts("tokenizer.ggml.tokens");
    if (!tokens)
        return Error{ErrorCode::NotFound,
                     file.path().string() + " has no vocabulary (tokenizer.ggml.tokens)"};
    if (kind != "llama")
        return refused(file, "has a vocabulary of the kind " + inQuotes(kind) +
                                 "; only SentencePiece's, \"llama\", is read: convert the model again from a "
                                 "folder with tokenizer.model");
    const auto scores = file.numbers("tokenizer.ggml.scores"),
               types = file.numbers("tokenizer.ggml.token_type");
    if (!scores || !types || scores->size() != tokens->size() || types->size() != tokens->size())
        return refused(file,
                       "has no score and type for each of its " + std::to_string(tokens->size()) + " tokens");
    if (tokens->empty() || tokens->size() > kMaxPieces)
        return refused(file, "has " + std::to_string(tokens->size()) + " tokens; from 1 to " +
                                 std::to_string(kMaxPieces) + " are possible");

    Vocabulary vocabulary;
    vocabulary.hasByteFallback = false;
    for (size_t id = 0; id < tokens->size(); ++id) {
        const double number = (*types)[id];
        if (number < 1 || number > 6 || number != static_cast<int>(number))
            return refused(file, "has the type " + std::to_string(number) + " for token " +
                                     std::to_string(id) + ", which is none");
        Piece piece = {std::string((*tokens)[id]), static_cast<float>((*scores)[id]),
                       typeOf(number, (*tokens)[id])};
        if (piece.type == PieceType::UserDefined)
            piece.text = withMetaSpaces(piece.text);
        if (piece.type != PieceType::Normal)
            piece.score = 0;
        vocabulary.hasByteFallback = vocabulary.hasByteFallback || piece.type == PieceType::Byte;
        vocabulary.pieces.push_back(std::move(piece));
    }
    while (!vocabulary.pieces.empty() && vocabulary.pieces.back().type == PieceType::Unused &&
           vocabulary.pieces.back().text.starts_with("[PAD"))
        vocabulary.pieces.pop_back();

    // SentencePiece wants exactly one piece for what it does not know.
    const int64_t unknown = file.integer("tokenizer.ggml.unknown_token_id").value_or(3);
    if (unknown < 0 || unknown >= std::ssize(vocabulary.pieces))
        return refused(file,
                       "has no token " + std::to_string(unknown) + ", its tokenizer.ggml.unknown_token_id");
    for (Piece& piece : vocabulary.pieces)
        if (piece.type == PieceType::Unknown)
            piece.type = PieceType::Control;
    vocabulary.pieces[static_cast<size_t>(unknown)].type = PieceType::Unknown;
    return vocabulary;
}

Result<Vocabulary> openGgufVocabulary(const std::filesystem::path& path)
{
    const Result<GgufFile> file = GgufFile::open(path);
    if (!file)
        return file.error();
    return readGgufVocabulary(*file);
}

Result<GgufWriter::Metadata> ggufVocabulary(const Vocabulary& vocabulary, int64_t numRows)
{
    const auto rows = static_cast<size_t>(numRows);
    if (vocabulary.modelType != kBpe)
        return Error{ErrorCode::InvalidInput,
                     "the tokenizer is of SentencePiece's kind " + std::to_string(vocabulary.modelType) +
                         ", and Gemma 3's is a BPE (2); take the tokenizer files of the original model"};
    std::vector<std::string> tokens;
    std::vector<float> scores;
    std::vector<int32_t> types;
    const auto set = [&](size_t id, std::string text, float score, PieceType type) {
        tokens[id] = std::move(text);
        scores[id] = score;
        types[id] = static_cast<int32_t>(type);
    };
    for (size_t id = 0; id < rows; ++id)
        tokens.push_back(paddingText(id));
    scores.assign(rows, kSpecialScore);
    types.assign(rows, static_cast<int32_t>(PieceType::Unused));
    const auto tooMany = [&](size_t id) {
        return Error{ErrorCode::InvalidInput, "the tokenizer has a token " + std::to_string(id) +
                                                  ", and the embedding table only " +
                                                  std::to_string(numRows) + " rows"};
    };
    if (vocabulary.pieces.size() > rows)
        return tooMany(vocabulary.pieces.size() - 1);
    int64_t unknown = -1;
    for (size_t id = 0; id < vocabulary.pieces.size(); ++id) {
        const Piece& piece = vocabulary.pieces[id];
        const bool isSpecial = piece.type == PieceType::Control || piece.type == PieceType::UserDefined;
        set(id, piece.type == PieceType::UserDefined ? withSpaces(piece.text) : piece.text,
            isSpecial ? kSpecialScore : piece.score, piece.type);
        if (piece.type == PieceType::Unknown)
            unknown = static_cast<int64_t>(id);
    }
    for (const AddedPiece& added : vocabulary.added) {
        const auto id = static_cast<size_t>(added.id);
        if (added.id < 0 || id >= rows)
            return tooMany(id);
        set(id, added.text, kSpecialScore, added.control ? PieceType::Control : PieceType::UserDefined);
    }

    GgufWriter::Metadata metadata = {{"tokenizer.ggml.model", std::string("llama")},
                                     {"tokenizer.ggml.pre", std::string("default")},
                                     {"tokenizer.ggml.tokens", tokens},
                                     {"tokenizer.ggml.scores", scores},
                                     {"tokenizer.ggml.token_type", types}};
    const auto addRole = [&](const char* key, std::string_view text) {
        const auto found = std::ranges::find(tokens, text);
        if (found != tokens.end())
            metadata.emplace_back(key, static_cast<uint32_t>(found - tokens.begin()));
    };
    addRole("tokenizer.ggml.bos_token_id", "<bos>");
    addRole("tokenizer.ggml.eos_token_id", "<eos>");
    addRole("tokenizer.ggml.padding_token_id", "<pad>");
    if (unknown >= 0)
        metadata.emplace_back("tokenizer.ggml.unknown_token_id", static_cast<uint32_t>(unknown));
    metadata.emplace_back("tokenizer.ggml.add_bos_token", true);
    metadata.emplace_back("tokenizer.ggml.add_eos_token", false);
    metadata.emplace_back("tokenizer.ggml.add_space_prefix", false);
    return metadata;
}

}  // namespace facet::core
