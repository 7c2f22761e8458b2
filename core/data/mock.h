#pragma once

// Made-up samples, to try speed and memory without data: NeMo's mock, but seeded, and with a right mask.

#include "core/data/sample.h"
#include "core/gemma3/config.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace facet::core {

constexpr int64_t kMockSamples = 10'000;  ///< of a source

/// A sample of exactly `length` tokens (more if a picture needs them): random ids that are no picture's, and
/// for a vision model's picture mock the picture's tokens from position 20 on, with its markers around. All
/// counts in the loss but the first token, or with a picture all behind it and four more tokens.
///
/// Source  NeMo, collections/vlm/gemma3vl/data/mock.py, whose loss mask is all ones and whose pictures have
/// no seed
TokenizedSample mockSample(uint64_t index, uint64_t seed, int64_t length, bool hasPicture,
                           const gemma3::Config& config);

/// The pixels of a mock's picture, "mock:SEED:INDEX": RGB, side x side.
std::vector<uint8_t> mockPixels(uint64_t index, uint64_t seed, int64_t side);

}  // namespace facet::core
