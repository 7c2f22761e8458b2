#pragma once

// Keys and values of one sequence. A global layer keeps all of them, a local one what its window can still
// see.
//
// A copy is another sequence with the same past. It shares memory until one of the two grows: the first to do
// so goes on in place, behind what both have, the other moves to memory of its own.

#include "core/gemma3/config.h"

#include <ATen/ATen.h>

#include <memory>
#include <set>
#include <vector>

namespace facet::engine::gemma3 {

class LayerCache {
public:
    /// `window` is 0 for a global layer.
    explicit LayerCache(int64_t window) : m_window(window) {}

    /// Adds the keys and values of the next T tokens. Of the older ones a local layer keeps the window - 1
    /// that the first of them may look at, or more.
    ///
    /// Shapes  k_TKH, v_TKH [T, K, H].
    /// Cost    copies T tokens; now and then what is kept as well, when the buffer is full.
    void append(const at::Tensor& k_TKH, const at::Tensor& v_TKH);

    /// Makes room for the next tokens and counts them as there: whoever calls this writes their keys and
    /// values. At least one token was appended before.
    void grow(int64_t numTokens);

    /// Position of the oldest token that is kept, and of the next one that will come.
    int64_t begin() const { return m_begin; }
    int64_t end() const { return m_begin + m_size; }

    /// Keys and values of the positions [first, end()): [K, S, H].
    at::Tensor k_KSH(int64_t first) const
    {
        return m_buffer->k_KSH.narrow(1, first - m_begin, end() - first);
    }
    at::Tensor v_KSH(int64_t first) const
    {
        return m_buffer->v_KSH.narrow(1, first - m_begin, end() - first);
    }

    /// All of the memory: [K, room, H], in which the position begin() is the first.
    const at::Tensor& keyBuffer() const { return m_buffer->k_KSH; }
    const at::Tensor& valueBuffer() const { return m_buffer->v_KSH; }

    /// Whether what the token at position `end` may look at is still there.
    bool canRewindTo(int64_t end) const;
    void rewindTo(int64_t end) { m_size = end - m_begin; }

    /// Moves a local layer to memory that holds its window and nothing else.
    void compact();

    /// Counts the memory that is not in `seen` yet, in bytes.
    int64_t countBytes(std::set<const void*>& seen) const;

private:
    struct Buffer {
        at::Tensor k_KSH;  // S: room for
        at::Tensor v_KSH;
        int64_t filled = 0;  // by whichever of the copies went farthest
    };

    void makeRoomFor(int64_t numTokens, const at::Tensor& like_KSH);
    void moveTo(int64_t kept, int64_t room, const at::Tensor& like_KSH);

    int64_t m_window;
    int64_t m_begin = 0;
    int64_t m_size = 0;
    std::shared_ptr<Buffer> m_buffer;
};

/// Thread  copies share memory, so all copies of one sequence belong to one thread.
class KvCache {
public:
    explicit KvCache(const core::gemma3::TextConfig& config);

    LayerCache& layer(int64_t index) { return m_layers[static_cast<size_t>(index)]; }

    /// Tokens seen so far.
    int64_t numTokens() const { return m_layers.front().end(); }

    /// Whether the sequence can be cut back to its first `numTokens` tokens. In local layers what has left
    /// the window is gone, so mostly only short sequences can.
    bool canRewindTo(int64_t numTokens) const;

    /// Forgets all tokens but the first. Also undoes a step that failed in the middle, which leaves some
    /// layers longer than others.
    void rewindTo(int64_t numTokens);

    /// Gives back what local layers have beyond their window.
    void compact();

    /// Memory that is not in `seen` yet, in bytes; adds it there, so that what copies share is counted once.
    int64_t countBytes(std::set<const void*>& seen) const;

private:
    std::vector<LayerCache> m_layers;
};

}  // namespace facet::engine::gemma3
