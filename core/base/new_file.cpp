#include "core/base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace facet::core {

Result<NewFile> NewFile::create(const std::filesystem::path& path)
{
    NewFile file;
    file.m_path = path;
    file.m_beside = path.string() + "." + std::to_string(::getpid()) + ".tmp";
    file.m_file =
        FileDescriptor(::open(file.m_beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file.m_file.isOpen())
        return systemError(file.m_beside, "write");
    return file;
}

NewFile::~NewFile()
{
    if (m_file.isOpen())
        ::unlink(m_beside.c_str());
}

Result<void> NewFile::write(std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(m_file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return systemError(m_beside, "write");
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
}

Result<void> NewFile::finish()
{
    const bool closed = m_file.closeAndCheck();
    if (!closed || ::rename(m_beside.c_str(), m_path.c_str()) != 0) {
        Error error = systemError(m_path, "write");
        ::unlink(m_beside.c_str());
        return error;
    }
    return {};
}

}  // namespace facet::core
