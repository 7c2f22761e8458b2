#pragma once

#include "core/base/result.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <string>

namespace facet::engine {

/// Writes a .safetensors file, beside its place and renamed. Tensors may lie on any device: one at a time
/// comes to the CPU.
///
/// Errors  those of core::SafetensorsWriter
core::Result<void> writeTensors(const std::filesystem::path& path,
                                const std::map<std::string, at::Tensor>& tensors,
                                const std::map<std::string, std::string>& metadata = {});

/// All tensors of a .safetensors file, copied to the CPU.
///
/// Errors  those of core::SafetensorsFile::open
core::Result<std::map<std::string, at::Tensor>> readTensors(const std::filesystem::path& path);

}  // namespace facet::engine
