#include "core/data/shuffle.h"

#include <bit>
#include <cassert>

namespace facet::core {
namespace {

/// SplitMix64's finaliser.
uint64_t mixed(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

}  // namespace

Permutation::Permutation(uint64_t size, uint64_t seed)
    : m_size(size), m_halfBits((static_cast<int>(std::bit_width(size > 1 ? size - 1 : 1)) + 1) / 2)
{
    assert(size > 0);
    for (size_t i = 0; i < m_keys.size(); ++i)
        m_keys[i] = mixed(seed + i * 0x632BE59BD9B4E019u);
}

uint64_t Permutation::at(uint64_t place) const
{
    // A Feistel network permutes the next power of four; what falls outside goes through it again.
    const uint64_t mask = (uint64_t{1} << m_halfBits) - 1;
    do {
        uint64_t left = place >> m_halfBits;
        uint64_t right = place & mask;
        for (const uint64_t key : m_keys) {
            const uint64_t next = left ^ (mixed(right ^ key) & mask);
            left = right;
            right = next;
        }
        place = left << m_halfBits | right;
    } while (place >= m_size);
    return place;
}

bool isHeldOut(uint64_t row, double fraction, uint64_t seed)
{
    constexpr double kScale = 1.0 / 9007199254740992.0;  // 2^-53
    return static_cast<double>(mixed(row ^ mixed(seed)) >> 11) * kScale < fraction;
}

Blend::Blend(std::span<const Source> sources, uint64_t seed)
    : m_sources(sources.begin(), sources.end()), m_taken(sources.size(), 0), m_seed(seed)
{
}

size_t Blend::nextSource()
{
    // The one that is furthest behind its share.
    size_t best = m_sources.size();
    for (size_t i = 0; i < m_sources.size(); ++i) {
        if (m_sources[i].numRows == 0 || m_sources[i].weight <= 0)
            continue;
        const auto wait = [&](size_t k) {
            return (static_cast<double>(m_taken[k]) + 0.5) / m_sources[k].weight;
        };
        if (best == m_sources.size() || wait(i) < wait(best))
            best = i;
    }
    assert(best < m_sources.size());
    ++m_numPicked;
    return best;
}

Blend::Pick Blend::next()
{
    const size_t source = nextSource();
    const uint64_t numRows = m_sources[source].numRows;
    const uint64_t round = m_taken[source] / numRows;
    const uint64_t place = m_taken[source]++ % numRows;
    const Permutation order(numRows, mixed(m_seed ^ mixed(source)) + round);
    return {source, order.at(place), round};
}

void Blend::skip(uint64_t count)
{
    for (uint64_t i = 0; i < count; ++i)
        ++m_taken[nextSource()];
}

}  // namespace facet::core
