#include "core/tokenizer/tokenizer_json.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace facet::core {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxId = 1'000'000;

Error invalid(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

struct AddedToken {
    std::string content;
    int64_t id = -1;
    bool special = false;
};

/// Gathers what matters while the JSON goes by. Depth 1 is the whole, so a piece of model.vocab has depth 3.
class Gatherer : public nlohmann::json_sax<Json> {
public:
    std::unordered_map<std::string, int64_t> vocab;
    std::vector<AddedToken> addedTokens;
    std::vector<int32_t> mergedIds;  ///< of each merge, the id of what it makes; -1 if that is no piece
    std::string modelType;
    std::string unkToken;
    bool hasByteFallback = false;
    bool replacesSpaces = false;
    std::optional<Error> error;

    bool null() override { return true; }
    bool binary(binary_t&) override { return true; }
    bool boolean(bool value) override
    {
        if (isModelValue() && m_modelKey == "byte_fallback") {
            hasByteFallback = value;
        } else if (isAddedValue() && m_key == "special") {
            addedTokens.back().special = value;
        } else if (isAddedValue() && value &&
                   (m_key == "lstrip" || m_key == "rstrip" || m_key == "single_word")) {
            return refuse("added token \"" + addedTokens.back().content + "\" has \"" + m_key +
                          "\", which no token of Gemma 3 has");
        }
        return true;
    }
    bool number_integer(number_integer_t value) override { return number(value); }
    bool number_unsigned(number_unsigned_t value) override
    {
        return number(value > uint64_t{kMaxId} ? kMaxId + 1 : static_cast<int64_t>(value));
    }
    bool number_float(number_float_t, const string_t&) override { return number(-1); }
    bool string(string_t& value) override
    {
        if (isMerge())
            return merge(value);
        if (isModelValue() && m_modelKey == "type")
            modelType = std::move(value);
        else if (isModelValue() && m_modelKey == "unk_token")
            unkToken = std::move(value);
        else if (isAddedValue() && m_key == "content")
            addedTokens.back().content = std::move(value);
        else if (m_section == "normalizer")
            return normalizerValue(value);
        return true;
    }
    bool start_object(size_t) override
    {
        ++m_depth;
        if (m_section == "added_tokens" && m_depth == 3)
            addedTokens.emplace_back();
        return true;
    }
    bool end_object() override { return leave(); }
    bool start_array(size_t) override
    {
        ++m_depth;
        m_left.reset();
        return true;
    }
    bool end_array() override { return leave(); }
    bool key(string_t& value) override
    {
        if (m_depth == 1)
            m_section = std::move(value);
        else if (m_depth == 2 && m_section == "model")
            m_modelKey = std::move(value);
        else
            m_key = std::move(value);
        return true;
    }
    bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override
    {
        return refuse("no valid JSON at byte " + std::to_string(position));
    }

private:
    bool refuse(std::string message)
    {
        if (!error)
            error = invalid(std::move(message));
        return false;
    }
    bool leave()
    {
        --m_depth;
        if (m_depth == 1)
            m_modelKey.clear();
        return true;
    }
    bool isModelValue() const { return m_depth == 2 && m_section == "model"; }
    bool isAddedValue() const { return m_depth == 3 && m_section == "added_tokens" && !addedTokens.empty(); }
    bool isMerge() const
    {
        return (m_depth == 3 || m_depth == 4) && m_modelKey == "merges" && m_section == "model";
    }
    bool number(int64_t value)
    {
        if (m_depth == 3 && m_section == "model" && m_modelKey == "vocab") {
            if (value < 0 || value > kMaxId)
                return refuse("piece \"" + m_key + "\" has an id that is negative or above " +
                              std::to_string(kMaxId));
            if (!vocab.emplace(std::move(m_key), value).second)
                return refuse("a piece appears twice in \"vocab\"");
        } else if (isAddedValue() && m_key == "id") {
            if (value < 0 || value > kMaxId)
                return refuse("an added token has an id that is negative or above " + std::to_string(kMaxId));
            addedTokens.back().id = value;
        }
        return true;
    }
    /// One string of a merge: "left right" in old files, else "left" and then "right".
    bool merge(std::string& value)
    {
        if (m_depth == 4 && !m_left) {
            m_left = std::move(value);
            return true;
        }
        if (m_depth == 4) {
            value.insert(0, *m_left);
            m_left.reset();
        } else if (const size_t space = value.find(' '); space != std::string::npos) {
            value.erase(space, 1);
        }
        const auto found = vocab.find(value);
        mergedIds.push_back(found == vocab.end() ? -1 : static_cast<int32_t>(found->second));
        return true;
    }
    bool normalizerValue(const std::string& value)
    {
        if (m_key == "type" && value != "Replace" && value != "Sequence")
            return refuse("its normalizer is \"" + value + "\"; Gemma 3's only replaces \" \" by \"▁\"");
        if ((m_key == "String" && value != " ") || m_key == "Regex" || (m_key == "content" && value != "▁"))
            return refuse("its normalizer replaces something else than \" \" by \"▁\"");
        replacesSpaces = replacesSpaces || m_key == "content";
        return true;
    }

    int m_depth = 0;
    std::string m_section;   ///< key at depth 1
    std::string m_modelKey;  ///< key at depth 2 of "model"
    std::string m_key;       ///< key further down
    std::optional<std::string> m_left;
};

bool isBytePiece(std::string_view text)
{
    const auto isHex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
    return text.size() == 6 && text.starts_with("<0x") && text[5] == '>' && isHex(text[3]) && isHex(text[4]);
}

PieceType typeOfAdded(const AddedToken& token, const std::string& unkToken)
{
    if (token.content == unkToken)
        return PieceType::Unknown;
    return token.special || isControlName(token.content) ? PieceType::Control : PieceType::UserDefined;
}

/// Puts the added tokens into the places that `pieces` has for them, or behind.
Result<void> placeAdded(const Gatherer& from, Vocabulary& result)
{
    for (const AddedToken& token : from.addedTokens) {
        if (token.content.empty() || token.id < 0)
            return invalid("an added token has no content or no id");
        if (token.id >= std::ssize(result.pieces)) {
            result.added.push_back({token.content, token.id, token.special || isControlName(token.content)});
            continue;
        }
        Piece& piece = result.pieces[static_cast<size_t>(token.id)];
        piece.text = withMetaSpaces(token.content);
        piece.type = typeOfAdded(token, from.unkToken);
    }
    return {};
}

Result<void> checkMergeOrder(const Gatherer& from, const Vocabulary& vocabulary)
{
    int32_t last = -1;
    for (const int32_t id : from.mergedIds) {
        if (id < 0 || vocabulary.pieces[static_cast<size_t>(id)].type != PieceType::Normal)
            continue;
        if (id < last)
            return invalid("the merge that makes \"" + vocabulary.pieces[static_cast<size_t>(id)].text +
                           "\" comes late for its id " + std::to_string(id) +
                           ": merges in another order than the ids are not Gemma's kind");
        last = id;
    }
    return {};
}

}  // namespace

Result<Vocabulary> readTokenizerJson(std::string_view json)
{
    Gatherer gathered;
    const bool parsed = Json::sax_parse(json.begin(), json.end(), &gathered);
    if (!parsed || gathered.error)
        return gathered.error.value_or(invalid("no valid JSON"));
    if (gathered.modelType != "BPE")
        return invalid("its model is \"" + gathered.modelType + "\"; Gemma 3's is \"BPE\"");
    if (!gathered.replacesSpaces)
        return invalid("it has no normalizer that replaces \" \" by \"▁\", as Gemma 3's does");
    if (gathered.vocab.empty())
        return invalid("its \"vocab\" is empty");

    Vocabulary result;
    result.hasByteFallback = gathered.hasByteFallback;
    result.pieces.resize(gathered.vocab.size());
    for (const auto& [text, id] : gathered.vocab) {
        if (id >= std::ssize(result.pieces))
            return invalid("piece \"" + text + "\" has id " + std::to_string(id) + ", but there are only " +
                           std::to_string(result.pieces.size()) + " pieces: ids are missing");
        Piece& piece = result.pieces[static_cast<size_t>(id)];
        if (!piece.text.empty())
            return invalid("pieces \"" + piece.text + "\" and \"" + text + "\" have the same id " +
                           std::to_string(id));
        piece.text = withMetaSpaces(text);
        piece.score = -static_cast<float>(id);
        if (text == gathered.unkToken)
            piece.type = PieceType::Unknown;
        else if (gathered.hasByteFallback && isBytePiece(text))
            piece.type = PieceType::Byte;
        else if (isControlName(text))
            piece.type = PieceType::Control;
    }
    if (const Result<void> placed = placeAdded(gathered, result); !placed)
        return placed.error();
    if (const Result<void> ordered = checkMergeOrder(gathered, result); !ordered)
        return ordered.error();
    return result;
}

}  // namespace facet::core
