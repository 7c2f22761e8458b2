#pragma once

// launch.json: which process was started for a run, by whom it was started (studio or queue). It says what
// status.json cannot: that a run has begun and has no status yet, or ended before it had one.

#include "core/run/run_folder.h"

#include <string>

namespace facet::core {

struct LaunchRecord {
    ProcessIdentity process;
    double time = 0;     ///< seconds since 1970, UTC
    std::string device;  ///< as asked for: "auto", "cpu", "cuda:1"
};

/// Errors  Io
Result<void> writeLaunch(const RunFolder& folder, const LaunchRecord& record);

/// Errors  NotFound, Io, InvalidInput
Result<LaunchRecord> readLaunch(const RunFolder& folder);

/// Why a process that was started ended: the last line of launch.log; "" if it said nothing.
std::string lastWords(const RunFolder& folder);

}  // namespace facet::core
