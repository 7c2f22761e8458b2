#include "core/hub/cached_repository.h"

#include "core/base/file.h"
#include "core/models/hf_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace facet::core {
namespace {

namespace fs = std::filesystem;

bool hasSize(const fs::path& path, int64_t size)
{
    std::error_code failed;
    return fs::is_regular_file(path, failed) && fs::file_size(path, failed) == static_cast<uintmax_t>(size);
}

Error cannotMake(const fs::path& folder, const std::error_code& why)
{
    return {ErrorCode::Io, "cannot make the folder " + folder.string() + ": " + why.message()};
}

/// Symbolic links are refused by FAT, some network file systems and sandboxes.
bool isWithoutLinks(int error)
{
    return error == EPERM || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS;
}

}  // namespace

CachedRepository::CachedRepository(fs::path cache, const std::string& id)
    : m_folder(cache / hubRepositoryName(id)), m_locks(cache / ".locks" / hubRepositoryName(id))
{
}

fs::path CachedRepository::snapshot(const std::string& commit) const
{
    return m_folder / "snapshots" / commit;
}

fs::path CachedRepository::place(const std::string& commit, const HubFile& file) const
{
    return snapshot(commit) / file.path;
}

fs::path CachedRepository::blob(const HubFile& file) const
{
    return m_folder / "blobs" / file.blob;
}

fs::path CachedRepository::partial(const HubFile& file) const
{
    return m_folder / "blobs" / (file.blob + ".incomplete");
}

bool CachedRepository::isInSnapshot(const std::string& commit, const HubFile& file) const
{
    return hasSize(place(commit, file), file.size);
}

bool CachedRepository::hasBlob(const HubFile& file) const
{
    return hasSize(blob(file), file.size);
}

int64_t CachedRepository::partialSize(const HubFile& file) const
{
    std::error_code failed;
    const uintmax_t size = fs::file_size(partial(file), failed);
    return failed ? 0 : std::min(static_cast<int64_t>(size), file.size);
}

Result<void> CachedRepository::makeFolders(const std::string& commit, const HubFile& file) const
{
    std::error_code failed;
    for (const fs::path& folder : {m_folder / "blobs", m_locks, place(commit, file).parent_path()}) {
        fs::create_directories(folder, failed);
        if (failed)
            return cannotMake(folder, failed);
    }
    return {};
}

Result<FileLock> CachedRepository::lock(const HubFile& file, const std::function<bool()>& keepGoing) const
{
    // Who shares a cache with a group must be able to take each other's locks, whatever the umask.
    const fs::path name = m_locks / (file.blob + ".lock");
    const FileDescriptor made(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0664));
    if (made.isOpen())
        ::fchmod(made.get(), 0664);
    for (;;) {
        Result<FileLock> lock = FileLock::take(m_locks / file.blob, std::chrono::milliseconds(50));
        if (lock || lock.error().code != ErrorCode::Unavailable)
            return lock;
        if (!keepGoing())
            return Error{ErrorCode::Cancelled, "cancelled"};
    }
}

Result<void> CachedRepository::putIntoSnapshot(const std::string& commit, const HubFile& file) const
{
    const fs::path link = place(commit, file);
    const fs::path target = blob(file).lexically_relative(link.parent_path());
    std::error_code failed;
    if (fs::read_symlink(link, failed) == target)
        return {};
    ::unlink(link.c_str());
    if (::symlink(target.c_str(), link.c_str()) == 0)
        return {};
    if (!isWithoutLinks(errno))
        return systemError(link, "link");
    if (::rename(blob(file).c_str(), link.c_str()) != 0)
        return systemError(link, "put a file at");
    return {};
}

Result<void> CachedRepository::writeRef(const std::string& revision, const std::string& commit) const
{
    if (revision == commit)
        return {};
    const fs::path ref = m_folder / "refs" / revision;
    if (const Result<std::string> known = readFile(ref, 4096); known && *known == commit)
        return {};
    std::error_code failed;
    fs::create_directories(ref.parent_path(), failed);
    if (failed)
        return cannotMake(ref.parent_path(), failed);
    // Not beside its place: every file in refs/ is a branch to huggingface_hub, even one that a crash left.
    static std::atomic<int> s_count = 0;  // for threads that download the same model
    const fs::path beside =
        m_folder / (".ref." + std::to_string(::getpid()) + "." + std::to_string(++s_count));
    if (const Result<void> written = writeFileAtomically(beside, commit); !written)
        return written;
    fs::rename(beside, ref, failed);
    if (failed)
        return Error{ErrorCode::Io, "cannot write " + ref.string() + ": " + failed.message()};
    return {};
}

}  // namespace facet::core
