#pragma once

// Models as llama.cpp keeps them: one .gguf with weights, numbers, tokenizer and chat template, and the
// vision part as mmproj-NAME.gguf beside it.

#include "core/models/model_folder.h"
#include "engine/convert/exported_tensors.h"

#include <filesystem>
#include <string>
#include <vector>

namespace facet::engine {

struct GgufExportOptions {
    /// Of the matrices: F32, F16, BF16 or Q8_0. Norms and biases are F32 always, and so are the tower's
    /// embeddings and, but for F16, the projector's matrix, as llama.cpp needs them. In Q8_0, a matrix whose
    /// rows are no multiple of 32 (one in each layer of the vision tower) is F16.
    core::DType type = core::DType::BF16;
    std::string name;  ///< of the model, for people
    ExportProgress progress = {};
};

/// Writes a model, with its adapters merged in. Tokenizer and chat template come from `base`, the folder or
/// GGUF that the model was loaded from. Files appear when they are whole; what was there is replaced.
///
/// Returns  the files.
/// Errors   NotFound, Io, Cancelled; InvalidInput: no tokenizer, a shape that llama.cpp cannot be told, a
/// value
///          too large for F16
core::Result<std::vector<std::filesystem::path>> writeGguf(const std::filesystem::path& file,
                                                           const gemma3::Model& model,
                                                           const core::GenerationConfig& generation,
                                                           const std::filesystem::path& base,
                                                           const GgufExportOptions& options);

/// Where the vision part of `file` goes.
std::filesystem::path visionFileOf(const std::filesystem::path& file);

}  // namespace facet::engine
