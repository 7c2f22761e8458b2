#pragma once

#include <cstdint>

namespace facet::core {

/// Bytes that a program may still take without swapping: MemAvailable of /proc/meminfo, or what this
/// process's cgroup (a container, a SLURM job) still allows if that is less.
int64_t availableMemory();

}  // namespace facet::core
