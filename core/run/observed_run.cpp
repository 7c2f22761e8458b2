#include "core/run/observed_run.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/run/launch_record.h"
#include "core/run/metric_line.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

namespace facet::core {
namespace {

constexpr double kSilence = 120;      // seconds; a run says each second where it is
constexpr double kCurveInterval = 5;  // seconds between two looks at the curve of a run under way
constexpr int kCurvePoints = 64;

double secondsNow()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Calls `use` with the metric lines of a piece of a file.
template <typename Use>
void readMetrics(int file, int64_t from, int64_t to, Use use)
{
    std::string text(static_cast<size_t>(std::max<int64_t>(to - from, 0)), '\0');
    const ssize_t count = ::pread(file, text.data(), text.size(), from);
    text.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
    NumberLine line;
    size_t begin = from == 0 ? 0 : text.find('\n') + 1;
    if (from != 0 && begin == 0)
        return;
    for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
        if (readNumberLine(std::string_view(text).substr(begin, end - begin), line) &&
            line.kind == NumberLine::Kind::Metric && !use(line))
            return;
}

double memberOf(const NumberLine& line, std::string_view name)
{
    for (const auto& [key, value] : line.members)
        if (key == name)
            return value;
    return std::nan("");
}

struct Curve {
    std::vector<CurvePoint> points;
    double secondsLeft = 0;
};

/// A point here and there of a log of any size, and its last one.
Curve readCurve(const std::filesystem::path& path)
{
    Curve curve;
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info = {};
    if (!file.isOpen() || ::fstat(file.get(), &info) != 0)
        return curve;
    const auto addPoint = [&](const CurvePoint& point) {
        // What an earlier attempt did after this step does not count any more.
        while (!curve.points.empty() && curve.points.back().step >= point.step)
            curve.points.pop_back();
        if (std::isfinite(point.loss))
            curve.points.push_back(point);
    };
    const auto add = [&](const NumberLine& line) { addPoint({line.step, memberOf(line, "loss")}); };
    const int64_t size = info.st_size;
    constexpr int64_t kPiece = 2048;  // some lines
    if (size <= kPiece * kCurvePoints) {
        readMetrics(file.get(), 0, size, [&](const NumberLine& line) {
            add(line);
            return true;
        });
    } else {
        for (int i = 0; i < kCurvePoints; ++i)
            readMetrics(file.get(), size * i / kCurvePoints, size * i / kCurvePoints + kPiece,
                        [&](const NumberLine& line) {
                            add(line);
                            return false;
                        });
    }
    CurvePoint last = {-1, std::nan("")};
    readMetrics(file.get(), std::max<int64_t>(0, size - 8 * kPiece), size, [&](const NumberLine& line) {
        curve.secondsLeft = memberOf(line, "seconds_left");
        last = {line.step, memberOf(line, "loss")};
        return true;
    });
    if (last.step >= 0)
        addPoint(last);
    if (const size_t count = curve.points.size(); count > kCurvePoints) {
        std::vector<CurvePoint> some;
        for (size_t i = 0; i < kCurvePoints; ++i)
            some.push_back(curve.points[i * (count - 1) / (kCurvePoints - 1)]);
        curve.points = std::move(some);
    }
    if (!std::isfinite(curve.secondsLeft))
        curve.secondsLeft = 0;
    return curve;
}

bool isRun(const std::filesystem::path& path)
{
    const RunFolder folder = {path};
    std::error_code ignored;
    return folder.exists() || std::filesystem::exists(folder.launch(), ignored);
}

}  // namespace

Result<void> writeNotes(const RunFolder& folder, const RunNotes& notes)
{
    const nlohmann::ordered_json json = {{"name", notes.name}, {"tags", notes.tags}, {"text", notes.text}};
    return writeFileAtomically(
        folder.path / "notes.json",
        json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

RunNotes readNotes(const RunFolder& folder)
{
    RunNotes notes;
    const Result<nlohmann::json> object = readJsonObject(folder.path / "notes.json");
    if (!object)
        return notes;
    JsonFields fields(*object, "");
    notes.name = fields.text("name", "");
    notes.text = fields.text("text", "");
    if (const auto tags = object->find("tags"); tags != object->end() && tags->is_array())
        for (const nlohmann::json& tag : *tags)
            if (tag.is_string())
                notes.tags.push_back(tag);
    return notes;
}

RunObserver::Stamp RunObserver::stampOf(const std::filesystem::path& path)
{
    struct stat info = {};
    if (::stat(path.c_str(), &info) != 0)
        return {};
    // A file that is replaced has another inode, also within one tick of the clock.
    return {(info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec) ^ static_cast<int64_t>(info.st_ino),
            info.st_size};
}

void RunObserver::look(Seen& seen, double now)
{
    ObservedRun& run = seen.run;
    const RunFolder& folder = run.folder;
    const std::array<Stamp, 5> stamps = {stampOf(folder.status()), stampOf(folder.launch()),
                                         stampOf(folder.job()), stampOf(folder.path / "notes.json"),
                                         stampOf(folder.path / "checkpoints")};
    if (stamps[0] != seen.stamps[0]) {
        const Result<RunStatus> status = readStatus(folder);
        seen.status = status ? std::optional(*status) : std::nullopt;
    }
    // A checkpoint is renamed into its folder, whose time it changes; the status may never hear of it before
    // a kill.
    if (stamps[4] != seen.stamps[4]) {
        const std::vector<int64_t> saved = folder.savedSteps();
        run.savedStep = saved.empty() ? 0 : saved.back();
    }
    if (stamps[1] != seen.stamps[1]) {
        const Result<LaunchRecord> launch = readLaunch(folder.launch());
        seen.launched = launch ? std::optional(launch->process) : std::nullopt;
        seen.launchTime = launch ? launch->time : 0;
        run.device = launch ? launch->device : "";
    }
    if (stamps[2] != seen.stamps[2] || stamps[3] != seen.stamps[3] || run.name.empty()) {
        const Result<nlohmann::json> job = readJsonObject(folder.job());
        RunNotes notes = readNotes(folder);
        run.jobName = job ? JsonFields(*job, "").text("name", "") : "";
        if (run.jobName.empty())
            run.jobName = folder.path.filename().string();
        run.name = notes.name.empty() ? run.jobName : std::move(notes.name);
        run.tags = std::move(notes.tags);
        run.notes = std::move(notes.text);
    }
    seen.stamps = stamps;
    const Stamp events = stampOf(folder.events());
    const bool wasUnderWay = run.isUnderWay();
    decide(seen, now);
    if (events != seen.events &&
        (now - seen.curveRead >= kCurveInterval || !run.isUnderWay() || !wasUnderWay)) {
        Curve curve = readCurve(folder.events());
        run.curve = std::move(curve.points);
        run.secondsLeft = curve.secondsLeft;
        seen.events = events;
        seen.curveRead = now;
    }
    // The status tells of a step now and then, the events of each.
    if (run.condition == RunCondition::Lost)
        run.step = std::max({run.step, run.savedStep, run.curve.empty() ? 0 : run.curve.back().step});
}

void RunObserver::decide(Seen& seen, double now)
{
    ObservedRun& run = seen.run;
    run.pid = 0;
    run.message.clear();
    // A process that was started and has not said yet that it is there decides; else what the status says.
    const bool isLaunchNews = seen.launched && (!seen.status || seen.status->heartbeat < seen.launchTime);
    if (isLaunchNews) {
        run.host = seen.launched->host;
        const std::optional<bool> isThere = isAlive(*seen.launched);
        if (isThere.value_or(now - seen.launchTime < kSilence)) {
            run.condition = RunCondition::Starting;
            run.pid = isThere ? seen.launched->pid : 0;
            run.process = *seen.launched;
        } else if (isThere) {
            run.condition = RunCondition::Failed;
            run.message = lastWords(run.folder);
            if (run.message.empty())
                run.message = "its process ended before it said anything";
        } else {
            run.condition = RunCondition::Silent;
        }
        run.heartbeat = seen.launchTime;
        if (!seen.status)
            return;
    }
    if (!seen.status) {
        run.condition = RunCondition::Failed;
        run.message = "status.json cannot be read";
        return;
    }
    const RunStatus& status = *seen.status;
    run.step = status.step;
    run.numSteps = status.numSteps;
    run.slurmJobId = status.slurmJobId;
    if (isLaunchNews)
        return;
    run.host = status.host;
    run.heartbeat = status.heartbeat;
    run.message = status.message;
    switch (status.state) {
        case RunState::Done:
            run.condition = RunCondition::Done;
            return;
        case RunState::Stopped:
            run.condition = RunCondition::Stopped;
            return;
        case RunState::Failed:
            run.condition = RunCondition::Failed;
            return;
        case RunState::Starting:
            run.condition = RunCondition::Starting;
            break;
        case RunState::Running:
            run.condition = RunCondition::Running;
            break;
        case RunState::Saving:
            run.condition = RunCondition::Saving;
            break;
    }
    const std::optional<bool> isThere = isAlive(status.process());
    if (!isThere) {
        if (now - status.heartbeat > kSilence)
            run.condition = RunCondition::Silent;
    } else if (!*isThere) {
        run.condition = RunCondition::Lost;
    } else {
        run.pid = status.pid;
        run.process = status.process();
    }
}

const std::vector<ObservedRun>& RunObserver::look()
{
    const double now = secondsNow();
    std::set<std::filesystem::path> folders;
    for (const std::filesystem::path& place : m_places) {
        std::error_code ignored;
        if (isRun(place)) {
            folders.insert(place);
            continue;
        }
        for (auto entry = std::filesystem::directory_iterator(place, ignored);
             entry != std::filesystem::directory_iterator(); entry.increment(ignored))
            if (isRun(entry->path()))
                folders.insert(entry->path());
    }
    std::erase_if(m_seen, [&](const Seen& seen) { return folders.erase(seen.run.folder.path) == 0; });
    for (const std::filesystem::path& path : folders) {
        Seen& seen = m_seen.emplace_back();
        seen.run.folder = {path};
    }
    for (Seen& seen : m_seen)
        look(seen, now);
    std::ranges::stable_sort(m_seen, [](const Seen& left, const Seen& right) {
        if (left.run.isUnderWay() != right.run.isUnderWay())
            return left.run.isUnderWay();
        if (left.run.heartbeat != right.run.heartbeat && !left.run.isUnderWay())
            return left.run.heartbeat > right.run.heartbeat;
        return left.run.name < right.run.name;
    });
    m_runs.clear();
    for (const Seen& seen : m_seen)
        m_runs.push_back(seen.run);
    return m_runs;
}

}  // namespace facet::core
