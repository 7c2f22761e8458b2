#pragma once

// The shape of the model that a job names: from its config.json, or, for the public sizes, by their names, so
// that a job can be planned on a machine that has no weights.

#include "core/base/result.h"
#include "core/gemma3/config.h"
#include "core/models/model_ref.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace facet::jobs {

/// One of Google's: "gemma-3-4b-it", with or without "google/", -it or -pt.
///
/// Source  google/gemma_pytorch, gemma/config.py; the config.json files on the hub
std::optional<core::gemma3::Config> publicShape(std::string_view name);

struct ModelShape {
    core::gemma3::Config config;
    double initializerRange = 0.02;  ///< of its config.json
    std::filesystem::path path;  ///< of the model's folder or .gguf file; "" where only its name was known
};

/// `model` may be a config.json, too; the path is that of its folder then.
///
/// Errors  as core::resolveModel where the model is neither on this machine nor a public one; InvalidInput if
///         its config.json is not Gemma 3's
core::Result<ModelShape> modelShape(const std::string& model, bool textOnly,
                                    std::span<const core::BuiltInModel> builtIns);

}  // namespace facet::jobs
