#include "jobs/launch/launch.h"

#include "core/base/file_descriptor.h"
#include "core/base/text.h"
#include "core/models/library.h"
#include "core/run/launch_record.h"
#include "jobs/job/job_settings.h"
#include "jobs/launch/detached_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::chrono::seconds kLastMoments(20);  // LibTorch takes its time to end on a busy machine

bool canKeepAwake()
{
    return ::access("/run/systemd/system", F_OK) == 0;  // as sd_booted(3)
}

/// Keeps the computer awake as long as a process lives.
void keepAwake(int64_t pid, const std::string& name, int log)
{
    // `tail --pid` ends when the process does, also if nobody of us lives to see it.
    const Result<int64_t> started =
        startDetached({.command = {"systemd-inhibit", "--what=sleep", "--mode=block", "--who=Facet",
                                   "--why=" + name + " is training", "tail", "--pid=" + std::to_string(pid),
                                   "-f", "/dev/null"},
                       .log = log});
    if (!started)
        ::dprintf(log, "note: the computer may go to sleep: %s\n", started.error().message.c_str());
}

double secondsNow()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// A process that has said that its run is over is about to end: that is waited for.
bool isGone(const core::ProcessIdentity& process, const core::RunFolder& folder)
{
    const Result<core::RunStatus> status = core::readStatus(folder);
    const bool isOver = status && status->process() == process &&
                        (status->state == core::RunState::Done || status->state == core::RunState::Stopped ||
                         status->state == core::RunState::Failed);
    const auto limit = std::chrono::steady_clock::now() + (isOver ? kLastMoments : std::chrono::seconds(0));
    while (core::isAlive(process).value_or(false)) {
        if (std::chrono::steady_clock::now() >= limit)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
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

/// The job file that a run began with. One that was killed before it had written its job begins again.
Result<std::filesystem::path> jobOf(const Launch& what, const Place& place)
{
    std::error_code ignored;
    const core::RunFolder& folder = place.folder;
    const std::filesystem::path job = std::filesystem::absolute(what.job, ignored);
    if (!place.isThere) {
        if (folder.exists())
            return Error{ErrorCode::InvalidInput, "there is a run in " + folder.path.string() +
                                                      " already: go on with it, or give this one another "
                                                      "name"};
        return job;
    }
    const Result<core::LaunchRecord> before = core::readLaunch(folder.launch());
    const std::filesystem::path first = before ? before->job : std::filesystem::path();
    if (std::filesystem::exists(folder.job(), ignored))
        return first;
    if (!before)
        return Error{ErrorCode::NotFound, "there is no run in " + folder.path.string()};
    if (first.empty() || !std::filesystem::exists(first, ignored))
        return Error{ErrorCode::NotFound, "the run in " + folder.path.string() +
                                              " ended before it began, and its job file " + first.string() +
                                              " is gone: start it anew"};
    return first;
}

}  // namespace

Result<Launched> launch(const Launch& what)
{
    const Result<Place> place = placeOf(what);
    if (!place)
        return place.error();
    const core::RunFolder& folder = place->folder;
    const Result<std::filesystem::path> job = jobOf(what, *place);
    if (!job)
        return job.error();
    if (const Result<void> made = folder.create(); !made)
        return made.error();
    // Whoever holds the lock of the launch starts one; a second start finds its process.
    const Result<core::FileLock> lock = core::FileLock::take(folder.launch());
    if (!lock)
        return lock.error();
    if (const Result<core::LaunchRecord> before = core::readLaunch(folder.launch());
        before && !isGone(before->process, folder))
        return Error{ErrorCode::Unavailable,
                     place->name + " runs already, as process " + std::to_string(before->process.pid)};
    const core::FileDescriptor log(
        ::open(folder.launchLog().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
    if (!log.isOpen())
        return core::systemError(folder.launchLog(), "open");
    if (!canKeepAwake())
        ::dprintf(log.get(), "note: the computer may go to sleep meanwhile: there is no systemd to ask\n");
    DetachedProcess process;
    const bool hasBegun = place->isThere && std::filesystem::exists(folder.job());
    process.command = {what.engine.string(), "train", hasBegun ? what.job.string() : job->string(),
                       "--device", what.device};
    if (place->isThere && !hasBegun)
        process.command.push_back("dir=" + folder.path.string());
    process.command.insert(process.command.end(), what.arguments.begin(), what.arguments.end());
    process.log = log.get();
    process.prepared = folder.path / "launch.next.json";
    process.inPlace = folder.launch();
    process.prepare = [&](int64_t pid) {
        // Before the run begins: whoever starts it may be killed at any moment.
        if (canKeepAwake())
            keepAwake(pid, place->name, log.get());
        return core::writeLaunch(process.prepared,
                                 {core::ProcessIdentity::of(pid), secondsNow(), what.device, *job});
    };
    const Result<int64_t> pid = startDetached(process);
    if (!pid) {
        std::error_code ignored;
        for (const std::filesystem::path& record : {process.prepared, process.inPlace})
            std::filesystem::remove(record, ignored);
        return pid.error();
    }
    return Launched{folder.path, *pid};
}

}  // namespace facet::jobs
