#pragma once

// A model's folder in the Hugging Face cache, written as huggingface_hub writes it:
//
//   models--org--name/blobs/<checksum>                    the files
//   models--org--name/blobs/<checksum>.incomplete         on their way
//   models--org--name/snapshots/<commit>/<name>           links to blobs
//   models--org--name/refs/<branch or tag>                a commit
//   .locks/models--org--name/<checksum>.lock              held while that blob is written, with flock()
//
// Source  huggingface_hub/file_download.py, _hf_hub_download_to_cache_dir

#include "core/base/file_lock.h"
#include "core/hub/listing.h"

#include <filesystem>
#include <functional>
#include <string>

namespace facet::core {

class CachedRepository {
public:
    CachedRepository(std::filesystem::path cache, const std::string& id);

    std::filesystem::path snapshot(const std::string& commit) const;
    std::filesystem::path place(const std::string& commit, const HubFile& file) const;
    std::filesystem::path blob(const HubFile& file) const;
    std::filesystem::path partial(const HubFile& file) const;

    /// A file counts as there when it has its size: it got its name after its checksum was found right.
    bool isInSnapshot(const std::string& commit, const HubFile& file) const;
    bool hasBlob(const HubFile& file) const;

    /// Bytes of it that earlier tries left.
    int64_t partialSize(const HubFile& file) const;

    /// Errors  Io
    Result<void> makeFolders(const std::string& commit, const HubFile& file) const;

    /// The lock that huggingface_hub takes, too. Waits as long as it takes.
    ///
    /// Errors  Io, Cancelled
    Result<FileLock> lock(const HubFile& file, const std::function<bool()>& keepGoing) const;

    /// Puts a blob into a snapshot: as a link, or where the file system has none, itself.
    ///
    /// Errors  Io
    Result<void> putIntoSnapshot(const std::string& commit, const HubFile& file) const;

    /// Remembers which commit a branch or tag is.
    ///
    /// Errors  Io
    Result<void> writeRef(const std::string& revision, const std::string& commit) const;

private:
    std::filesystem::path m_folder;
    std::filesystem::path m_locks;
};

}  // namespace facet::core
