#include "core/chat/prompt.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace facet::core {
namespace {

constexpr std::string_view kBos = "<bos>";
constexpr std::string_view kStartOfImage = "<start_of_image>";

/// Gathers spans until a picture comes, whose ids are known without reading any text.
class Assembler {
public:
    Assembler(const Tokenizer& tokenizer, const gemma3::Config& config)
        : m_tokenizer(tokenizer), m_config(config)
    {
    }

    void text(std::string_view text, bool literal) { m_spans.push_back({text, literal}); }

    void picture()
    {
        text("\n\n", false);
        flush();
        m_ids.push_back(m_config.boiTokenId);
        m_ids.insert(m_ids.end(), static_cast<size_t>(m_config.tokensPerImage), m_config.imageTokenId);
        m_ids.push_back(m_config.eoiTokenId);
        text("\n\n", false);
    }

    /// What the ids would be if nothing came any more.
    std::vector<int64_t> idsSoFar() const
    {
        std::vector<int64_t> ids = m_ids;
        const std::vector<int64_t> last = m_tokenizer.encode(m_spans);
        ids.insert(ids.end(), last.begin(), last.end());
        return ids;
    }

    void ids(const std::vector<int64_t>& known)
    {
        flush();
        m_ids.insert(m_ids.end(), known.begin(), known.end());
    }

    std::vector<int64_t> take()
    {
        flush();
        return std::move(m_ids);
    }

private:
    void flush()
    {
        const std::vector<int64_t> ids = m_tokenizer.encode(m_spans);
        m_ids.insert(m_ids.end(), ids.begin(), ids.end());
        m_spans.clear();
    }

    const Tokenizer& m_tokenizer;
    const gemma3::Config& m_config;
    std::vector<TextSpan> m_spans;
    std::vector<int64_t> m_ids;
};

void addPicture(int64_t numCrops, Assembler& assembler)
{
    if (numCrops == 0) {
        assembler.picture();
        return;
    }
    assembler.text("Here is the original image ", false);
    assembler.picture();
    assembler.text(" and here are some crops to help you see better ", false);
    for (int64_t i = 0; i < numCrops; ++i) {
        if (i > 0)
            assembler.text(" ", false);
        assembler.picture();
    }
}

}  // namespace

Result<PromptTokens> tokenizePrompt(std::span<const PromptPart> parts, const Tokenizer& tokenizer,
                                    const gemma3::Config& config, const PromptOptions& options)
{
    const std::optional<int64_t> bos = tokenizer.idOf(kBos);
    if (!bos)
        return Error{ErrorCode::InvalidInput,
                     "the tokenizer has no piece <bos>, with which every prompt of Gemma 3 "
                     "begins; take the tokenizer files of the original model"};
    PromptTokens result;
    Assembler assembler(tokenizer, config);
    for (const PromptPart& part : parts) {
        if (part.kind == PromptPart::Kind::Text && options.mayKnowText && options.mayKnowText(part.text)) {
            if (const auto known = options.idsOfText(assembler.idsSoFar(), part.text)) {
                assembler.ids(*known);
                continue;
            }
        }
        if (part.kind != PromptPart::Kind::Image) {
            assembler.text(part.text, part.kind == PromptPart::Kind::Text && !options.hfSpecials);
            continue;
        }
        if (!config.vision)
            return Error{ErrorCode::InvalidInput,
                         "this model reads text only: leave out the picture " + part.text +
                             " or take a model with a vision part (Gemma 3 4B, 12B, 27B)"};
        const size_t index = result.images.size();
        const bool hasCrops = index < options.cropsPerImage.size();
        addPicture(hasCrops ? std::max<int64_t>(0, options.cropsPerImage[index]) : 0, assembler);
        result.images.push_back(part.text);
    }
    if (!options.cropsPerImage.empty() && options.cropsPerImage.size() != result.images.size())
        return Error{ErrorCode::InvalidInput,
                     "numbers of crops are given for " + std::to_string(options.cropsPerImage.size()) +
                         " pictures, but the prompt has " + std::to_string(result.images.size())};
    result.ids = assembler.take();
    if (result.ids.empty() || result.ids.front() != *bos)
        result.ids.insert(result.ids.begin(), *bos);
    return result;
}

Result<std::vector<PromptPart>> completionPrompt(std::string_view text, std::span<const std::string> images)
{
    using Kind = PromptPart::Kind;
    if (text.starts_with(kBos))
        text.remove_prefix(kBos.size());
    std::vector<PromptPart> parts = {{Kind::Template, std::string(kBos)}};
    if (images.empty() || text.find(kStartOfImage) == std::string_view::npos) {
        for (const std::string& image : images)
            parts.push_back({Kind::Image, image});
        parts.push_back({Kind::Template, std::string(text)});
        return parts;
    }
    size_t numMarkers = 0;
    for (size_t at = text.find(kStartOfImage); at != std::string_view::npos; at = text.find(kStartOfImage)) {
        parts.push_back({Kind::Template, std::string(text.substr(0, at))});
        if (numMarkers < images.size())
            parts.push_back({Kind::Image, images[numMarkers]});
        ++numMarkers;
        text.remove_prefix(at + kStartOfImage.size());
    }
    parts.push_back({Kind::Template, std::string(text)});
    if (numMarkers != images.size())
        return Error{ErrorCode::InvalidInput,
                     "the text has " + std::to_string(numMarkers) + " times <start_of_image>, but " +
                         std::to_string(images.size()) + " pictures are given; their numbers must be equal"};
    return parts;
}

}  // namespace facet::core
