#pragma once

// What a user may write for MODEL.

#include "core/models/library.h"

#include <span>

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

/// Finds a model by what the user wrote: a name in the library, a built-in one, a folder, or an id in the
/// Hugging Face cache, tried in this order. A damaged library is an error only if the model is not found
/// elsewhere.
///
/// Errors  NotFound with all that was looked at; InvalidInput
Result<ResolvedModel> resolveModel(std::string_view argument, std::span<const BuiltInModel> builtIns,
                                   const Library& library, const std::filesystem::path& hub);

/// With the user's library and cache.
Result<ResolvedModel> resolveModel(std::string_view argument, std::span<const BuiltInModel> builtIns = {});

}  // namespace facet::core
