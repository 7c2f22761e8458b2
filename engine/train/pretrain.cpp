#include "engine/train/pretrain.h"

#include "core/gemma3/config_writer.h"
#include "core/models/folder_settings.h"
#include "engine/convert/hf_folder.h"
#include "engine/device.h"
#include "engine/gemma3/new_model.h"
#include "engine/guard.h"
#include "engine/lora/lora_layer.h"
#include "engine/tensor_view.h"
#include "engine/train/checkpoint.h"
#include "engine/train/initial_weights.h"

#include <cstdio>
#include <optional>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

/// The folder of the vision tower, if one is taken.
Result<std::optional<core::ModelFolder>> towerOf(const PretrainStart& start)
{
    std::optional<core::ModelFolder> none;
    if (start.visionTower.empty())
        return none;
    Result<core::ModelFolder> folder = core::ModelFolder::open(start.visionTower);
    if (!folder)
        return folder.error();
    if (!folder->accounting.missing.empty() || !folder->accounting.misshaped.empty())
        return Error{ErrorCode::InvalidInput, "the model in " + start.visionTower.string() +
                                                  " lends no vision tower: " + folder->accounting.inWords()};
    return std::optional(*std::move(folder));
}

Result<gemma3::Model> drawnModel(const PretrainStart& start, const gemma3::Placement& placement)
{
    const Result<std::optional<core::ModelFolder>> tower = towerOf(start);
    if (!tower)
        return tower.error();
    return guarded([&] {
        return gemma3::modelFrom(
            start.config, placement, [&](const std::string& name, at::IntArrayRef shape) {
                if (*tower && name.starts_with("vision_tower."))
                    return asTensor((*tower)->tensors.at(name)).to(at::kFloat, false, /*copy=*/true);
                return initialTensor(name, shape, start.initializerRange, start.seed);
            });
    });
}

}  // namespace

Result<LoadedModel> newModel(const PretrainStart& start, const LoadSettings& settings)
{
    const core::gemma3::Config& config = start.config;
    if (const Result<void> written =
            writeBaseFolder(start.base, config, start.initializerRange, start.tokenizer);
        !written)
        return written.error();
    Result<core::Tokenizer> tokenizer = core::Tokenizer::open(start.base);
    if (!tokenizer && tokenizer.error().code != ErrorCode::NotFound)
        return tokenizer.error();
    if (tokenizer && tokenizer->vocabSize() > config.text.vocabSize)
        return Error{ErrorCode::InvalidInput, "the tokenizer in " + start.tokenizer.string() + " has " +
                                                  std::to_string(tokenizer->vocabSize()) +
                                                  " pieces, more than the model's vocabulary of " +
                                                  std::to_string(config.text.vocabSize)};
    Result<core::ChatTemplate> chatTemplate = core::ChatTemplate::open(start.base);
    if (!chatTemplate)
        return chatTemplate.error();
    Result<core::GenerationConfig> generation = core::readGenerationConfig(start.base);
    if (!generation)
        return generation.error();
    const Result<core::ImagePreprocessing> preprocessing = core::readImagePreprocessing(start.base, config);
    if (!preprocessing)
        return preprocessing.error();

    const Result<int64_t> available = guarded([&] { return freeMemory(settings.device); });
    if (!available)
        return available.error();
    const gemma3::Placement placement = {
        settings.device, settings.type.value_or(settings.device.is_cpu() ? at::kFloat : at::kBFloat16),
        settings.weights.value_or(core::gemma3::WeightFormat::BFloat16), /*useKernels=*/true,
        settings.inFull};
    const core::gemma3::MemoryRequest request = {
        placement.weights,          std::min(settings.context, config.text.maxPositions),
        settings.numSlots,          placement.type == at::kFloat ? 4 : 2,
        !placement.device.is_cpu(), settings.inFull};
    if (const Result<void> fits = core::gemma3::checkMemory(
            config, request, *available, settings.device.is_cpu() ? "this machine" : settings.device.str());
        !fits)
        return fits.error();
    Result<gemma3::Model> model = drawnModel(start, placement);
    if (!model)
        return model.error();
    return LoadedModel{*std::move(model),    *std::move(generation),   *preprocessing,
                       std::move(tokenizer), *std::move(chatTemplate), {}};
}

Result<std::string> fingerprintOf(const PretrainStart& start)
{
    const Result<std::optional<core::ModelFolder>> tower = towerOf(start);
    if (!tower)
        return tower.error();
    uint64_t hash =
        mixedSeed(start.seed, core::gemma3::configJson(start.config, start.initializerRange).dump());
    if (*tower)
        hash = mixedSeed(hash, fingerprintOf(**tower));
    char text[24];
    std::snprintf(text, sizeof(text), "seed-%016llx", static_cast<unsigned long long>(hash));
    return std::string(text);
}

}  // namespace facet::engine
