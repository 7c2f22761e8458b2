#pragma once

// What came out of a sweep: a table made from the folders of its runs. Which runs those are is kept in
// FACET_HOME/sweeps/NAME.json, since a run leaves the queue when it is done.

#include "core/run/run_history.h"
#include "jobs/queue/queue_report.h"

#include <limits>
#include <map>

namespace facet::jobs {

struct SweepRecord {
    struct Run {
        std::string name;
        std::filesystem::path folder;
        std::vector<nlohmann::json> values;  ///< one for each key
    };

    std::string name;
    std::vector<std::string> keys;
    std::vector<Run> runs;
};

/// Errors  NotFound; Io; InvalidInput: damaged or newer
core::Result<SweepRecord> readSweep(const std::filesystem::path& home, const std::string& name);

/// Errors  Io
core::Result<void> writeSweep(const std::filesystem::path& home, const SweepRecord& record);

/// Names of all sweeps, in order.
std::vector<std::string> sweepsIn(const std::filesystem::path& home);

struct SweepResult {
    std::string name;
    std::filesystem::path folder;
    std::vector<nlohmann::json> values;
    std::string state;  ///< "running", "done", "not in the queue"
    std::string words;  ///< why
    int64_t step = 0;
    int64_t numSteps = 0;

    // Losses; NaN where there is none yet.
    static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    double lastTraining = kNone, bestTraining = kNone;
    double lastValidation = kNone, bestValidation = kNone;
};

/// Reads the runs of one sweep again and again, each event once.
///
/// Thread  one at a time
class SweepReader {
public:
    explicit SweepReader(SweepRecord record) : m_record(std::move(record)) {}

    const SweepRecord& record() const { return m_record; }

    /// In the order of the grid. `queue` and `home` say what is with the runs that have not begun.
    std::vector<SweepResult> look(const RunQueue& queue, const std::filesystem::path& home);

private:
    struct Losses {
        double last = SweepResult::kNone, best = SweepResult::kNone;
    };
    struct Followed {
        core::HistoryReader reader;
        core::RunHistory history;
    };
    static Losses lossesOf(const core::StepTable& table);

    SweepRecord m_record;
    std::map<std::filesystem::path, Followed> m_followed;
};

/// The table as CSV (RFC 4180), a line for each run, with names of columns.
std::string toCsv(const SweepRecord& record, const std::vector<SweepResult>& results);

}  // namespace facet::jobs
