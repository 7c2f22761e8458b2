#pragma once

// Reading and writing whole files, and mapping large ones.

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace facet::core {

/// A file mapped read-only into memory. Moving it keeps the address of its bytes.
///
/// Limits  the file must not be cut short while it is mapped: the kernel ends a process that reads past its
/// end.
class MappedFile {
public:
    /// Errors  NotFound, Io (also for a folder or a pipe). An empty file is a mapping of no bytes.
    static Result<MappedFile> open(const std::filesystem::path& path);

    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    std::span<const std::byte> bytes() const { return {m_begin, m_size}; }

private:
    MappedFile(const std::byte* begin, size_t size) : m_begin(begin), m_size(size) {}

    const std::byte* m_begin = nullptr;
    size_t m_size = 0;
};

/// Errors  NotFound, Io; InvalidInput if the file has more than `maxBytes`.
Result<std::string> readFile(const std::filesystem::path& path, size_t maxBytes);

/// Writes beside `path`, flushes to the disk, then renames: a reader sees the old file or the new one, whole.
///
/// Errors  Io, with the file's name and the system's reason.
Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace facet::core
