#pragma once

// Snapshots of what the model has read and written, so that the next turn of a conversation, an edited or a
// repeated one computes only what is new.
//
// A snapshot is a copy of the sequence's cache: global layers share their memory with the sequence, which
// goes on behind it; local layers are cut to their window.

#include "engine/gemma3/kv_cache.h"
#include "engine/generate/pictures.h"

#include <list>
#include <mutex>
#include <optional>
#include <vector>

namespace facet::engine {

/// What a position of a prompt is, for comparing: the id, and for a token of a picture a negative number that
/// is made from the picture's key.
std::vector<int64_t> prefixKeys(const std::vector<int64_t>& ids, int64_t imageTokenId, int64_t tokensPerImage,
                                const std::vector<Picture>& pictures);

/// Thread  find() and add() belong to the thread that computes with the caches; the others may come from any.
class PrefixCache {
public:
    explicit PrefixCache(int64_t limitBytes) : m_limitBytes(limitBytes) {}

    struct Hit {
        gemma3::KvCache cache;
        at::Tensor hidden_1D;  ///< of the prompt's last token, if the whole prompt is known; else undefined
    };

    /// The longest beginning of `keys` that a snapshot holds. Without a known hidden state of the last token
    /// at least that one is left to compute.
    /// `adapters` is the key of the set that computes: what another one computed does not count.
    std::optional<Hit> find(const std::vector<int64_t>& keys, const std::string& adapters = "");

    /// Keeps what `cache` holds, which is the beginning of `keys`. `hidden_1D` is the final hidden state of
    /// its last token, or undefined.
    void add(const std::vector<int64_t>& keys, const gemma3::KvCache& cache, const at::Tensor& hidden_1D,
             const std::string& adapters = "");

    void clear();
    size_t size() const;
    int64_t bytes() const;
    int64_t limitBytes() const { return m_limitBytes; }

private:
    struct Snapshot {
        std::vector<int64_t> keys;
        gemma3::KvCache cache;
        at::Tensor hidden_1D;
        std::string adapters;
    };

    int64_t countBytes() const;

    mutable std::mutex m_mutex;
    const int64_t m_limitBytes;
    int64_t m_bytes = 0;
    std::list<Snapshot> m_snapshots;  // the last used in front
};

}  // namespace facet::engine
