#include "engine/generate/loaded_model.h"

#include "engine/device.h"
#include "engine/guard.h"

#include <algorithm>

namespace facet::engine {

using core::gemma3::WeightFormat;

SamplingOptions samplingOf(const core::GenerationConfig& generation)
{
    SamplingOptions sampling;
    if (!generation.doSample)
        return sampling;
    sampling.temperature = generation.temperature;
    sampling.topK = generation.topK;
    sampling.topP = generation.topP;
    return sampling;
}

gemma3::Placement placementOf(const LoadSettings& settings, const core::ModelFolder& folder)
{
    const at::ScalarType type = settings.type.value_or(settings.device.is_cpu() ? at::kFloat : at::kBFloat16);
    const WeightFormat natural = type == at::kBFloat16      ? WeightFormat::BFloat16
                                 : settings.device.is_cpu() ? core::gemma3::losslessFormat(folder)
                                                            : WeightFormat::Float32;
    return {settings.device, type, settings.weights.value_or(natural), /*useKernels=*/true, settings.inFull};
}

core::gemma3::MemoryRequest memoryRequestOf(const LoadSettings& settings, const core::ModelFolder& folder)
{
    const gemma3::Placement placement = placementOf(settings, folder);
    return {placement.weights,          std::min(settings.context, folder.config.text.maxPositions),
            settings.numSlots,          placement.type == at::kFloat ? 4 : 2,
            !placement.device.is_cpu(), settings.inFull};
}

core::Result<LoadedModel> openModel(const std::filesystem::path& path, bool textOnly,
                                    const LoadSettings& settings, const gemma3::LoadProgress& progress)
{
    const core::Result<core::ModelFolder> folder = core::ModelFolder::open(path, textOnly);
    if (!folder)
        return folder.error();
    // What is quick comes first, so that a broken tokenizer is refused before gigabytes are read.
    core::Result<core::Tokenizer> tokenizer = core::Tokenizer::open(folder->path);
    if (!tokenizer && tokenizer.error().code != core::ErrorCode::NotFound)
        return tokenizer.error();
    core::Result<core::ChatTemplate> chatTemplate = core::ChatTemplate::open(folder->path);
    if (!chatTemplate)
        return chatTemplate.error();

    const core::Result<int64_t> available = guarded([&] { return freeMemory(settings.device); });
    if (!available)
        return available.error();
    if (const core::Result<void> fits =
            core::gemma3::checkMemory(folder->config, memoryRequestOf(settings, *folder), *available,
                                      settings.device.is_cpu() ? "this machine" : settings.device.str());
        !fits)
        return fits.error();

    core::Result<gemma3::Model> model = gemma3::loadModel(*folder, placementOf(settings, *folder), progress);
    if (!model)
        return model.error();
    return LoadedModel{std::move(*model),    folder->generation,       folder->preprocessing,
                       std::move(tokenizer), std::move(*chatTemplate), folder->accounting.unexpected};
}

}  // namespace facet::engine
