#pragma once

// Sweeps: the same job with every combination of some values.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace facet::jobs {

/// A key of a job with the values to try.
struct Sweep {
    std::string key;
    std::vector<nlohmann::json> values;
};

/// One combination.
struct SweepPoint {
    std::vector<nlohmann::json> values;  ///< one of each sweep, in their order
    std::vector<std::string> overrides;  ///< "lora.rank=8", as applyOverride() reads them
};

constexpr size_t kMostSweepPoints = 1000;  // SLURM's MaxArraySize is 1001 unless a site says otherwise

/// Reads "lora.rank=8,16"; values are JSON, else texts.
///
/// Errors  InvalidInput: no such form; the key is checked by sweepPoints()
core::Result<Sweep> sweepFrom(std::string_view text);

/// All combinations, the last key fastest; one without overrides where there are no sweeps.
///
/// Errors  InvalidInput: a key that is none of a job, or name or dir, or is there twice; no values; more than
///         kMostSweepPoints
core::Result<std::vector<SweepPoint>> sweepPoints(const std::vector<Sweep>& sweeps);

/// Names of runs that say their values, "blue-rank8-lr0.0001", each another one.
std::vector<std::string> sweepNames(const std::string& name, const std::vector<Sweep>& sweeps,
                                    const std::vector<SweepPoint>& points);

/// A value as one writes it: texts without quotation marks.
std::string sweepText(const nlohmann::json& value);

}  // namespace facet::jobs
