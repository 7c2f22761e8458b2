#include "core/run/run_signal.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace facet::core {

Result<FileDescriptor> openProcess(const ProcessIdentity& process)
{
    // glibc 2.36 has no wrapper for the second call that older kernels' headers know, so both are made here.
    FileDescriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(process.pid), 0)));
    // What the handle holds cannot become another process any more; now see whether it is the right one.
    const std::optional<bool> isThere = isAlive(process);
    if (!isThere)
        return Error{ErrorCode::Unavailable,
                     "the run is on " + process.host + ", which no signal from here reaches"};
    if (!*isThere || !handle.isOpen())
        return Error{ErrorCode::Unavailable,
                     "the run's process " + std::to_string(process.pid) + " is gone already"};
    return handle;
}

Result<void> sendSignal(const ProcessIdentity& process, int signal)
{
    const Result<FileDescriptor> handle = openProcess(process);
    if (!handle)
        return handle.error();
    if (::syscall(SYS_pidfd_send_signal, handle->get(), signal, nullptr, 0) != 0)
        return Error{ErrorCode::Io, "process " + std::to_string(process.pid) +
                                        " cannot be sent a signal: " + std::strerror(errno)};
    return {};
}

}  // namespace facet::core
