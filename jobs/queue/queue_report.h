#pragma once

// What has become of the runs in a queue, and which of them may start: pure functions of the queue and of
// what the runs' folders say.

#include "core/run/observed_run.h"
#include "jobs/queue/run_queue.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace facet::jobs {

enum class EntryState {
    Waiting,
    UnderWay,
    Done,
    Stopped,  ///< saved and stopped by its user; what comes after it waits
    Failed,   ///< or lost
    Skipped,  ///< it comes after a run that failed or was skipped
};

std::string_view nameOf(EntryState state);  ///< "waiting", "running", "done", "stopped", "failed", "skipped"

struct EntryReport {
    EntryState state = EntryState::Waiting;
    /// Why: "next", "when blue has ended", "after blue", "it comes after blue, which failed".
    std::string words;
    std::optional<core::ObservedRun> run;  ///< none before it starts
};

struct QueueReport {
    std::vector<EntryReport> entries;         ///< one for each of the queue
    std::map<std::string, std::string> busy;  ///< by device of this host: the name of the run that has it

    struct Start {
        size_t entry = 0;
        std::string device;
    };
    std::vector<Start> mayStart;  ///< now, all of them at once: one run for each device

    /// Whether somebody has to come back when a run has ended: runs of the queue are under way, or wait for
    /// those that are.
    bool isUnderWay = false;
};

/// `runs` are those of all folders that the queue names and of this host's other runs, whose devices are
/// taken as well. A run that was started by hand without saying where takes the CPU and the first GPU. `busy`
/// are devices that are taken all the same. An entry whose run's folder is gone waits again. Entries of other
/// hosts never start here.
QueueReport reportOn(const RunQueue& queue, const std::vector<core::ObservedRun>& runs,
                     const std::string& host, std::map<std::string, std::string> busy = {});

/// What a run's own folder says of it.
EntryReport reportOn(const core::ObservedRun& run);

/// Takes away what has ended, but for runs that waiting ones come after.
void dropEnded(RunQueue& queue, const QueueReport& report);

/// Looks at the folders of the queue's runs, at all below `home`/runs, and at others that may lie elsewhere.
std::vector<core::ObservedRun> observeRuns(const RunQueue& queue, const std::filesystem::path& home,
                                           std::vector<std::filesystem::path> others = {});

/// This machine's name, as entries and runs have it.
std::string thisHost();

}  // namespace facet::jobs
