#pragma once

// How the matrices of a loaded model are stored, which is not how they lie in the checkpoint: any checkpoint
// can be loaded in any format.

#include "core/models/model_folder.h"

#include <optional>
#include <string_view>

namespace facet::core::gemma3 {

/// Int8 and Int4 are integers with one bfloat16 scale for each 32 of a row: 8.5 and 4.5 bits a weight
/// (kernels/quantize.h). They are for the text model; its vision tower, 2 % of the work and 0.8 GB, then
/// stays in bfloat16.
enum class WeightFormat { Float32, BFloat16, Int8, Int4 };

inline constexpr WeightFormat kWeightFormats[] = {WeightFormat::Float32, WeightFormat::BFloat16,
                                                  WeightFormat::Int8, WeightFormat::Int4};

std::string_view nameOf(WeightFormat format);  ///< "float32", "bfloat16", "int8", "int4"
std::optional<WeightFormat> weightFormatNamed(std::string_view name);

/// Bytes of a matrix. Int8 and Int4 fill each row up to a multiple of 64 weights.
int64_t bytesOf(WeightFormat format, int64_t numRows, int64_t numColumns);

/// What loses nothing: BFloat16 if all matrices of the files are bfloat16, else Float32.
WeightFormat losslessFormat(const ModelFolder& folder);

}  // namespace facet::core::gemma3
