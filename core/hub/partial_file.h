#pragma once

#include "core/base/file_descriptor.h"
#include "core/hub/blob_hash.h"
#include "core/hub/listing.h"

#include <functional>
#include <string>

namespace facet::core {

/// A blob that is on its way: bytes 0 to size() of it are on the disk, and stay there for the next try, the
/// next start and the next process.
///
/// Limits  one process at a time. On a file system whose locks do nothing two of them write the same bytes to
/// the
///         same places, which still is the file.
class PartialFile {
public:
    /// Errors  Io
    static Result<PartialFile> open(const std::filesystem::path& path, const HubFile& file);

    int64_t size() const { return m_size; }

    /// Errors  Io, such as a full disk
    Result<void> append(std::span<const std::byte> bytes);

    /// Forgets all bytes.
    Result<void> restart();

    /// Reads what earlier processes left, for the checksum; what is appended later is in it as it comes.
    ///
    /// Errors  Cancelled, Io
    Result<void> catchUp(const std::function<bool()>& keepGoing);

    /// The name that the bytes deserve, which is the file's own if they are right. To be asked once, when it
    /// is whole; then it is restarted or moved.
    ///
    /// Errors  as catchUp
    Result<std::string> deservedName(const std::function<bool()>& keepGoing);

    /// Flushes it to the disk and gives it its name.
    Result<void> moveTo(const std::filesystem::path& place);

private:
    PartialFile(std::filesystem::path path, HubFile file, FileDescriptor descriptor, int64_t size);

    std::filesystem::path m_path;
    HubFile m_file;
    FileDescriptor m_descriptor;
    int64_t m_size = 0;
    BlobHash m_hash;
    int64_t m_hashed = 0;
};

}  // namespace facet::core
