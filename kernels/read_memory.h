#pragma once

#include <cstdint>

namespace facet::kernels {

/// Reads words as fast as a thread can, and gives their sum so that nothing is left out: what memory's speed
/// is measured with. Limits  count is a multiple of 64.
uint64_t readMemory(const uint64_t* words, int64_t count) noexcept;

}  // namespace facet::kernels
