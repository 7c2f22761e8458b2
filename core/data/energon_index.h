#pragma once

// What `energon prepare` puts beside tar files: where each sample and each part of it lies.

#include "core/data/tar_shard.h"

#include <span>

namespace facet::core {

/// Writes NAME.tar.idx for each shard ("shards/train_000000.tar"), and .nv-meta/index.sqlite, index.uuid and
/// .info.json.
///
/// Limits  .nv-meta exists and has no index yet; shards without samples are none
/// Errors  as TarShard::open; Io
/// Source  megatron-energon 7.4.1, flavors/webdataset/{indexing,itar,prepare}.py
Result<void> writeEnergonIndex(const std::filesystem::path& folder, std::span<const std::string> shards);

}  // namespace facet::core
