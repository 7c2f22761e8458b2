#include "core/base/file_descriptor.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace facet::core {

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept
{
    std::swap(m_fd, other.m_fd);
    return *this;
}

FileDescriptor::~FileDescriptor()
{
    if (m_fd >= 0)
        ::close(m_fd);
}

bool FileDescriptor::closeAndCheck()
{
    return ::close(std::exchange(m_fd, -1)) == 0;
}

Error systemError(const std::filesystem::path& path, std::string_view activity)
{
    const int reason = errno;
    return {reason == ENOENT || reason == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io,
            "cannot " + std::string(activity) + " " + path.string() + ": " + std::strerror(reason)};
}

}  // namespace facet::core
