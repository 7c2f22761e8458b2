#include "engine/gemma3/kv_cache.h"

#include <algorithm>

namespace facet::engine::gemma3 {

void LayerCache::append(const at::Tensor& k_TKH, const at::Tensor& v_TKH)
{
    const int64_t T = k_TKH.size(0);
    makeRoomFor(T, k_TKH);
    m_k_KSH.narrow(1, m_size, T).copy_(k_TKH.transpose(0, 1));
    m_v_KSH.narrow(1, m_size, T).copy_(v_TKH.transpose(0, 1));
    m_size += T;
}

void LayerCache::makeRoomFor(int64_t numTokens, const at::Tensor& like_TKH)
{
    const int64_t room = m_k_KSH.defined() ? m_k_KSH.size(1) : 0;
    if (m_size + numTokens <= room)
        return;

    // Twice what is needed, so that a local layer moves its window once in about a window's length of tokens,
    // and a global one grows seldom.
    const int64_t kept = m_window == 0 ? m_size : std::min(m_size, m_window - 1);
    const int64_t needed = 2 * (kept + numTokens);
    const auto moved = [&](const at::Tensor& old_KSH) {
        const at::Tensor fresh_KSH =
            at::empty({like_TKH.size(1), needed, like_TKH.size(2)}, like_TKH.options());
        if (kept > 0)
            fresh_KSH.narrow(1, 0, kept).copy_(old_KSH.narrow(1, m_size - kept, kept));
        return fresh_KSH;
    };
    m_k_KSH = moved(m_k_KSH);
    m_v_KSH = moved(m_v_KSH);
    m_begin += m_size - kept;
    m_size = kept;
}

KvCache::KvCache(const core::gemma3::TextConfig& config)
{
    for (const core::gemma3::LayerKind kind : config.layers)
        m_layers.emplace_back(kind == core::gemma3::LayerKind::Local ? config.slidingWindow : 0);
}

}  // namespace facet::engine::gemma3
