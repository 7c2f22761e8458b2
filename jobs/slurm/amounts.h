#pragma once

// Times and memory as SLURM writes them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace facet::jobs {

/// Seconds of "30", "30:00", "1:00:00", "1-12", "1-12:00", "1-12:00:00" (a number alone is minutes). None for
/// anything else; "UNLIMITED" and "infinite" are 0.
std::optional<int64_t> slurmSeconds(std::string_view time);

/// "1-00:00:00".
std::string slurmTime(int64_t seconds);

/// "1 day", "2 h", "1 day 2 h", "90 s".
std::string timeInWords(int64_t seconds);

/// MiB of "480G", "1T", "512000" (a number alone is MiB). "0" means all and is 0.
std::optional<int64_t> slurmMiB(std::string_view memory);

}  // namespace facet::jobs
