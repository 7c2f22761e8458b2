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

    /// Names of tensors in the file that belong to no layer of Gemma 3: they are not used.
    std::vector<std::string> unknown;
};

/// Reads a folder that peft wrote, with names of any generation of transformers.
///
/// Types   on the CPU, as they lie in the file.
/// Errors  NotFound, Io; InvalidInput: no LoRA, settings that Facet does not compute (named), no adapter of
///         a layer of Gemma 3 at all
core::Result<PeftAdapter> readPeftFolder(const std::filesystem::path& folder);

/// What of an adapter a model had a place for.
struct Attached {
    int64_t numMatched = 0;              ///< layers, and tensors that were trained whole
    std::vector<std::string> unmatched;  ///< those that the model lacks, such as a vision tower's

    /// "12 of 40 parts of ADAPTER have no place in this model ...", or "" if all of them have.
    std::string note(const std::string& adapter) const;
};

/// Adds an adapter to the linear layers of a model, behind those that are there already. `scale` multiplies
/// its alpha, as in peft.
///
/// Effect  what was trained whole replaces the model's own; the tensors that others share are left alone.
/// Errors  InvalidInput: nothing matches, a shape that does not fit, a scale other than 1 of what was trained
///         whole. The model is then to be thrown away.
core::Result<Attached> attach(const PeftAdapter& adapter, gemma3::Model& model, double scale = 1);

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
