#pragma once

// How fast this machine's devices train, as the last probe of each measured it:
// FACET_HOME/cache/device-rates.json.

#include "jobs/estimate/estimate.h"

#include <filesystem>

namespace facet::jobs {

/// What whole steps on the device came to, in FLOP/s as stepFlops() counts them, what is computed again
/// included; 0 where nothing was measured. The rate is that of the last job that was probed, so another size
/// of model or of batch runs at somewhat another one.
///
/// GPUs are told apart by their names, and rates in fp32 and in bfloat16; a CPU has one rate.
double rememberedRate(const std::filesystem::path& home, const Gpu& device, Precision precision);

/// Errors  Io
core::Result<void> rememberRate(const std::filesystem::path& home, const Gpu& device, Precision precision,
                                double flopsPerSecond);

}  // namespace facet::jobs
