#include "core/base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <string>
#include <thread>

namespace facet::core {

Result<FileLock> FileLock::take(const std::filesystem::path& path, std::chrono::milliseconds patience)
{
    constexpr std::chrono::milliseconds kPause{5};
    std::filesystem::path lock = path;
    lock += ".lock";
    FileDescriptor file(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file.isOpen())
        return systemError(lock, "open");
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return systemError(lock, "lock");
        if (std::chrono::steady_clock::now() >= deadline)
            return Error{ErrorCode::Unavailable,
                         "another process holds " + lock.string() + "; try again when it is done"};
        std::this_thread::sleep_for(kPause);
    }
    return FileLock(std::move(file));
}

}  // namespace facet::core
