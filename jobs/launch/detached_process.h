#pragma once

// A process that outlives whoever starts it: a session of its own, nobody's child, nothing of its starter's
// but the environment.

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace facet::jobs {

struct DetachedProcess {
    std::vector<std::string> command;  ///< the program, looked for in PATH, and its arguments
    int log = -1;                      ///< where its stdout and stderr go

    /// Called with the pid while the process is there and its program has not begun. Unless it succeeds, the
    /// program never begins, and neither does it when this process dies meanwhile.
    std::function<core::Result<void>(int64_t pid)> prepare = {};

    /// If not empty, the process itself renames the first to the second as the last thing before its program
    /// begins: the second is there if and only if there was a start, whenever this process is killed.
    std::filesystem::path prepared = {}, inPlace = {};
};

/// Thread  any; takes milliseconds.
/// Errors  NotFound, Io: the program cannot be started; what `prepare` says
core::Result<int64_t> startDetached(const DetachedProcess& what);

}  // namespace facet::jobs
