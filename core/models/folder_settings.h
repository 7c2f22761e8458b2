#pragma once

// The small JSON files beside a model's config.json.

#include "core/models/model_folder.h"

namespace facet::core {

/// Reads generation_config.json of a model folder. Where that lacks the stop ids, config.json's count, then
/// Gemma's.
///
/// Errors  InvalidInput, Io
Result<GenerationConfig> readGenerationConfig(const std::filesystem::path& folder);

/// Reads processor_config.json (transformers 5 keeps the image processor in it) or preprocessor_config.json.
///
/// Errors  InvalidInput where they ask for what Facet does not do: another mean, deviation, scale or filter
/// than
///         Gemma's, another size than the vision tower's; Io
Result<ImagePreprocessing> readImagePreprocessing(const std::filesystem::path& folder,
                                                  const gemma3::Config& config);

}  // namespace facet::core
