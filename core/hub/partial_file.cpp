#include "core/hub/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace facet::core {

PartialFile::PartialFile(std::filesystem::path path, HubFile file, FileDescriptor descriptor, int64_t size)
    : m_path(std::move(path)),
      m_file(std::move(file)),
      m_descriptor(std::move(descriptor)),
      m_size(size),
      m_hash(m_file.blob, m_file.size)
{
}

Result<PartialFile> PartialFile::open(const std::filesystem::path& path, const HubFile& file)
{
    FileDescriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    struct stat info = {};
    if (!descriptor.isOpen() || ::fstat(descriptor.get(), &info) != 0)
        return systemError(path, "open");
    return PartialFile(path, file, std::move(descriptor), static_cast<int64_t>(info.st_size));
}

Result<void> PartialFile::append(std::span<const std::byte> bytes)
{
    if (m_hashed == m_size) {
        m_hash.add(bytes);
        m_hashed += static_cast<int64_t>(bytes.size());
    }
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(m_descriptor.get(), bytes.data(), bytes.size(), m_size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && (errno == ENOSPC || errno == EDQUOT))
            return Error{ErrorCode::Io, "the disk is full: " + m_path.string() + " cannot grow beyond " +
                                            std::to_string(m_size) +
                                            " bytes; make room and start again, what is there is kept"};
        if (written < 0)
            return systemError(m_path, "write");
        m_size += written;
        bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return {};
}

Result<void> PartialFile::restart()
{
    if (::ftruncate(m_descriptor.get(), 0) != 0)
        return systemError(m_path, "empty");
    m_size = 0;
    m_hash = BlobHash(m_file.blob, m_file.size);
    m_hashed = 0;
    return {};
}

Result<void> PartialFile::catchUp(const std::function<bool()>& keepGoing)
{
    constexpr size_t kStep = 1 << 20;
    std::vector<std::byte> buffer(m_hashed < m_size ? kStep : 0);
    while (m_hashed < m_size) {
        if (!keepGoing())
            return Error{ErrorCode::Cancelled, "cancelled"};
        const size_t step = std::min(kStep, static_cast<size_t>(m_size - m_hashed));
        const ssize_t got = ::pread(m_descriptor.get(), buffer.data(), step, m_hashed);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return systemError(m_path, "read");
        m_hash.add(std::span(buffer).first(static_cast<size_t>(got)));
        m_hashed += got;
    }
    return {};
}

Result<std::string> PartialFile::deservedName(const std::function<bool()>& keepGoing)
{
    const Result<void> read = catchUp(keepGoing);
    if (!read)
        return read.error();
    return m_hash.finish();
}

Result<void> PartialFile::moveTo(const std::filesystem::path& place)
{
    if (::fsync(m_descriptor.get()) != 0 || ::rename(m_path.c_str(), place.c_str()) != 0)
        return systemError(m_path, "finish");
    return {};
}

}  // namespace facet::core
