#pragma once

// What a run is like now, from its folder and from whether its process lives; never from memory.

#include "core/run/run_folder.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace facet::core {

enum class RunCondition {
    Starting,
    Running,
    Saving,
    Done,
    Stopped,  ///< saved and stopped; can be gone on with
    Failed,
    Lost,    ///< its process is gone without a word
    Silent,  ///< on another host, and not heard of for a while
};

struct CurvePoint {
    int64_t step = 0;
    double loss = 0;

    friend bool operator==(const CurvePoint&, const CurvePoint&) = default;
};

struct ObservedRun {
    RunFolder folder;
    std::string name;     ///< the user's, else the job's
    std::string jobName;  ///< the folder's where the job has none
    RunCondition condition = RunCondition::Starting;
    std::string message;  ///< why it failed or stopped; "" else
    std::string host;
    std::string device;  ///< as asked for at the start; "" if it was started by hand
    std::string slurmJobId;
    int64_t pid = 0;          ///< of the training process; 0 if none lives on this host
    ProcessIdentity process;  ///< whose `pid` it is: signals are for this one and no later one
    int64_t step = 0;
    int64_t numSteps = 0;
    int64_t savedStep = 0;  ///< of the newest checkpoint; 0: none
    double heartbeat = 0;   ///< seconds since 1970, UTC; of the last sign of life
    double secondsLeft = 0;
    std::vector<CurvePoint> curve;  ///< of the loss, some points of all that there are
    std::vector<std::string> tags;
    std::string notes;

    bool isUnderWay() const
    {
        return condition == RunCondition::Starting || condition == RunCondition::Running ||
               condition == RunCondition::Saving;
    }

    friend bool operator==(const ObservedRun&, const ObservedRun&) = default;
};

/// What the user wrote about a run: notes.json in its folder.
struct RunNotes {
    std::vector<std::string> tags;
    std::string text;
    std::string name;  ///< to be shown in place of the job's; "": the job's
};

/// Errors  Io
Result<void> writeNotes(const RunFolder& folder, const RunNotes& notes);

/// Nothing where there is no such file, or a broken one.
RunNotes readNotes(const RunFolder& folder);

/// Looks at run folders again and again, and reads only what has changed: some 10 us for a run at rest.
///
/// Thread  one at a time.
class RunObserver {
public:
    /// All folders in one of `places` that hold a run, and those that are a run themselves.
    explicit RunObserver(std::vector<std::filesystem::path> places) : m_places(std::move(places)) {}

    /// All runs now, the newest first.
    const std::vector<ObservedRun>& look();

private:
    struct Stamp {
        int64_t time = 0;
        int64_t size = -1;
        bool operator==(const Stamp&) const = default;
    };
    struct Seen {
        ObservedRun run;
        std::array<Stamp, 5> stamps;  ///< status, launch, job, notes
        Stamp events;
        std::optional<RunStatus> status;
        std::optional<ProcessIdentity> launched;
        double launchTime = 0;
        double curveRead = 0;  ///< when
    };
    static Stamp stampOf(const std::filesystem::path& path);
    void look(Seen& seen, double now);
    void decide(Seen& seen, double now);

    std::vector<std::filesystem::path> m_places;
    std::vector<Seen> m_seen;
    std::vector<ObservedRun> m_runs;
};

}  // namespace facet::core
