#include "core/models/folder_settings.h"

#include "core/base/json.h"

#include <cmath>

namespace facet::core {
namespace {

using nlohmann::json;

constexpr int64_t kMaxTokenId = 1 << 24;
constexpr int64_t kBilinear = 2;  // PIL's number

/// The object in a file; an empty one if there is no such file.
Result<json> readOptional(const std::filesystem::path& path)
{
    Result<json> object = readJsonObject(path);
    if (!object && object.error().code == ErrorCode::NotFound)
        return json::object();
    return object;
}

/// One id or a list of them.
std::vector<int64_t> readIds(JsonFields& fields, const char* key)
{
    const json* value = fields.find(key);
    if (!value)
        return {};
    std::vector<int64_t> ids;
    const json list = value->is_array() ? *value : json::array({*value});
    for (const json& id : list) {
        if (!id.is_number_unsigned() || id.get<uint64_t>() > kMaxTokenId) {
            fields.fail(key, "has " + shown(id) + ", which is no token id");
            return {};
        }
        ids.push_back(id.get<int64_t>());
    }
    return ids;
}

/// config.json's eos_token_id, at the top or, as sparse ones of vision models have it, in text_config.
Result<std::vector<int64_t>> readStopIds(const std::filesystem::path& path)
{
    const Result<json> config = readOptional(path);
    if (!config)
        return config.error();
    JsonFields top(*config, path.string() + ": ");
    std::vector<int64_t> ids = readIds(top, "eos_token_id");
    if (const json* text = top.find("text_config"); ids.empty() && text) {
        JsonFields inner(*text, path.string() + ": text_config.");
        ids = readIds(inner, "eos_token_id");
        if (inner.error())
            return *inner.error();
    }
    if (top.error())
        return *top.error();
    return ids;
}

void requireHalves(JsonFields& fields, const char* key)
{
    const json* values = fields.find(key);
    if (values && *values != json::array({0.5, 0.5, 0.5}))
        fields.fail(key, "is " + values->dump().substr(0, 80) + "; only [0.5, 0.5, 0.5] is supported");
}

void requireTrue(JsonFields& fields, const char* key)
{
    if (!fields.flag(key, true))
        fields.fail(key, "is false, which is not supported");
}

Result<ImagePreprocessing> readImageProcessor(const json& object, const std::string& where, int64_t imageSize)
{
    JsonFields fields(object, where);
    requireTrue(fields, "do_resize");
    requireTrue(fields, "do_rescale");
    requireTrue(fields, "do_normalize");
    requireHalves(fields, "image_mean");
    requireHalves(fields, "image_std");
    if (std::abs(fields.number("rescale_factor", 1.0 / 255, 0, 1) - 1.0 / 255) > 1e-9)
        fields.fail("rescale_factor", "is not 1/255, which is not supported");
    if (fields.integer("resample", kBilinear, 0, 100) != kBilinear)
        fields.fail("resample", "is not 2 (bilinear), which is not supported");
    if (const json* size = fields.find("size")) {
        JsonFields sides(*size, where + "size.");
        for (const char* side : {"height", "width"}) {
            if (sides.integer(side, -1, 1, 1 << 20) != imageSize)
                sides.fail(side,
                           "is not " + std::to_string(imageSize) + ", the image_size of the vision tower");
        }
        if (sides.error())
            return *sides.error();
    }

    ImagePreprocessing result;
    result.imageSize = imageSize;
    result.panAndScan = fields.flag("do_pan_and_scan", false);
    result.panAndScanMinCropSize =
        fields.integer("pan_and_scan_min_crop_size", result.panAndScanMinCropSize, 1, 1 << 20);
    result.panAndScanMaxNumCrops =
        fields.integer("pan_and_scan_max_num_crops", result.panAndScanMaxNumCrops, 1, 1024);
    result.panAndScanMinRatioToActivate =
        fields.number("pan_and_scan_min_ratio_to_activate", result.panAndScanMinRatioToActivate, 0, 1e6);
    if (fields.error())
        return *fields.error();
    return result;
}

}  // namespace

Result<GenerationConfig> readGenerationConfig(const std::filesystem::path& folder)
{
    const std::filesystem::path path = folder / "generation_config.json";
    const Result<json> object = readOptional(path);
    if (!object)
        return object.error();
    JsonFields fields(*object, path.string() + ": ");
    GenerationConfig config;
    config.doSample = fields.flag("do_sample", config.doSample);
    config.temperature = fields.number("temperature", config.temperature, 0, 1e6);
    config.topK = fields.integer("top_k", config.topK, 0, kMaxTokenId);
    config.topP = fields.number("top_p", config.topP, 0, 1);
    std::vector<int64_t> ids = readIds(fields, "eos_token_id");
    if (fields.error())
        return *fields.error();
    if (ids.empty()) {
        Result<std::vector<int64_t>> fromConfig = readStopIds(folder / "config.json");
        if (!fromConfig)
            return fromConfig.error();
        ids = *std::move(fromConfig);
    }
    if (!ids.empty())
        config.eosTokenIds = std::move(ids);
    return config;
}

Result<ImagePreprocessing> readImagePreprocessing(const std::filesystem::path& folder,
                                                  const gemma3::Config& config)
{
    ImagePreprocessing result;
    if (!config.vision)
        return result;

    const std::filesystem::path processorPath = folder / "processor_config.json";
    const Result<json> processor = readOptional(processorPath);
    if (!processor)
        return processor.error();
    JsonFields fields(*processor, processorPath.string() + ": ");
    if (fields.integer("image_seq_length", config.tokensPerImage, 0, 1 << 20) != config.tokensPerImage)
        fields.fail("image_seq_length", "is not " + std::to_string(config.tokensPerImage) +
                                            ", the mm_tokens_per_image of config.json");
    if (fields.error())
        return *fields.error();
    if (const json* nested = fields.find("image_processor"); nested && nested->is_object())
        return readImageProcessor(*nested, processorPath.string() + ": image_processor.",
                                  config.vision->imageSize);

    const std::filesystem::path path = folder / "preprocessor_config.json";
    const Result<json> object = readOptional(path);
    if (!object)
        return object.error();
    return readImageProcessor(*object, path.string() + ": ", config.vision->imageSize);
}

}  // namespace facet::core
