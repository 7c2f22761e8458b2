#include "engine/generate/prefix_cache.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace facet::engine {
namespace {

/// A quarter of a picture's key as a negative number; neighbouring tokens take different quarters.
int64_t keyOf(const std::string& picture, int64_t token)
{
    uint64_t bits = 0;
    std::memcpy(&bits, picture.data() + 8 * (token % 4), sizeof bits);
    return -1 - static_cast<int64_t>(bits >> 1);
}

/// For pictures that nobody knows: never the same twice.
std::string newKey()
{
    static std::atomic<uint64_t> s_next{1};
    const uint64_t number = s_next++;
    std::string key(32, '\0');
    std::memcpy(key.data(), &number, sizeof number);
    for (size_t i = 8; i < key.size(); ++i)
        key[i] = key[i - 8];
    return key;
}

size_t commonLength(const std::vector<int64_t>& a, const std::vector<int64_t>& b)
{
    return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// A picture's tokens see each other, so they are computed together: the cut moves in front of them.
size_t outsidePicture(size_t length, const std::vector<int64_t>& keys)
{
    if (length < keys.size() && keys[length] < 0)
        while (length > 0 && keys[length - 1] < 0)
            --length;
    return length;
}

}  // namespace

std::vector<int64_t> prefixKeys(const std::vector<int64_t>& ids, int64_t imageTokenId, int64_t tokensPerImage,
                                const std::vector<Picture>& pictures)
{
    std::vector<int64_t> keys = ids;
    int64_t numSeen = 0;
    std::string picture;
    for (int64_t& key : keys) {
        if (key != imageTokenId)
            continue;
        if (numSeen % tokensPerImage == 0) {
            const auto index = static_cast<size_t>(numSeen / tokensPerImage);
            const bool isKnown = index < pictures.size() && pictures[index].key.size() == 32;
            picture = isKnown ? pictures[index].key : newKey();
        }
        key = keyOf(picture, numSeen % tokensPerImage);
        ++numSeen;
    }
    return keys;
}

std::optional<PrefixCache::Hit> PrefixCache::find(const std::vector<int64_t>& keys,
                                                  const std::string& adapters)
{
    const std::lock_guard lock(m_mutex);
    auto best = m_snapshots.end();
    size_t bestLength = 0;
    for (auto snapshot = m_snapshots.begin(); snapshot != m_snapshots.end(); ++snapshot) {
        if (snapshot->adapters != adapters)
            continue;
        const size_t common = commonLength(snapshot->keys, keys);
        const bool isAll = common == keys.size() && common == snapshot->keys.size();
        size_t length = common;
        if (common == keys.size() && !(isAll && snapshot->hidden_1D.defined()))
            --length;
        length = outsidePicture(length, keys);
        if (length > bestLength && snapshot->cache.canRewindTo(static_cast<int64_t>(length))) {
            best = snapshot;
            bestLength = length;
        }
    }
    if (best == m_snapshots.end())
        return std::nullopt;
    m_snapshots.splice(m_snapshots.begin(), m_snapshots, best);
    Hit hit = {best->cache, {}};
    hit.cache.rewindTo(static_cast<int64_t>(bestLength));
    if (bestLength == keys.size())
        hit.hidden_1D = best->hidden_1D;
    return hit;
}

void PrefixCache::add(const std::vector<int64_t>& keys, const gemma3::KvCache& cache,
                      const at::Tensor& hidden_1D, const std::string& adapters)
{
    const std::lock_guard lock(m_mutex);
    std::vector<int64_t> held(keys.begin(), keys.begin() + cache.numTokens());
    std::erase_if(m_snapshots, [&](const Snapshot& snapshot) {
        return snapshot.keys == held && snapshot.adapters == adapters;
    });
    m_snapshots.push_front({std::move(held), cache, hidden_1D, adapters});
    m_snapshots.front().cache.compact();
    while ((m_bytes = countBytes()) > m_limitBytes)
        m_snapshots.pop_back();
}

void PrefixCache::clear()
{
    const std::lock_guard lock(m_mutex);
    m_snapshots.clear();
    m_bytes = 0;
}

size_t PrefixCache::size() const
{
    const std::lock_guard lock(m_mutex);
    return m_snapshots.size();
}

int64_t PrefixCache::bytes() const
{
    const std::lock_guard lock(m_mutex);
    return m_bytes;
}

int64_t PrefixCache::countBytes() const
{
    std::set<const void*> seen;
    int64_t bytes = 0;
    for (const Snapshot& snapshot : m_snapshots) {
        bytes += snapshot.cache.countBytes(seen);
        bytes += static_cast<int64_t>(snapshot.keys.size() * sizeof(int64_t));
    }
    return bytes;
}

}  // namespace facet::engine
