#pragma once

// Environment variables that name folders.

#include <filesystem>
#include <optional>

namespace facet::core {

/// The folder that a variable names, "~" at its start expanded, made absolute; none if it is unset or empty.
std::optional<std::filesystem::path> environmentPath(const char* variable);

/// HOME, else the home of this user in the system's list, else "/".
std::filesystem::path homeFolder();

}  // namespace facet::core
