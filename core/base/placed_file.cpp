#include "core/base/placed_file.h"

#include "core/base/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace facet::core {
namespace {

bool writeAt(int fd, std::span<const std::byte> bytes, uint64_t offset)
{
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes = bytes.subspan(static_cast<size_t>(written));
        offset += static_cast<uint64_t>(written);
    }
    return true;
}

}  // namespace

Result<PlacedFile> PlacedFile::create(const std::filesystem::path& path, std::string_view start,
                                      std::map<std::string, Place> places, uint64_t dataSize)
{
    PlacedFile file;
    file.m_path = path;
    file.m_dataBegin = start.size();
    file.m_places = std::move(places);
    std::filesystem::path beside = path;
    beside += "." + std::to_string(::getpid()) + ".tmp";
    file.m_file = FileDescriptor(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file.m_file.isOpen())
        return systemError(path, "write");
    file.m_beside = beside;
    if (!writeAt(file.m_file.get(), std::as_bytes(std::span(start)), 0) ||
        ::ftruncate(file.m_file.get(), static_cast<off_t>(start.size() + dataSize)) != 0)
        return systemError(path, "write");
    return file;
}

PlacedFile::PlacedFile(PlacedFile&& other) noexcept
    : m_path(std::move(other.m_path)),
      m_beside(std::exchange(other.m_beside, {})),
      m_file(std::move(other.m_file)),
      m_dataBegin(other.m_dataBegin),
      m_places(std::move(other.m_places))
{
}

PlacedFile& PlacedFile::operator=(PlacedFile&& other) noexcept
{
    if (this != &other) {
        discard();
        m_path = std::move(other.m_path);
        m_beside = std::exchange(other.m_beside, {});
        m_file = std::move(other.m_file);
        m_dataBegin = other.m_dataBegin;
        m_places = std::move(other.m_places);
    }
    return *this;
}

PlacedFile::~PlacedFile()
{
    discard();
}

void PlacedFile::discard()
{
    if (!m_beside.empty())
        ::unlink(m_beside.c_str());
    m_beside.clear();
}

Result<void> PlacedFile::append(const std::string& name, std::span<const std::byte> bytes)
{
    const auto found = m_places.find(name);
    if (found == m_places.end() || bytes.size() > found->second.end - found->second.next)
        return Error{ErrorCode::InvalidInput,
                     "cannot write " + m_path.string() + ": tensor " + inQuotes(name) +
                         (found == m_places.end()
                              ? " was not declared"
                              : " has room for " + std::to_string(found->second.end - found->second.next) +
                                    " more bytes, not " + std::to_string(bytes.size()))};
    if (!writeAt(m_file.get(), bytes, m_dataBegin + found->second.next))
        return systemError(m_path, "write");
    found->second.next += bytes.size();
    return {};
}

Result<void> PlacedFile::finish()
{
    for (const auto& [name, place] : m_places) {
        if (place.next != place.end)
            return Error{ErrorCode::InvalidInput, "cannot write " + m_path.string() + ": tensor " +
                                                      inQuotes(name) + " lacks " +
                                                      std::to_string(place.end - place.next) + " bytes"};
    }
    if (::fsync(m_file.get()) != 0 || !m_file.closeAndCheck() ||
        ::rename(m_beside.c_str(), m_path.c_str()) != 0)
        return systemError(m_path, "write");
    m_beside.clear();
    return {};
}

}  // namespace facet::core
