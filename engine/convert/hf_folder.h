#pragma once

// Models as Hugging Face keeps them: config.json, model.safetensors, and the tokenizer's files.

#include "engine/convert/exported_tensors.h"

#include <filesystem>

namespace facet::engine {

struct HfFolderOptions {
    at::ScalarType type = at::kBFloat16;  ///< of the weights
    int64_t maxShardBytes = 5'000'000'000;
    ExportProgress progress = {};
};

/// Writes a model, with its adapters merged in. What has no weights (tokenizer, chat template, preprocessing)
/// is copied from `base`, the folder that the model was loaded from, or made from the metadata of a GGUF; the
/// names are those of transformers 4.52 and later.
///
/// Effect  makes the folder; config.json comes last.
/// Errors  Io, NotFound, Cancelled, InvalidInput (the base's config.json)
core::Result<void> writeHfFolder(const std::filesystem::path& folder, const gemma3::Model& model,
                                 const std::filesystem::path& base, const HfFolderOptions& options = {});

/// Writes what a new model has but its weights: config.json of its shape, and from the folder `tokenizer` the
/// tokenizer, the chat template and the ids of control pieces. How pictures are prepared follows the shape.
///
/// Errors  Io, InvalidInput (the other folder's config.json)
core::Result<void> writeBaseFolder(const std::filesystem::path& folder, const core::gemma3::Config& config,
                                   double initializerRange, const std::filesystem::path& tokenizer);

}  // namespace facet::engine
