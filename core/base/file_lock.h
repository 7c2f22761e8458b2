#pragma once

#include "core/base/file_descriptor.h"

#include <chrono>

namespace facet::core {

/// Keeps other processes (and other FileLocks of this one) out of a file while it is read, changed and
/// written back. The system frees it when its holder dies.
class FileLock {
public:
    /// Locks `path`.lock, which is made and stays: a lock that is deleted can be held twice.
    ///
    /// Thread  waits for up to `patience`.
    /// Errors  Io; Unavailable if another one held it all the time.
    static Result<FileLock> take(const std::filesystem::path& path,
                                 std::chrono::milliseconds patience = std::chrono::seconds(10));

private:
    explicit FileLock(FileDescriptor file) : m_file(std::move(file)) {}

    FileDescriptor m_file;
};

}  // namespace facet::core
