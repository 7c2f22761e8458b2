#pragma once

// Several samples in one sequence, text and pictures alike.

#include "core/data/sample.h"

#include <cstdint>
#include <span>
#include <vector>

namespace facet::core {

/// Which samples go into which sequence: longest first, each into the fullest sequence that has room; the
/// seed orders samples of equal length. Each sample is in exactly one pack; one longer than `capacity` is
/// alone in its own.
std::vector<std::vector<size_t>> planPacks(std::span<const int64_t> lengths, int64_t capacity, uint64_t seed);

/// What training makes of the samples of a round, in the order in which they are drawn and with no more
/// tokens than `capacity`: their packs, in the order in which those are trained on, planned anew for each
/// round.
std::vector<std::vector<size_t>> planRound(std::span<const int64_t> lengths, int64_t capacity, uint64_t seed,
                                           uint64_t round);

/// One sequence. Attention stays inside documents, and positions start at 0 in each.
struct PackedSample {
    std::vector<int64_t> ids;
    std::vector<int64_t> positions;
    std::vector<uint8_t> inLoss;          ///< never at the first token of a document
    std::vector<int64_t> documentBegins;  ///< and the end of the last: cumulative lengths
    std::vector<TokenizedSample::Picture> pictures;
};

PackedSample pack(std::span<const TokenizedSample> samples);

}  // namespace facet::core
