#include "core/data/packing.h"

#include "core/data/shuffle.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace facet::core {

std::vector<std::vector<size_t>> planPacks(std::span<const int64_t> lengths, int64_t capacity, uint64_t seed)
{
    std::vector<size_t> order(lengths.size());
    if (!lengths.empty()) {
        const Permutation shuffled(lengths.size(), seed);
        for (size_t i = 0; i < order.size(); ++i)
            order[i] = shuffled.at(i);
    }
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });

    // Packs by their free space: the fullest that has room is found in logarithmic time.
    std::vector<std::vector<size_t>> packs;
    std::set<std::pair<int64_t, size_t>> free;  // tokens free, pack
    for (const size_t sample : order) {
        const int64_t length = lengths[sample];
        const auto found = free.lower_bound({length, 0});
        int64_t left = capacity - length;
        size_t into = packs.size();
        if (found == free.end()) {
            packs.push_back({sample});
        } else {
            left = found->first - length;
            into = found->second;
            free.erase(found);
            packs[into].push_back(sample);
        }
        if (left > 0)
            free.insert({left, into});
    }
    return packs;
}

std::vector<std::vector<size_t>> planRound(std::span<const int64_t> lengths, int64_t capacity, uint64_t seed,
                                           uint64_t round)
{
    const uint64_t seedOfRound = seed + 0x9E3779B97F4A7C15u * round;
    const std::vector<std::vector<size_t>> packs = planPacks(lengths, capacity, seedOfRound);
    std::vector<std::vector<size_t>> ordered;
    for (size_t i = 0; i < packs.size(); ++i)
        ordered.push_back(packs[Permutation(packs.size(), seedOfRound).at(i)]);
    return ordered;
}

PackedSample pack(std::span<const TokenizedSample> samples)
{
    PackedSample packed;
    packed.documentBegins.push_back(0);
    for (const TokenizedSample& sample : samples) {
        const int64_t begin = std::ssize(packed.ids);
        packed.ids.insert(packed.ids.end(), sample.ids.begin(), sample.ids.end());
        packed.inLoss.insert(packed.inLoss.end(), sample.inLoss.begin(), sample.inLoss.end());
        packed.positions.resize(packed.ids.size());
        std::iota(packed.positions.begin() + begin, packed.positions.end(), int64_t{0});
        if (!sample.inLoss.empty())
            packed.inLoss[static_cast<size_t>(begin)] = 0;
        for (TokenizedSample::Picture picture : sample.pictures) {
            picture.begin += begin;
            picture.end += begin;
            packed.pictures.push_back(std::move(picture));
        }
        packed.documentBegins.push_back(std::ssize(packed.ids));
    }
    return packed;
}

}  // namespace facet::core
