#include "jobs/model_shape.h"

#include "core/base/file.h"
#include "core/gemma3/config_json.h"
#include "core/gguf/gguf_file.h"
#include "core/models/model_folder.h"

#include <nlohmann/json.hpp>

#include <array>

namespace facet::jobs {
namespace {

using core::Result;
using core::gemma3::Config;

struct PublicSize {
    std::string_view name;
    int64_t numLayers, hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, slidingWindow;
    double queryPreAttnScalar;
    bool hasVision;
};

constexpr std::array<PublicSize, 5> kSizes = {{
    {"gemma-3-270m", 18, 640, 2048, 4, 1, 256, 512, 256, false},
    {"gemma-3-1b", 26, 1152, 6912, 4, 1, 256, 512, 256, false},
    {"gemma-3-4b", 34, 2560, 10240, 8, 4, 256, 1024, 256, true},
    {"gemma-3-12b", 48, 3840, 15360, 16, 8, 256, 1024, 256, true},
    {"gemma-3-27b", 62, 5376, 21504, 32, 16, 128, 1024, 168, true},
}};

Config configOf(const PublicSize& size)
{
    Config config;
    core::gemma3::TextConfig& text = config.text;
    text.vocabSize = size.hasVision ? 262'208 : 262'144;
    text.hiddenSize = size.hiddenSize;
    text.intermediateSize = size.intermediateSize;
    text.numLayers = size.numLayers;
    text.numHeads = size.numHeads;
    text.numKvHeads = size.numKvHeads;
    text.headDim = size.headDim;
    text.queryPreAttnScalar = size.queryPreAttnScalar;
    text.slidingWindow = size.slidingWindow;
    text.maxPositions = size.hasVision ? 131'072 : 32'768;
    text.ropeGlobal.factor = size.hasVision ? 8 : 1;
    for (int64_t layer = 1; layer <= size.numLayers; ++layer)
        text.layers.push_back(layer % 6 == 0 ? core::gemma3::LayerKind::Global
                                             : core::gemma3::LayerKind::Local);
    if (size.hasVision)
        config.vision = core::gemma3::VisionConfig{.hiddenSize = 1152,
                                                   .intermediateSize = 4304,
                                                   .numLayers = 27,
                                                   .numHeads = 16,
                                                   .imageSize = 896,
                                                   .patchSize = 14};
    return config;
}

Result<ModelShape> readConfig(const std::filesystem::path& file, bool textOnly)
{
    const Result<std::string> text = core::readFile(file, 16 << 20);
    if (!text)
        return text.error();
    Result<Config> config = core::gemma3::parseConfig(*text, textOnly);
    if (!config)
        return core::Error{config.error().code, file.string() + " " + config.error().message};
    ModelShape shape;
    shape.config = *std::move(config);
    std::error_code ignored;
    shape.path = std::filesystem::absolute(file, ignored).parent_path();
    const nlohmann::json json = nlohmann::json::parse(*text);
    const nlohmann::json part = json.value("text_config", json);
    if (const auto range = part.find("initializer_range"); range != part.end() && range->is_number())
        shape.initializerRange = range->get<double>();
    return shape;
}

}  // namespace

std::optional<Config> publicShape(std::string_view name)
{
    constexpr std::string_view owner = "google/";
    if (name.starts_with(owner))
        name.remove_prefix(owner.size());
    if (name.ends_with("-it") || name.ends_with("-pt"))
        name.remove_suffix(3);
    for (const PublicSize& size : kSizes)
        if (size.name == name)
            return configOf(size);
    return std::nullopt;
}

Result<ModelShape> modelShape(const std::string& model, bool textOnly,
                              std::span<const core::BuiltInModel> builtIns)
{
    std::error_code ignored;
    const std::filesystem::path given = model;
    if (given.extension() == ".json" && std::filesystem::is_regular_file(given, ignored))
        return readConfig(given, textOnly);
    const Result<core::ResolvedModel> found = core::resolveModel(model, builtIns);
    if (!found) {
        std::optional<Config> known = publicShape(model);
        if (!known)
            return found.error();
        if (textOnly)
            known->vision.reset();
        ModelShape shape;
        shape.config = *std::move(known);
        return shape;
    }
    if (!core::isGgufFile(found->path))
        return readConfig(found->path / "config.json", textOnly || found->textOnly);
    Result<Config> config = core::readModelConfig(found->path, textOnly || found->textOnly);
    if (!config)
        return config.error();
    ModelShape shape;
    shape.config = *std::move(config);
    shape.path = found->path;
    return shape;
}

}  // namespace facet::jobs
