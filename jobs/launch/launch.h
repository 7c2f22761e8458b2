#pragma once

// Starts a training that outlives whoever starts it: a session of its own, nothing of its starter's but the
// environment, what it says in the run's folder.

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace facet::jobs {

struct Launch {
    std::filesystem::path engine;        ///< facet-engine
    std::filesystem::path job;           ///< a job file, or a run's folder to go on with it
    std::string device = "auto";         ///< "auto", "cpu", "cuda:1"
    std::vector<std::string> arguments;  ///< more of `facet-engine train`: "--accept-changes", "steps=20"
};

struct Launched {
    std::filesystem::path folder;  ///< of the run
    int64_t pid = 0;
};

/// Runs `facet-engine train`. The run's folder is made at once, with launch.json (core/run/launch_record.h)
/// and launch.log (what the process says, also why it ended before there was a status). While the run lasts,
/// the computer is kept from sleeping where systemd-inhibit can do that.
///
/// launch.json is there if and only if the run began, whenever this process is killed.
///
/// A new job refuses a folder with a run in it; a folder goes on with its run.
///
/// Thread  any; takes milliseconds, and seconds where a run that has just been stopped has to end first.
/// Errors  NotFound (job, engine); InvalidInput (the job's name, a run that is there already); Unavailable
/// (the
///         run is being trained); Io
core::Result<Launched> launch(const Launch& what);

}  // namespace facet::jobs
