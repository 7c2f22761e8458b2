#pragma once

// Adapters as Hugging Face's peft keeps them: adapter_config.json and adapter_model.safetensors in a folder.

#include "core/base/result.h"
#include "engine/gemma3/load.h"
#include "engine/lora/lora_layer.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace facet::engine {

struct PeftAdapter {
    std::string baseModel;  ///< path or name, as the folder has it
    std::vector<std::shared_ptr<LoraLayer>> layers;

    /// What was trained whole beside the adapters ("modules_to_save"), by canonical name.
    std::map<std::string, at::Tensor> tensors;
};

/// Reads a folder that peft wrote, with names of any generation of transformers.
///
/// Types   on the CPU, as they lie in the file.
/// Errors  NotFound, Io; InvalidInput: no LoRA, settings that Facet does not compute (named), a tensor that
///         belongs to no layer of Gemma 3, no adapter at all
core::Result<PeftAdapter> readPeftFolder(const std::filesystem::path& folder);

/// Adds an adapter to the linear layers of a model.
///
/// Errors  InvalidInput: a layer that the model lacks, a shape that does not fit
core::Result<void> attach(const PeftAdapter& adapter, gemma3::Model& model);

/// Writes a folder that peft reads, with the names of transformers 4.52 and later (parts of the vision tower
/// that were trained whole: of 5.0 and later, since peft renames adapters only); the folder is made.
/// target_modules is a regular expression that matches what was trained, and nothing else.
///
/// Errors  Io
core::Result<void> writePeftFolder(const std::filesystem::path& folder, const PeftAdapter& adapter,
                                   bool hasVision);

/// As above, for tests: the regular expression.
std::string targetPattern(const std::vector<std::string>& modules, bool hasVision);

}  // namespace facet::engine
