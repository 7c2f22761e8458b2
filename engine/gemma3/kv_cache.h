#pragma once

// Keys and values of one sequence. A global layer keeps all of them, a local one what its window can still
// see.

#include "core/gemma3/config.h"

#include <ATen/ATen.h>

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

    /// Position of the oldest token that is kept, and of the next one that will come.
    int64_t begin() const { return m_begin; }
    int64_t end() const { return m_begin + m_size; }

    /// Keys and values of the positions [first, end()): [K, S, H].
    at::Tensor k_KSH(int64_t first) const { return m_k_KSH.narrow(1, first - m_begin, end() - first); }
    at::Tensor v_KSH(int64_t first) const { return m_v_KSH.narrow(1, first - m_begin, end() - first); }

private:
    void makeRoomFor(int64_t numTokens, const at::Tensor& like_TKH);

    int64_t m_window;
    int64_t m_begin = 0;
    int64_t m_size = 0;
    at::Tensor m_k_KSH;  // S: room for
    at::Tensor m_v_KSH;
};

class KvCache {
public:
    explicit KvCache(const core::gemma3::TextConfig& config);

    LayerCache& layer(int64_t index) { return m_layers[static_cast<size_t>(index)]; }

    /// Tokens seen so far.
    int64_t numTokens() const { return m_layers.front().end(); }

private:
    std::vector<LayerCache> m_layers;
};

}  // namespace facet::engine::gemma3
