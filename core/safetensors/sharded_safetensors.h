#pragma once

#include "core/safetensors/safetensors_file.h"

#include <vector>

namespace facet::core {

/// Opens all shards that a model.safetensors.index.json names, in the order of their names.
///
/// Checked  each tensor of the index is in the shard that it names, and no tensor is in two shards. Shard
/// names are
///          names of files beside the index: one with a folder in it is refused. A tensor that only a shard
///          knows of is kept.
/// Errors   NotFound (a shard is missing), Io, InvalidInput.
Result<std::vector<SafetensorsFile>> openShards(const std::filesystem::path& index);

}  // namespace facet::core
