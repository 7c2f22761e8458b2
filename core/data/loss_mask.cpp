#include "core/data/loss_mask.h"

#include "core/chat/prompt.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace facet::core {
namespace {

using Kind = PromptPart::Kind;

constexpr std::string_view kTurnBegin = "<start_of_turn>model\n";
constexpr std::string_view kTurnEnd = "<end_of_turn>";
constexpr std::string_view kBlankLine = "\n\n";  // around each picture

/// A stretch of the text, in bytes.
struct Stretch {
    size_t begin = 0;
    size_t end = 0;
};

/// The text that the ids stand for, with what counts in it. Pictures are the two blank lines around their
/// tokens.
struct MarkedText {
    std::string text;
    std::vector<Stretch> trained;
    std::vector<size_t> pictureAt;  ///< where each picture's tokens stand
};

/// Finds the assistant's turns by the template's own words, which no message can imitate.
MarkedText mark(const std::vector<PromptPart>& parts)
{
    MarkedText marked;
    bool isInTurn = false;
    for (const PromptPart& part : parts) {
        const size_t begin = marked.text.size();
        if (part.kind == Kind::Image) {
            marked.text += kBlankLine;
            marked.pictureAt.push_back(marked.text.size());
            marked.text += kBlankLine;
            if (isInTurn) {
                marked.trained.back().end = begin;
                marked.trained.push_back({marked.text.size(), marked.text.size()});
            }
            continue;
        }
        marked.text += part.text;
        if (part.kind != Kind::Template)
            continue;
        size_t from = begin;
        while (true) {
            const std::string_view wanted = isInTurn ? kTurnEnd : kTurnBegin;
            const size_t at = marked.text.find(wanted, from);
            if (at == std::string::npos)
                break;
            from = at + wanted.size();
            if (isInTurn)
                marked.trained.back().end = from;
            else
                marked.trained.push_back({from, from});
            isInTurn = !isInTurn;
        }
    }
    return marked;
}

/// How many bytes of `text` from `at` on a token's bytes stand for; npos if for none. The tokenizer writes a
/// space and U+2581 as the same piece, so a token's space may be either.
size_t lengthOf(std::string_view bytes, std::string_view text, size_t at)
{
    constexpr std::string_view kLowBlock = "\xE2\x96\x81";
    const size_t begin = at;
    for (const char byte : bytes) {
        if (at < text.size() && text[at] == byte)
            ++at;
        else if (byte == ' ' && text.substr(std::min(at, text.size())).starts_with(kLowBlock))
            at += kLowBlock.size();
        else
            return std::string_view::npos;
    }
    return at - begin;
}

/// Walks ids and text side by side.
Result<TokenizedSample> withMask(PromptTokens tokens, const MarkedText& marked, const Tokenizer& tokenizer,
                                 const gemma3::Config& config, bool everything)
{
    TokenizedSample sample;
    sample.inLoss.assign(tokens.ids.size(), 0);
    size_t at = 0;
    size_t numPictures = 0;
    auto stretch = marked.trained.begin();
    for (size_t i = 0; i < tokens.ids.size(); ++i) {
        const int64_t id = tokens.ids[i];
        const bool isPicture = id == config.boiTokenId && numPictures < marked.pictureAt.size() &&
                               marked.pictureAt[numPictures] == at;
        if (isPicture) {
            const auto end = static_cast<size_t>(config.tokensPerImage) + i + 2;
            sample.pictures.push_back(
                {static_cast<int64_t>(i), static_cast<int64_t>(end), tokens.images[numPictures]});
            ++numPictures;
            i = end - 1;
            continue;
        }
        const std::string bytes =
            tokenizer.isControl(id) ? tokenizer.decode(std::span(&id, 1), false) : tokenizer.bytesOf(id);
        const size_t length = lengthOf(bytes, marked.text, at);
        if (length == std::string_view::npos)
            return Error{ErrorCode::Internal, "token " + std::to_string(i) +
                                                  " of the sample does not stand for the text "
                                                  "at its place, so that its mask would be wrong"};
        while (stretch != marked.trained.end() && stretch->end <= at)
            ++stretch;
        const bool isAnswer = stretch != marked.trained.end() && at >= stretch->begin;
        sample.inLoss[i] = i > 0 && (everything || isAnswer);
        at += length;
    }
    if (at != marked.text.size())
        return Error{ErrorCode::Internal,
                     "the tokens of the sample do not cover its text, so that its mask would be wrong"};
    sample.ids = std::move(tokens.ids);
    return sample;
}

Result<TokenizedSample> tokenizeParts(const std::vector<PromptPart>& parts, MarkedText marked,
                                      const Tokenizer& tokenizer, const gemma3::Config& config,
                                      bool everything)
{
    Result<PromptTokens> tokens = tokenizePrompt(parts, tokenizer, config);
    if (!tokens)
        return tokens.error();
    return withMask(*std::move(tokens), marked, tokenizer, config, everything);
}

void addContent(const std::vector<ContentPart>& content, std::vector<PromptPart>& parts)
{
    for (const ContentPart& part : content)
        if (const auto* text = std::get_if<TextPart>(&part))
            parts.push_back({Kind::Text, text->text});
        else
            parts.push_back({Kind::Image, std::get<ImagePart>(part).source});
}

/// Question and answer of a conversation for a model without a template.
Result<TokenizedSample> tokenizePair(const DataSample& sample, const Tokenizer& tokenizer,
                                     const gemma3::Config& config, bool everything)
{
    const std::vector<Message>& messages = sample.messages;
    if (messages.size() != 2 || messages[0].role != "user")
        return Error{
            ErrorCode::InvalidInput,
            "this model has no chat template, so it takes pairs of one question and one answer only; take an "
            "instruct model (-it) for conversations"};
    std::vector<PromptPart> parts = {{Kind::Template, "<bos>"}};
    addContent(messages[0].content, parts);
    parts.push_back({Kind::Template, " "});
    MarkedText marked = mark(parts);
    const size_t answer = marked.text.size() - 1;  // the space belongs to the first word
    addContent(messages[1].content, parts);
    parts.push_back({Kind::Template, "<eos>"});
    marked = mark(parts);
    marked.trained = {{answer, marked.text.size()}};
    return tokenizeParts(parts, std::move(marked), tokenizer, config, everything);
}

}  // namespace

Result<TokenizedSample> tokenizeSample(const DataSample& sample, const Tokenizer& tokenizer,
                                       const ChatTemplate& chatTemplate, const gemma3::Config& config,
                                       const MaskOptions& options)
{
    if (sample.isDocument()) {
        std::vector<PromptPart> parts = {{Kind::Template, "<bos>"}};
        addContent(sample.document, parts);
        parts.push_back({Kind::Template, "<eos>"});
        return tokenizeParts(parts, mark(parts), tokenizer, config, /*everything=*/true);
    }
    if (chatTemplate.kind() == ChatTemplate::Kind::None)
        return tokenizePair(sample, tokenizer, config, options.everything);
    const Result<std::vector<PromptPart>> parts =
        chatTemplate.render(sample.messages, /*addGenerationPrompt=*/false, /*evenIfUnknown=*/true);
    if (!parts)
        return parts.error();
    return tokenizeParts(*parts, mark(*parts), tokenizer, config, options.everything);
}

bool truncate(TokenizedSample& sample, int64_t maxTokens)
{
    if (std::ssize(sample.ids) > maxTokens) {
        int64_t end = maxTokens;
        for (const TokenizedSample::Picture& picture : sample.pictures)
            if (picture.begin < end && picture.end > end)
                end = picture.begin;
        sample.ids.resize(static_cast<size_t>(end));
        sample.inLoss.resize(static_cast<size_t>(end));
        std::erase_if(sample.pictures,
                      [&](const TokenizedSample::Picture& picture) { return picture.begin >= end; });
    }
    return std::ranges::any_of(sample.inLoss, [](uint8_t counts) { return counts != 0; });
}

}  // namespace facet::core
