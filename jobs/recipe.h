#pragma once

// NeMo's recipes for Gemma 3, one JSON file each in resources/recipes/.

#include "core/base/result.h"
#include "jobs/job/job_settings.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace facet::jobs {

struct Recipe {
    std::string name;  ///< "gemma3_4b_lora"
    std::string title;
    std::string source;  ///< where its numbers are from
    Settings settings;

    /// A value of NeMo's that is another one here.
    struct Replaced {
        std::string key;
        std::string nemo;
        std::string facet;
        std::string why;
    };
    std::vector<Replaced> replaced;
    std::vector<std::string> notes;
};

/// Names of all recipes in a folder, sorted.
core::Result<std::vector<std::string>> recipeNames(const std::filesystem::path& folder);

/// Reads a recipe; "4b-lora" is gemma3_4b_lora.
///
/// Errors  NotFound with the nearest name; InvalidInput, Io
core::Result<Recipe> readRecipe(const std::filesystem::path& folder, std::string_view name);

}  // namespace facet::jobs
