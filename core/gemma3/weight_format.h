#pragma once

// How the matrices of a loaded model are stored, which is not how they lie in the checkpoint: any checkpoint
// can be loaded in any format.

#include "core/models/model_folder.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core::gemma3 {

/// Int8 and Int4 are integers with one bfloat16 scale for each 32 of a row: 8.5 and 4.5 bits a weight
/// (kernels/quantize.h). NormalFloat4 is what QLoRA trains over: 4.13 bits (kernels/normal_float.h).
enum class WeightFormat { Float32, BFloat16, Int8, Int4, NormalFloat4 };

inline constexpr WeightFormat kWeightFormats[] = {WeightFormat::Float32, WeightFormat::BFloat16,
                                                  WeightFormat::Int8, WeightFormat::Int4,
                                                  WeightFormat::NormalFloat4};

std::string_view nameOf(WeightFormat format);  ///< "float32", "bfloat16", "int8", "int4", "nf4"
std::optional<WeightFormat> weightFormatNamed(std::string_view name);

/// The names of all, in their order: what a user may write.
std::vector<std::string> weightFormatNames();

/// The format of one matrix, by its canonical name, where the model is loaded in `ofModel`.
///
/// Integers: the vision tower, 2 % of the work and 0.8 GB, has none but bfloat16. The embedding table, which
/// is the head, has Int8 where the rest has Int4: there 4 bits cost most (kernels/NOTES.md).
///
/// NormalFloat4: the linear layers of the language model and of the vision tower, which is what transformers
/// gives to bitsandbytes (every nn.Linear but the head). The embedding table, which is the head, and the
/// patches' matrix, a convolution there, have bfloat16; so does the projector, which is no linear layer there
/// either.
WeightFormat formatOf(std::string_view canonicalName, WeightFormat ofModel);

/// Bytes of a matrix. Int8 and Int4 fill each row up to a multiple of 64 weights, NormalFloat4 the whole up
/// to 8.
int64_t bytesOf(WeightFormat format, int64_t numRows, int64_t numColumns);

/// What loses nothing: BFloat16 if all matrices of the files are bfloat16, else Float32.
WeightFormat losslessFormat(const ModelFolder& folder);

}  // namespace facet::core::gemma3
