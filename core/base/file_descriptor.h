#pragma once

// An open file of the operating system, and the sentence that says why it could not be had.

#include "core/base/result.h"

#include <filesystem>
#include <string_view>

namespace facet::core {

/// Closes what it holds.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : m_fd(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    ~FileDescriptor();

    int get() const { return m_fd; }
    bool isOpen() const { return m_fd >= 0; }

    /// Closes it; false, with errno, if the system reports a late failure to write.
    bool closeAndCheck();

private:
    int m_fd = -1;
};

/// "cannot open /x/y: Permission denied", from errno. NotFound where the file or its folder is missing, else
/// Io.
Error systemError(const std::filesystem::path& path, std::string_view activity);

}  // namespace facet::core
