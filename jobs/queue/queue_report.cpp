#include "jobs/queue/queue_report.h"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace facet::jobs {
namespace {

using core::ObservedRun;
using core::RunCondition;

EntryState stateOf(const ObservedRun& run)
{
    switch (run.condition) {
        case RunCondition::Starting:
        case RunCondition::Running:
        case RunCondition::Saving:
        case RunCondition::Silent:
            return EntryState::UnderWay;
        case RunCondition::Done:
            return EntryState::Done;
        case RunCondition::Stopped:
            return EntryState::Stopped;
        case RunCondition::Failed:
        case RunCondition::Lost:
            return EntryState::Failed;
    }
    return EntryState::Failed;
}

std::string wordsOf(const ObservedRun& run)
{
    switch (run.condition) {
        case RunCondition::Starting:
            return "starting";
        case RunCondition::Lost:
            return "its process is gone; saved at step " + std::to_string(run.savedStep);
        case RunCondition::Silent:
            return "no word from " + run.host;
        case RunCondition::Failed:
            return run.message;
        case RunCondition::Running:
        case RunCondition::Saving:
        case RunCondition::Done:
        case RunCondition::Stopped:
            break;
    }
    return "step " + std::to_string(run.step) + " of " + std::to_string(run.numSteps);
}

std::vector<std::string> devicesOf(const ObservedRun& run)
{
    if (run.device == "cuda")
        return {"cuda:0"};
    if (run.device.empty() || run.device == "auto")
        return {"cpu", "cuda:0"};
    return {run.device};
}

std::string joined(const std::vector<std::string>& words, const char* between)
{
    std::string all;
    for (const std::string& word : words)
        all += (all.empty() ? "" : between) + word;
    return all;
}

/// What an entry waits for; nothing if that is all done.
struct Waits {
    std::vector<std::string> forRuns;
    std::string skippedBy;  ///< "blue, which failed"
};

Waits waitsOf(const QueueEntry& entry, const RunQueue& queue, const QueueReport& report)
{
    Waits waits;
    for (const int64_t id : entry.after) {
        const auto earlier = std::ranges::find(queue.entries, id, &QueueEntry::id);
        if (earlier == queue.entries.end())
            continue;
        const EntryState state = report.entries[static_cast<size_t>(earlier - queue.entries.begin())].state;
        if (state == EntryState::Failed || state == EntryState::Skipped)
            waits.skippedBy =
                earlier->name + (state == EntryState::Failed ? ", which failed" : ", which was skipped");
        else if (state == EntryState::Stopped)
            waits.forRuns.push_back(earlier->name + ", which is paused");
        else if (state != EntryState::Done)
            waits.forRuns.push_back(earlier->name);
    }
    return waits;
}

}  // namespace

std::string_view nameOf(EntryState state)
{
    constexpr std::array<std::string_view, 6> kNames = {"waiting", "running", "done",
                                                        "stopped", "failed",  "skipped"};
    return kNames[static_cast<size_t>(state)];
}

QueueReport reportOn(const RunQueue& queue, const std::vector<ObservedRun>& runs, const std::string& host,
                     std::map<std::string, std::string> busy)
{
    QueueReport report;
    report.busy = std::move(busy);
    for (const ObservedRun& run : runs)
        if (run.isUnderWay() && run.host == host)
            for (const std::string& device : devicesOf(run))
                report.busy.emplace(device, run.name);
    report.entries.resize(queue.entries.size());
    // What a run waits for was added before it, but may stand behind it by now.
    std::vector<size_t> byId(queue.entries.size());
    for (size_t i = 0; i < byId.size(); ++i)
        byId[i] = i;
    std::ranges::sort(byId, {}, [&](size_t i) { return queue.entries[i].id; });
    std::vector<Waits> waits(queue.entries.size());
    for (const size_t i : byId) {
        const QueueEntry& entry = queue.entries[i];
        EntryReport& told = report.entries[i];
        const auto run =
            std::ranges::find(runs, entry.folder, [](const ObservedRun& each) { return each.folder.path; });
        if (run != runs.end()) {
            told = reportOn(*run);
            report.isUnderWay =
                report.isUnderWay || (told.state == EntryState::UnderWay && run->host == host);
            continue;
        }
        waits[i] = waitsOf(entry, queue, report);
        if (!waits[i].skippedBy.empty())
            told = {EntryState::Skipped, "it comes after " + waits[i].skippedBy, {}};
    }
    std::map<std::string, std::string> taken = report.busy;
    for (size_t i = 0; i < queue.entries.size(); ++i) {
        const QueueEntry& entry = queue.entries[i];
        EntryReport& told = report.entries[i];
        if (told.state != EntryState::Waiting)
            continue;
        if (entry.host != host) {
            told.words = "for " + entry.host;
            continue;
        }
        if (!waits[i].forRuns.empty()) {
            told.words = "after " + joined(waits[i].forRuns, " and ");
            continue;
        }
        const auto free = std::ranges::find_if(
            entry.devices, [&](const std::string& device) { return !taken.contains(device); });
        if (free != entry.devices.end()) {
            told.words = "next";
            taken.emplace(*free, entry.name);
            report.mayStart.push_back({i, *free});
            continue;
        }
        std::vector<std::string> holders;
        for (const std::string& device : entry.devices) {
            if (std::ranges::find(holders, taken[device]) == holders.end())
                holders.push_back(taken[device]);
            // A run that is not of the queue may be what it waits for.
            report.isUnderWay = report.isUnderWay || report.busy.contains(device);
        }
        told.words = "when " + joined(holders, " or ") + " has ended";
    }
    return report;
}

void dropEnded(RunQueue& queue, const QueueReport& report)
{
    std::vector<int64_t> ended, done, wanted;
    for (size_t i = 0; i < queue.entries.size(); ++i) {
        const QueueEntry& entry = queue.entries[i];
        const EntryState state = report.entries[i].state;
        if (state == EntryState::Waiting)
            wanted.insert(wanted.end(), entry.after.begin(), entry.after.end());
        else if (state != EntryState::UnderWay)
            (state == EntryState::Done ? done : ended).push_back(entry.id);
    }
    for (const int64_t id : done)
        dropDone(queue, id);
    // What comes after one of these waits for a paused run, or has ended with it.
    for (const int64_t id : ended)
        if (std::ranges::find(wanted, id) == wanted.end())
            dropDone(queue, id);
}

EntryReport reportOn(const ObservedRun& run)
{
    return {stateOf(run), wordsOf(run), run};
}

std::vector<ObservedRun> observeRuns(const RunQueue& queue, const std::filesystem::path& home,
                                     std::vector<std::filesystem::path> others)
{
    for (const QueueEntry& entry : queue.entries)
        others.push_back(entry.folder);
    std::vector<std::filesystem::path> places = {home / "runs"};
    std::error_code ignored;
    for (const std::filesystem::path& path : others)
        if (const core::RunFolder folder = {path};
            path.parent_path() != places.front() &&
            (folder.exists() || std::filesystem::exists(folder.launch(), ignored)))
            places.push_back(path);
    return core::RunObserver(places).look();
}

std::string thisHost()
{
    return core::ProcessIdentity::of(::getpid()).host;
}

}  // namespace facet::jobs
