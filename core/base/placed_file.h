#pragma once

#include "core/base/file_descriptor.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace facet::core {

/// A file that is written piece by piece: where each tensor lies is known before its bytes are. These come in
/// any order between tensors, and in order within one.
///
/// The file lies beside its place as NAME.PID.tmp until finish() renames it; without finish() it is removed.
/// Thread  one at a time.
class PlacedFile {
public:
    struct Place {
        uint64_t next = 0;  ///< counted from the end of the file's start
        uint64_t end = 0;
    };

    /// Writes the start of the file, behind which `dataSize` bytes follow. What no place covers is zeros.
    ///
    /// Errors  NotFound (the folder), Io
    static Result<PlacedFile> create(const std::filesystem::path& path, std::string_view start,
                                     std::map<std::string, Place> places, uint64_t dataSize);

    PlacedFile(PlacedFile&& other) noexcept;
    PlacedFile& operator=(PlacedFile&& other) noexcept;
    ~PlacedFile();

    /// Writes the next bytes of a tensor.
    ///
    /// Errors  InvalidInput (no such tensor, more bytes than it has), Io
    Result<void> append(const std::string& name, std::span<const std::byte> bytes);

    /// Flushes to the disk and renames.
    ///
    /// Errors  InvalidInput (bytes of a tensor are missing), Io
    Result<void> finish();

private:
    PlacedFile() = default;
    void discard();

    std::filesystem::path m_path;
    std::filesystem::path m_beside;  // empty once it is renamed
    FileDescriptor m_file;
    uint64_t m_dataBegin = 0;
    std::map<std::string, Place> m_places;
};

}  // namespace facet::core
