#include "jobs/launch/launch.h"

#include "core/base/file_descriptor.h"
#include "core/base/text.h"
#include "core/models/library.h"
#include "core/run/launch_record.h"
#include "jobs/job/job_settings.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

struct Told {
    int64_t pid = 0;
    int error = 0;  ///< of exec
};

std::vector<char*> pointersTo(const std::vector<std::string>& words)
{
    std::vector<char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

/// In the child, where only what a signal handler may do is allowed: the starter may have threads.
[[noreturn]] void becomeDetached(char* const* arguments, int log, int pipe)
{
    Told told;
    ::setsid();
    // A second fork: nobody's child, so nobody has to reap it.
    const pid_t pid = ::fork();
    if (pid != 0) {
        told = {pid, pid < 0 ? errno : 0};
        [[maybe_unused]] const ssize_t written = ::write(pipe, &told, sizeof(told));
        ::_exit(0);
    }
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    // A starter in a terminal may ignore or block signals that a run must hear.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE})
        ::signal(signal, SIG_DFL);
    ::execvp(arguments[0], arguments);
    told = {0, errno};
    [[maybe_unused]] const ssize_t written = ::write(pipe, &told, sizeof(told));
    ::_exit(127);
}

/// Errors  Io, NotFound: the program cannot be started
Result<int64_t> startDetached(const std::vector<std::string>& command, int log)
{
    std::array<int, 2> ends = {};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return core::systemError("a pipe", "make");
    const core::FileDescriptor reading(ends[0]);
    core::FileDescriptor writing(ends[1]);
    const std::vector<char*> arguments = pointersTo(command);
    const pid_t child = ::fork();
    if (child < 0)
        return core::systemError(command[0], "start");
    if (child == 0)
        becomeDetached(arguments.data(), log, writing.get());
    writing = core::FileDescriptor();
    int64_t pid = 0;
    int error = 0;
    for (Told told; ::read(reading.get(), &told, sizeof(told)) == static_cast<ssize_t>(sizeof(told));) {
        pid = std::max(pid, told.pid);
        error = error ? error : told.error;
    }
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    errno = error;
    if (error != 0)
        return core::systemError(command[0], "start");
    return pid;
}

bool canKeepAwake()
{
    return ::access("/run/systemd/system", F_OK) == 0;  // as sd_booted(3)
}

/// Keeps the computer awake as long as a process lives.
void keepAwake(int64_t pid, const std::string& name, int log)
{
    // `tail --pid` ends when the process does, also if nobody of us lives to see it.
    const Result<int64_t> started = startDetached(
        {"systemd-inhibit", "--what=sleep", "--mode=block", "--who=Facet", "--why=" + name + " is training",
         "tail", "--pid=" + std::to_string(pid), "-f", "/dev/null"},
        log);
    if (!started)
        ::dprintf(log, "note: the computer may go to sleep: %s\n", started.error().message.c_str());
}

struct Place {
    core::RunFolder folder;
    std::string name;
    bool isThere = false;  ///< a run to go on with
};

Result<Place> placeOf(const Launch& what)
{
    std::error_code ignored;
    const std::filesystem::path job = std::filesystem::absolute(what.job, ignored);
    if (std::filesystem::is_directory(job, ignored))
        return Place{{job}, job.filename().string(), true};
    Result<Settings> settings = readJobFile(job);
    if (!settings)
        return settings.error();
    for (const std::string& argument : what.arguments)
        if (!argument.starts_with('-'))
            if (const Result<void> done = applyOverride(argument, *settings); !done)
                return done.error();
    const auto text = [&](const char* key) {
        const auto found = settings->find(key);
        return found != settings->end() && found->second.is_string() ? found->second.get<std::string>()
                                                                     : std::string();
    };
    const std::string name = text("name"), dir = text("dir");
    if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
        return Error{ErrorCode::InvalidInput, "the job's name " + core::inQuotes(name) +
                                                  " is no name of a folder: give it one without \"/\""};
    return Place{{dir.empty() ? core::libraryPlace().folder / "runs" / name : std::filesystem::path(dir)},
                 name};
}

}  // namespace

Result<Launched> launch(const Launch& what)
{
    const Result<Place> place = placeOf(what);
    if (!place)
        return place.error();
    const core::RunFolder& folder = place->folder;
    if (place->isThere ? !std::filesystem::exists(folder.job()) : folder.exists())
        return place->isThere
                   ? Error{ErrorCode::NotFound, "there is no run in " + folder.path.string()}
                   : Error{ErrorCode::InvalidInput, "there is a run in " + folder.path.string() +
                                                        " already: go on with it, or give this one another "
                                                        "name"};
    if (const Result<void> made = folder.create(); !made)
        return made.error();
    // Whoever holds the lock of the launch starts one; a second start finds its process.
    const Result<core::FileLock> lock = core::FileLock::take(folder.launch());
    if (!lock)
        return lock.error();
    if (const Result<core::LaunchRecord> before = core::readLaunch(folder);
        before && core::isAlive(before->process).value_or(false))
        return Error{ErrorCode::Unavailable,
                     place->name + " runs already, as process " + std::to_string(before->process.pid)};
    const core::FileDescriptor log(
        ::open(folder.launchLog().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
    if (!log.isOpen())
        return core::systemError(folder.launchLog(), "open");
    if (!canKeepAwake())
        ::dprintf(log.get(), "note: the computer may go to sleep meanwhile: there is no systemd to ask\n");
    std::vector<std::string> command = {what.engine.string(), "train", what.job.string(), "--device",
                                        what.device};
    command.insert(command.end(), what.arguments.begin(), what.arguments.end());
    const Result<int64_t> pid = startDetached(command, log.get());
    if (!pid)
        return pid.error();
    const double now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    if (const Result<void> written =
            core::writeLaunch(folder, {core::ProcessIdentity::of(*pid), now, what.device});
        !written)
        return written.error();
    if (canKeepAwake())
        keepAwake(*pid, place->name, log.get());
    return Launched{folder.path, *pid};
}

}  // namespace facet::jobs
