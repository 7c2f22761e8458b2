#pragma once

// Random numbers of which each is computed on its own, from a seed and its index, with the same bits on every
// machine: no library's generator or logarithm is asked, which may differ by processor and version.

#include <cstdint>

namespace facet::core {

/// The index-th number of SplitMix64 with this seed, all 64 bits.
///
/// Source  Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014
uint64_t drawBits(uint64_t seed, uint64_t index);

/// Evenly between 0 and 1, neither of them ever.
double drawUniform(uint64_t seed, uint64_t index);

/// The number below which a standard normal one is with this probability, to sixteen digits.
///
/// Source  Wichura, "Algorithm AS 241: The percentage points of the normal distribution", 1988
/// Limits  0 < probability < 1
double normalQuantile(double probability);

}  // namespace facet::core
