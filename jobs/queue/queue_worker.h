#pragma once

// Who works a queue: one process per user and machine, which starts the runs and waits for their ends. It may
// be killed at any moment: all that it knows is in queue.json and in the folders of the runs, which outlive
// it.

#include "jobs/queue/run_queue.h"

#include <functional>
#include <optional>

namespace facet::jobs {

struct QueueWork {
    std::filesystem::path home;
    std::filesystem::path engine;  ///< facet-engine
    int stop = -1;                 ///< a file descriptor: when it can be read from, the worker ends
    std::function<void(const std::string& sentence)> say;  ///< "blue has started on cuda:0"
};

struct QueueWorked {
    int64_t numDone = 0;
    int64_t numFailed = 0;  ///< failed, skipped or could not be started
};

/// Starts what may start, on each device one run, until nothing can start any more and nothing is under way;
/// or until `stop`, and then the runs go on. A run that fails stops no other than those that come after it.
/// What is done leaves the queue; the rest stays in it.
///
/// Thread  the caller's, for hours.
/// Errors  Unavailable: another process works this queue; Io; InvalidInput: queue.json is damaged
core::Result<QueueWorked> workQueue(const QueueWork& work);

/// The process that works the queue of `home` on this machine now; none if there is none.
std::optional<int64_t> queueWorker(const std::filesystem::path& home);

/// Starts `facet-engine queue run`, which outlives this process, unless the queue is worked already. Call it
/// after the queue has been changed: a worker that ends looks at the queue once more before.
///
/// Thread  any; takes milliseconds.
/// Errors  NotFound, Io: the program cannot be started
core::Result<void> startQueueWorker(const std::filesystem::path& home, const std::filesystem::path& engine);

}  // namespace facet::jobs
