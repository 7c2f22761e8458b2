#pragma once

// launch.json: which process was started for a run, by whom it was started (studio or queue). It says what
// status.json cannot: that a run has begun and has no status yet, or ended before it had one.

#include "core/run/run_folder.h"

#include <string>

namespace facet::core {

struct LaunchRecord {
    ProcessIdentity process;
    double time = 0;                 ///< seconds since 1970, UTC
    std::string device;              ///< as asked for: "auto", "cpu", "cuda:1"
    std::filesystem::path job = {};  ///< the file that it began with; the run's own job.json comes later
};

/// `file` is RunFolder::launch(), or what becomes it.
///
/// Errors  Io
Result<void> writeLaunch(const std::filesystem::path& file, const LaunchRecord& record);

/// Errors  NotFound, Io, InvalidInput
Result<LaunchRecord> readLaunch(const std::filesystem::path& file);

/// Why a process that was started ended: the last line of launch.log that is no note; "" if it said nothing.
std::string lastWords(const RunFolder& folder);

}  // namespace facet::core
