#include "core/gemma3/weight_format.h"

#include "core/gemma3/tensor_names.h"

#include <algorithm>
#include <cassert>

namespace facet::core::gemma3 {

std::string_view nameOf(WeightFormat format)
{
    switch (format) {
        case WeightFormat::Float32:
            return "float32";
        case WeightFormat::BFloat16:
            return "bfloat16";
        case WeightFormat::Int8:
            return "int8";
        case WeightFormat::Int4:
            return "int4";
        case WeightFormat::NormalFloat4:
            return "nf4";
    }
    assert(false);
    return "";
}

std::optional<WeightFormat> weightFormatNamed(std::string_view name)
{
    for (const WeightFormat format : kWeightFormats)
        if (nameOf(format) == name)
            return format;
    return std::nullopt;
}

std::vector<std::string> weightFormatNames()
{
    std::vector<std::string> names;
    for (const WeightFormat format : kWeightFormats)
        names.emplace_back(nameOf(format));
    return names;
}

WeightFormat formatOf(std::string_view canonicalName, WeightFormat ofModel)
{
    if (ofModel == WeightFormat::NormalFloat4)
        return canonicalName.find(".layers.") == std::string_view::npos ? WeightFormat::BFloat16
                                                                        : WeightFormat::NormalFloat4;
    if (isVisionTensor(canonicalName))
        return ofModel == WeightFormat::Float32 ? WeightFormat::Float32 : WeightFormat::BFloat16;
    if (canonicalName == "language_model.embed_tokens.weight" && ofModel == WeightFormat::Int4)
        return WeightFormat::Int8;
    return ofModel;
}

int64_t bytesOf(WeightFormat format, int64_t numRows, int64_t numColumns)
{
    const int64_t filled = (numColumns + 63) / 64 * 64, scales = filled / 32 * 2;
    switch (format) {
        case WeightFormat::Float32:
            return numRows * numColumns * 4;
        case WeightFormat::BFloat16:
            return numRows * numColumns * 2;
        case WeightFormat::Int8:
            return numRows * (filled + scales);
        case WeightFormat::Int4:
            return numRows * (filled / 2 + scales);
        case WeightFormat::NormalFloat4: {
            const int64_t count = numRows * numColumns, blocks = (count + 63) / 64;
            return (count + 7) / 8 * 4 + blocks + (blocks + 255) / 256 * 4;
        }
    }
    assert(false);
    return 0;
}

WeightFormat losslessFormat(const ModelFolder& folder)
{
    const bool isBFloat16 = std::ranges::all_of(folder.tensors, [](const auto& entry) {
        return entry.second.shape.size() < 2 || entry.second.dtype == DType::BF16;
    });
    return isBFloat16 ? WeightFormat::BFloat16 : WeightFormat::Float32;
}

}  // namespace facet::core::gemma3
