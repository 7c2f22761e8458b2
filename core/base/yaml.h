#pragma once

// YAML as JSON, for the few formats of others that are written in it.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace facet::core {

/// Reads a small YAML file: maps, lists and scalars; plain true, false, null and numbers are no texts. Tags
/// are ignored.
///
/// Errors  NotFound, Io; InvalidInput with the file's name and the line
Result<nlohmann::json> readYaml(const std::filesystem::path& path);

}  // namespace facet::core
