#pragma once

// A job, or a sweep of jobs, becomes entries of the queue: all of them or none.

#include "jobs/queue/run_queue.h"
#include "jobs/resolved_job.h"
#include "jobs/sweep.h"

namespace facet::jobs {

struct PlannedRun {
    std::vector<nlohmann::json> values;  ///< of the sweeps, in their order
    ResolvedJob resolved;
};

/// The job once, or once for every combination of the sweeps' values, each with everything decided and
/// checked.
///
/// Errors  as resolveJob, checkSupported, checkFilesAreHere and sweepPoints, with the values of the run that
///         is refused
core::Result<std::vector<PlannedRun>> planRuns(const Settings& job, const std::vector<Sweep>& sweeps,
                                               const Surroundings& surroundings);

struct Enqueued {
    std::vector<std::string> devices;
    std::vector<std::string> after;  ///< runs that wait, by id or name
};

/// Adds runs behind all others, for this machine, with copies of their jobs; several runs of sweeps get a
/// table of results under the name `sweepName` (sweep_results.h).
///
/// Errors  InvalidInput: there is a run of that name already, or a sweep; as addEntry and QueueFile::edit
core::Result<std::vector<QueueEntry>> enqueue(const QueueFile& file, const std::vector<PlannedRun>& runs,
                                              const Enqueued& how, const std::vector<Sweep>& sweeps = {},
                                              const std::string& sweepName = {});

}  // namespace facet::jobs
