#pragma once

// What a user may write for MODEL.

#include "core/models/library.h"

#include <span>
#include <system_error>

namespace facet::core {

/// A model that comes with Facet, such as "demo".
struct BuiltInModel {
    std::string name;
    std::filesystem::path path;
};

struct ResolvedModel {
    std::string name;  ///< to show: the library's name, the id, or the folder's
    std::filesystem::path path;
    bool textOnly = false;
};

/// The one name of a model's folder, or of its .gguf file: absolute, without links in the folder's path.
std::filesystem::path absoluteModelPath(const std::filesystem::path& path, std::error_code& failed);

/// Finds a model by what the user wrote: a name in the library, a built-in one, a folder or a .gguf file, or
/// an id in the Hugging Face cache, tried in this order. A damaged library is an error only if the model is
/// not found elsewhere.
///
/// Errors  NotFound with all that was looked at; InvalidInput
Result<ResolvedModel> resolveModel(std::string_view argument, std::span<const BuiltInModel> builtIns,
                                   const Library& library, const std::filesystem::path& hub);

/// With the user's library and cache.
Result<ResolvedModel> resolveModel(std::string_view argument, std::span<const BuiltInModel> builtIns = {});

}  // namespace facet::core
