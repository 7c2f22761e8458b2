#pragma once

// Compressed data files, unpacked once into the user's cache, so that any row of them can be read at once.

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

namespace facet::core {

/// Called now and then with bytes done and bytes in all; returns false to cancel.
using Progress = std::function<bool(int64_t done, int64_t all)>;

/// $FACET_HOME/cache/data if that is set, else facet/data in $XDG_CACHE_HOME or ~/.cache.
std::filesystem::path dataCacheFolder();

/// The name under which something made from a file is kept in the cache; another one when the file changes.
Result<std::string> nameInCache(const std::filesystem::path& path);

/// By its first bytes: gzip or Zstandard.
bool isCompressed(std::span<const std::byte> head);

/// Unpacks a file into the cache, unless that was done before, and gives the unpacked file. Several members
/// or frames in a row are one file.
///
/// Errors  InvalidInput for a broken or cut file; Io; Cancelled
Result<std::filesystem::path> unpacked(const std::filesystem::path& path, const Progress& progress);

}  // namespace facet::core
