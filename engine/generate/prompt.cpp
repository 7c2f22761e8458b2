#include "engine/generate/prompt.h"

#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/chat/prompt.h"
#include "core/image/image.h"
#include "core/image/pan_and_scan.h"
#include "engine/gemma3/image_preprocessing.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;
using core::PromptPart;

core::Image cropped(const core::Image& image, const core::CropRect& rect)
{
    core::Image crop = {rect.width, rect.height, {}};
    crop.rgb.reserve(static_cast<size_t>(3 * rect.width * rect.height));
    for (int64_t y = rect.y; y < rect.y + rect.height; ++y) {
        const auto row = image.rgb.begin() + 3 * (y * image.width + rect.x);
        crop.rgb.insert(crop.rgb.end(), row, row + 3 * rect.width);
    }
    return crop;
}

constexpr size_t kMaxPictureBytes = size_t{256} << 20;

/// The whole picture first, then its crops.
using PictureAndCrops = std::vector<Picture>;

core::Result<std::string> bytesOf(const std::string& source, const PromptSettings& settings)
{
    if (settings.readPicture)
        return settings.readPicture(source);
    return core::readFile(settings.folder / source, kMaxPictureBytes);
}

std::string keyOf(std::string_view digest, int64_t imageSize, const core::CropRect* crop)
{
    const core::CropRect rect = crop ? *crop : core::CropRect{};
    const std::string how = std::to_string(imageSize) + ' ' + std::to_string(rect.x) + ' ' +
                            std::to_string(rect.y) + ' ' + std::to_string(rect.width) + ' ' +
                            std::to_string(rect.height);
    const std::string_view parts[] = {digest, how};
    return core::sha256(parts);
}

/// A picture without crops whose features are known need not be decoded.
std::optional<Picture> knownPicture(const std::string& key, const PromptSettings& settings)
{
    if (!settings.features || settings.panAndScan)
        return std::nullopt;
    const at::Tensor feature_TD = settings.features->find(key);
    return feature_TD.defined() ? std::optional(Picture{{}, key, feature_TD}) : std::nullopt;
}

core::Result<PictureAndCrops> preparePicture(const std::string& source, const PromptSettings& settings,
                                             const core::ImagePreprocessing& how)
{
    const core::Result<std::string> bytes = bytesOf(source, settings);
    if (!bytes)
        return bytes.error();
    const std::string_view contents[] = {*bytes};
    const std::string digest = core::sha256(contents);
    const std::string key = keyOf(digest, how.imageSize, nullptr);
    if (std::optional<Picture> known = knownPicture(key, settings))
        return PictureAndCrops{std::move(*known)};

    const core::Result<core::Image> image = core::decodeImage(std::as_bytes(std::span(*bytes)));
    if (!image)
        return image.error().during("the picture " +
                                    (source.starts_with("data:") ? "in the request" : source));
    PictureAndCrops pictures = {{gemma3::pixelValues(*image, how.imageSize), key, {}}};
    if (!settings.panAndScan)
        return pictures;
    for (const core::CropRect& rect :
         core::panAndScanCrops(image->width, image->height, how.panAndScanMinCropSize,
                               how.panAndScanMaxNumCrops, how.panAndScanMinRatioToActivate))
        pictures.push_back({gemma3::pixelValues(cropped(*image, rect), how.imageSize),
                            keyOf(digest, how.imageSize, &rect),
                            {}});
    return pictures;
}

core::Result<PreparedPrompt> prepare(const LoadedModel& model, const std::vector<PromptPart>& parts,
                                     const PromptSettings& settings)
{
    if (!model.tokenizer)
        return model.tokenizer.error();
    PreparedPrompt prompt;
    core::PromptOptions options;
    options.hfSpecials = settings.hfSpecials;
    if (settings.answers) {
        options.mayKnowText = [&](std::string_view text) { return settings.answers->mayKnow(text); };
        options.idsOfText = [&](const std::vector<int64_t>& before, std::string_view text) {
            return settings.answers->find(before, text);
        };
    }
    for (const PromptPart& part : parts) {
        if (part.kind != PromptPart::Kind::Image)
            continue;
        if (!model.model.config.vision)
            return Error{ErrorCode::InvalidInput,
                         "this model reads text only: leave the picture out, or choose a model with vision"};
        core::Result<PictureAndCrops> pictures = preparePicture(part.text, settings, model.preprocessing);
        if (!pictures)
            return pictures.error();
        options.cropsPerImage.push_back(static_cast<int64_t>(pictures->size()) - 1);
        std::ranges::move(*pictures, std::back_inserter(prompt.pictures));
    }

    core::Result<core::PromptTokens> tokens =
        core::tokenizePrompt(parts, *model.tokenizer, model.model.config, options);
    if (!tokens)
        return tokens.error();
    prompt.ids = std::move(tokens->ids);
    return prompt;
}

}  // namespace

core::Result<PreparedPrompt> prepareChat(const LoadedModel& model, const std::vector<core::Message>& messages,
                                         const PromptSettings& settings)
{
    const core::Result<std::vector<PromptPart>> parts =
        model.chatTemplate.render(messages, settings.addGenerationPrompt, /*evenIfUnknown=*/true);
    if (!parts)
        return parts.error();
    return prepare(model, *parts, settings);
}

core::Result<PreparedPrompt> prepareCompletion(const LoadedModel& model, const std::string& text,
                                               const std::vector<std::string>& images,
                                               const PromptSettings& settings)
{
    const core::Result<std::vector<PromptPart>> parts = core::completionPrompt(text, images);
    if (!parts)
        return parts.error();
    return prepare(model, *parts, settings);
}

}  // namespace facet::engine
