#pragma once

// Orders of rows that can be computed anywhere in them, so that a resumed run goes on where it was.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace facet::core {

/// A permutation of 0 ... size - 1, drawn by the seed, of which each place is computed on its own.
class Permutation {
public:
    /// Limits  size at least 1
    Permutation(uint64_t size, uint64_t seed);

    uint64_t at(uint64_t place) const;

private:
    uint64_t m_size;
    int m_halfBits;
    std::array<uint64_t, 4> m_keys;
};

/// Whether a row is held out for validation, by its number alone: the same rows whatever else there is.
bool isHeldOut(uint64_t row, double fraction, uint64_t seed);

/// Several sources as one endless stream: by weight, as evenly as can be, each source shuffled anew in each
/// round.
class Blend {
public:
    struct Source {
        uint64_t numRows = 0;
        double weight = 1;
    };
    struct Pick {
        size_t source = 0;
        uint64_t row = 0;
        uint64_t round = 0;  ///< how often the whole source was gone through before
    };

    /// Sources without rows or weight are never picked.
    /// Limits  one source at least has rows and weight
    Blend(std::span<const Source> sources, uint64_t seed);

    Pick next();

    /// Goes on as if `count` rows had been picked.
    /// Cost    a few nanoseconds for each
    void skip(uint64_t count);

    uint64_t numPicked() const { return m_numPicked; }

private:
    size_t nextSource();

    std::vector<Source> m_sources;
    std::vector<uint64_t> m_taken;  ///< rows picked from each
    uint64_t m_seed;
    uint64_t m_numPicked = 0;
};

}  // namespace facet::core
