#include "jobs/launch/detached_process.h"

#include "core/base/file_descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

struct Told {
    int64_t pid = 0;
    int error = 0;  ///< of fork, rename or exec
};

std::vector<char*> pointersTo(const std::vector<std::string>& words)
{
    std::vector<char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

struct Pipe {
    core::FileDescriptor reading, writing;
};

/// Of sockets, which can be written to without SIGPIPE.
Result<Pipe> makePipe()
{
    std::array<int, 2> ends = {};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return core::systemError("a pipe", "make");
    return Pipe{core::FileDescriptor(ends[0]), core::FileDescriptor(ends[1])};
}

void tell(int pipe, const Told& told)
{
    [[maybe_unused]] const ssize_t sent = ::send(pipe, &told, sizeof(told), MSG_NOSIGNAL);
}

bool hear(int pipe, Told& told)
{
    ssize_t count = 0;
    do
        count = ::read(pipe, &told, sizeof(told));
    while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(sizeof(told));
}

/// In the child, where only what a signal handler may do is allowed: the starter may have threads.
[[noreturn]] void becomeDetached(char* const* arguments, const DetachedProcess& what, const Pipe& news,
                                 const Pipe& word)
{
    ::setsid();
    // A second fork: nobody's child, so nobody has to reap it.
    const pid_t pid = ::fork();
    if (pid != 0) {
        tell(news.writing.get(), {pid, pid < 0 ? errno : 0});
        ::_exit(0);
    }
    ::close(word.writing.get());  // else a starter that dies would not be noticed
    char go = 0;
    ssize_t count = 0;
    do
        count = ::read(word.reading.get(), &go, 1);
    while (count < 0 && errno == EINTR);
    if (count != 1)
        ::_exit(0);
    if (!what.prepared.empty() && ::rename(what.prepared.c_str(), what.inPlace.c_str()) != 0) {
        tell(news.writing.get(), {0, errno});
        ::_exit(127);
    }
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(what.log, STDOUT_FILENO);
    ::dup2(what.log, STDERR_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    // A starter in a terminal may ignore or block signals that a run must hear.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE})
        ::signal(signal, SIG_DFL);
    ::execvp(arguments[0], arguments);
    tell(news.writing.get(), {0, errno});
    ::_exit(127);
}

}  // namespace

Result<int64_t> startDetached(const DetachedProcess& what)
{
    Result<Pipe> news = makePipe(), word = makePipe();
    if (!news || !word)
        return news ? word.error() : news.error();
    const std::vector<char*> arguments = pointersTo(what.command);
    const pid_t child = ::fork();
    if (child < 0)
        return core::systemError(what.command[0], "start");
    if (child == 0)
        becomeDetached(arguments.data(), what, *news, *word);
    news->writing = core::FileDescriptor();
    word->reading = core::FileDescriptor();
    Told told;
    const bool isThere = hear(news->reading.get(), told) && told.pid > 0;
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!isThere) {
        errno = told.error;
        return core::systemError(what.command[0], "start");
    }
    const int64_t pid = told.pid;
    if (what.prepare)
        if (const Result<void> prepared = what.prepare(pid); !prepared)
            return prepared.error();
    if (::send(word->writing.get(), "", 1, MSG_NOSIGNAL) != 1)
        return Error{ErrorCode::Io, "process " + std::to_string(pid) + " ended before " + what.command[0] +
                                        " could begin in it"};
    if (hear(news->reading.get(), told)) {
        errno = told.error;
        return core::systemError(what.command[0], "start");
    }
    return pid;
}

}  // namespace facet::jobs
