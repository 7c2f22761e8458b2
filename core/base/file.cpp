#include "core/base/file.h"

#include "core/base/file_descriptor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace facet::core {
namespace {

/// The size of an open regular file.
Result<size_t> sizeOf(const FileDescriptor& file, const std::filesystem::path& path)
{
    struct stat info = {};
    if (::fstat(file.get(), &info) != 0)
        return systemError(path, "read");
    if (!S_ISREG(info.st_mode))
        return Error{ErrorCode::Io, "cannot read " + path.string() + ": it is not a regular file"};
    return static_cast<size_t>(info.st_size);
}

bool writeAll(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path)
{
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        return systemError(path, "open");
    const Result<size_t> size = sizeOf(file, path);
    if (!size)
        return size.error();
    if (*size == 0)
        return MappedFile(nullptr, 0);
    void* begin = ::mmap(nullptr, *size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (begin == MAP_FAILED)
        return systemError(path, "map");
    return MappedFile(static_cast<const std::byte*>(begin), *size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_begin(std::exchange(other.m_begin, nullptr)), m_size(std::exchange(other.m_size, 0))
{
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept
{
    std::swap(m_begin, other.m_begin);
    std::swap(m_size, other.m_size);
    return *this;
}

MappedFile::~MappedFile()
{
    if (m_begin)
        ::munmap(const_cast<std::byte*>(m_begin), m_size);
}

Result<std::string> readFile(const std::filesystem::path& path, size_t maxBytes)
{
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        return systemError(path, "open");
    const Result<size_t> size = sizeOf(file, path);
    if (!size)
        return size.error();
    if (*size > maxBytes)
        return Error{ErrorCode::InvalidInput, path.string() + " has " + std::to_string(*size) +
                                                  " bytes; at most " + std::to_string(maxBytes) +
                                                  " are read"};
    std::string text(*size, '\0');
    size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return systemError(path, "read");
        if (got == 0)
            break;  // it was cut short meanwhile
        have += static_cast<size_t>(got);
    }
    text.resize(have);
    return text;
}

Result<void> writeFileAtomically(const std::filesystem::path& path, std::string_view bytes)
{
    std::filesystem::path beside = path;
    beside += "." + std::to_string(::getpid()) + ".tmp";
    const auto failed = [&]() -> Error {
        Error error = systemError(path, "write");
        ::unlink(beside.c_str());
        return error;
    };

    FileDescriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0 || !writeAll(file.get(), bytes) || ::fsync(file.get()) != 0 || !file.closeAndCheck())
        return failed();
    if (::rename(beside.c_str(), path.c_str()) != 0)
        return failed();
    return {};
}

}  // namespace facet::core
