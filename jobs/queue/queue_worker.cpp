#include "jobs/queue/queue_worker.h"

#include "core/run/launch_record.h"
#include "core/run/run_signal.h"
#include "jobs/launch/detached_process.h"
#include "jobs/launch/launch.h"
#include "jobs/queue/queue_report.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::FileDescriptor;
using core::FileLock;
using core::Result;

// Ends of processes and changes of the queue are told by the system. This is for what nothing tells: a run on
// a disk that another host writes to.
constexpr int kLookAgainMs = 30'000;

std::filesystem::path workerFile(const std::filesystem::path& home)
{
    return home / "queue" / ("worker." + thisHost() + ".json");
}

double secondsNow()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// A run that was seen under way. Its devices are taken until its process is gone, which is later than its
/// last word.
struct Watched {
    std::filesystem::path folder;
    std::string name;
    std::string device;
    FileDescriptor process;
};

class Worker {
public:
    explicit Worker(const QueueWork& work) : m_work(work), m_queue(work.home) {}

    Result<QueueWorked> run();

private:
    bool startOne(const QueueEntry& entry, const std::string& device);
    void tellNews(const RunQueue& queue, const QueueReport& report);
    void watch(const std::vector<core::ObservedRun>& runs);
    Result<void> drop(const RunQueue& queue, const QueueReport& report);
    Result<bool> mayEnd(const RunQueue& seen);
    Result<bool> wait();

    const QueueWork& m_work;
    QueueFile m_queue;
    std::optional<FileLock> m_lock;
    FileDescriptor m_changes;
    std::vector<Watched> m_watched;
    std::map<int64_t, EntryState> m_told;
    std::set<int64_t> m_refused;  ///< could not be started, nor be marked so
    QueueWorked m_worked;
};

bool Worker::startOne(const QueueEntry& entry, const std::string& device)
{
    if (m_refused.contains(entry.id))
        return false;
    const Result<Launched> launched = launch(
        {.engine = m_work.engine, .job = m_queue.jobFile(entry.id), .device = device, .arguments = {}});
    if (launched) {
        m_work.say(entry.name + " has started on " + device + ", as process " +
                   std::to_string(launched->pid));
        return true;
    }
    m_work.say(entry.name + " could not be started: " + launched.error().message);
    const core::RunFolder folder = {entry.folder};
    core::RunStatus status = core::RunStatus::ofThisProcess();
    status.state = core::RunState::Failed;
    status.message = launched.error().message;
    status.heartbeat = secondsNow();
    if (folder.exists() || !folder.create() || !core::writeStatus(folder, status))
        m_refused.insert(entry.id);
    return true;
}

void Worker::tellNews(const RunQueue& queue, const QueueReport& report)
{
    for (size_t i = 0; i < queue.entries.size(); ++i) {
        const QueueEntry& entry = queue.entries[i];
        const EntryReport& told = report.entries[i];
        const auto [before, isNew] = m_told.emplace(entry.id, told.state);
        if (!isNew && before->second == told.state)
            continue;
        const bool isEnd = told.state == EntryState::Done || told.state == EntryState::Failed ||
                           told.state == EntryState::Skipped || told.state == EntryState::Stopped;
        before->second = told.state;
        if (!isEnd)
            continue;
        m_work.say(entry.name + ": " + std::string(nameOf(told.state)) +
                   (told.words.empty() ? "" : ", " + told.words));
        ++(told.state == EntryState::Done || told.state == EntryState::Stopped ? m_worked.numDone
                                                                               : m_worked.numFailed);
    }
}

void Worker::watch(const std::vector<core::ObservedRun>& runs)
{
    const std::string host = thisHost();
    for (const core::ObservedRun& run : runs) {
        const bool isWatched =
            std::ranges::find(m_watched, run.folder.path, &Watched::folder) != m_watched.end();
        if (run.pid <= 0 || run.host != host || isWatched)
            continue;
        if (Result<FileDescriptor> process = core::openProcess(core::ProcessIdentity::of(run.pid)))
            m_watched.push_back({run.folder.path, run.name, run.device, *std::move(process)});
    }
}

Result<void> Worker::drop(const RunQueue& queue, const QueueReport& report)
{
    std::vector<int64_t> done;
    for (size_t i = 0; i < queue.entries.size(); ++i)
        if (report.entries[i].state == EntryState::Done)
            done.push_back(queue.entries[i].id);
    if (done.empty())
        return {};
    return m_queue.edit([&](RunQueue& now) {
        for (const int64_t id : done)
            dropDone(now, id);
        return Result<void>();
    });
}

/// Whoever adds a run does that with the queue locked, and then starts a worker unless there is one. So the
/// last look and the farewell are one, under the same lock.
Result<bool> Worker::mayEnd(const RunQueue& seen)
{
    bool isSame = false;
    const Result<void> looked = m_queue.edit([&](RunQueue& now) {
        isSame = now == seen;
        if (isSame) {
            std::error_code ignored;
            std::filesystem::remove(workerFile(m_work.home), ignored);
            m_lock.reset();
        }
        return Result<void>();
    });
    return looked ? Result<bool>(isSame) : looked.error();
}

/// false: it is to stop.
Result<bool> Worker::wait()
{
    std::vector<pollfd> handles = {{m_changes.get(), POLLIN, 0}, {m_work.stop, POLLIN, 0}};
    for (const Watched& each : m_watched)
        handles.push_back({each.process.get(), POLLIN, 0});
    if (::poll(handles.data(), handles.size(), kLookAgainMs) < 0 && errno != EINTR)
        return core::systemError("the ends of runs", "wait for");
    std::array<char, 4096> ignored = {};
    while (::read(m_changes.get(), ignored.data(), ignored.size()) > 0) {
    }
    for (size_t i = m_watched.size(); i-- > 0;)
        if (handles[i + 2].revents != 0)
            m_watched.erase(m_watched.begin() + static_cast<std::ptrdiff_t>(i));
    return m_work.stop < 0 || handles[1].revents == 0;
}

Result<QueueWorked> Worker::run()
{
    std::error_code problem;
    std::filesystem::create_directories(m_work.home / "queue", problem);
    Result<FileLock> lock = FileLock::take(workerFile(m_work.home), std::chrono::seconds(2));
    if (!lock && lock.error().code == ErrorCode::Unavailable)
        return Error{ErrorCode::Unavailable,
                     "another process works this queue already: `facet-engine queue "
                     "list` shows what it does"};
    if (!lock)
        return lock.error();
    m_lock = *std::move(lock);
    m_changes = FileDescriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (::inotify_add_watch(m_changes.get(), m_work.home.c_str(), IN_MOVED_TO) < 0)
        return core::systemError(m_work.home, "watch");
    if (const Result<void> written = core::writeLaunch(
            workerFile(m_work.home), {core::ProcessIdentity::of(::getpid()), secondsNow(), ""});
        !written)
        return written.error();
    for (;;) {
        const Result<RunQueue> queue = m_queue.read();
        if (!queue)
            return queue.error();
        const std::vector<core::ObservedRun> runs = observeRuns(*queue, m_work.home);
        watch(runs);
        std::map<std::string, std::string> held;
        for (const Watched& each : m_watched)
            if (isQueueDevice(each.device))
                held.emplace(each.device, each.name);
        const QueueReport report = reportOn(*queue, runs, thisHost(), held);
        tellNews(*queue, report);
        if (const Result<void> dropped = drop(*queue, report); !dropped)
            return dropped.error();
        bool isAnyStarted = false;
        for (const QueueReport::Start& start : report.mayStart)
            isAnyStarted = startOne(queue->entries[start.entry], start.device) || isAnyStarted;
        if (isAnyStarted)
            continue;
        if (!report.isUnderWay) {
            const Result<bool> isEnd = mayEnd(*queue);
            if (!isEnd)
                return isEnd.error();
            if (*isEnd)
                return m_worked;
            continue;
        }
        const Result<bool> goesOn = wait();
        if (!goesOn)
            return goesOn.error();
        if (!*goesOn) {
            m_work.say("stopped; the runs that have started go on");
            return m_worked;
        }
    }
}

}  // namespace

Result<QueueWorked> workQueue(const QueueWork& work)
{
    return Worker(work).run();
}

std::optional<int64_t> queueWorker(const std::filesystem::path& home)
{
    const Result<core::LaunchRecord> worker = core::readLaunch(workerFile(home));
    if (!worker || !core::isAlive(worker->process).value_or(false))
        return std::nullopt;
    return worker->process.pid;
}

Result<void> startQueueWorker(const std::filesystem::path& home, const std::filesystem::path& engine)
{
    if (queueWorker(home))
        return {};
    const std::filesystem::path path = home / "queue" / "worker.log";
    const FileDescriptor log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!log.isOpen())
        return core::systemError(path, "open");
    const Result<int64_t> pid =
        startDetached({.command = {engine.string(), "queue", "run"}, .log = log.get()});
    return pid ? Result<void>() : pid.error();
}

}  // namespace facet::jobs
