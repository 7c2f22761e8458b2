#include "engine/generate/prompt.h"

#include "core/chat/prompt.h"
#include "core/image/image.h"
#include "core/image/pan_and_scan.h"
#include "engine/gemma3/image_preprocessing.h"

#include <algorithm>

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

core::Result<PreparedPrompt> prepare(const LoadedModel& model, const std::vector<PromptPart>& parts,
                                     const PromptSettings& settings)
{
    if (!model.tokenizer)
        return model.tokenizer.error();
    const core::ImagePreprocessing& pictures = model.preprocessing;
    PreparedPrompt prompt;
    core::PromptOptions options;
    options.hfSpecials = settings.hfSpecials;
    for (const PromptPart& part : parts) {
        if (part.kind != PromptPart::Kind::Image)
            continue;
        if (!model.model.config.vision)
            return Error{ErrorCode::InvalidInput, "this model reads text only: leave the picture " +
                                                      part.text + " out, or choose a model with vision"};
        const core::Result<core::Image> image = core::readImage(settings.folder / part.text);
        if (!image)
            return image.error();
        std::vector<core::CropRect> crops;
        if (settings.panAndScan)
            crops =
                core::panAndScanCrops(image->width, image->height, pictures.panAndScanMinCropSize,
                                      pictures.panAndScanMaxNumCrops, pictures.panAndScanMinRatioToActivate);
        prompt.pixels_3SS.push_back(gemma3::pixelValues(*image, pictures.imageSize));
        for (const core::CropRect& rect : crops)
            prompt.pixels_3SS.push_back(gemma3::pixelValues(cropped(*image, rect), pictures.imageSize));
        options.cropsPerImage.push_back(static_cast<int64_t>(crops.size()));
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
