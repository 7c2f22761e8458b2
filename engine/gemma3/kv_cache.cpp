#include "engine/gemma3/kv_cache.h"

#include <algorithm>

namespace facet::engine::gemma3 {

void LayerCache::append(const at::Tensor& k_TKH, const at::Tensor& v_TKH)
{
    const int64_t T = k_TKH.size(0);
    makeRoomFor(T, k_TKH.transpose(0, 1));
    m_buffer->k_KSH.narrow(1, m_size, T).copy_(k_TKH.transpose(0, 1));
    m_buffer->v_KSH.narrow(1, m_size, T).copy_(v_TKH.transpose(0, 1));
    m_size += T;
    m_buffer->filled = m_size;
}

void LayerCache::grow(int64_t numTokens)
{
    const at::Tensor like_KSH = m_buffer->k_KSH;
    makeRoomFor(numTokens, like_KSH);
    m_size += numTokens;
    m_buffer->filled = m_size;
}

void LayerCache::makeRoomFor(int64_t numTokens, const at::Tensor& like_KSH)
{
    const int64_t room = m_buffer ? m_buffer->k_KSH.size(1) : 0;
    // What lies behind our end belongs to a copy that went on before us.
    const bool isOurs = !m_buffer || m_buffer->filled == m_size || m_buffer.use_count() == 1;
    if (m_size + numTokens <= room && isOurs)
        return;

    // So much that a local layer moves its window once in about a window's length of tokens, and a global one
    // grows seldom.
    const int64_t kept = m_window == 0 ? m_size : std::min(m_size, m_window - 1);
    const int64_t needed = kept + numTokens;
    moveTo(kept, needed + (m_window == 0 ? needed : std::min(needed, m_window)), like_KSH);
}

void LayerCache::moveTo(int64_t kept, int64_t room, const at::Tensor& like_KSH)
{
    const auto moved = [&](const at::Tensor& old_KSH) {
        const at::Tensor fresh_KSH =
            at::empty({like_KSH.size(0), room, like_KSH.size(2)}, like_KSH.options());
        if (kept > 0)
            fresh_KSH.narrow(1, 0, kept).copy_(old_KSH.narrow(1, m_size - kept, kept));
        return fresh_KSH;
    };
    const at::Tensor none;
    m_buffer = std::make_shared<Buffer>(
        Buffer{moved(m_buffer ? m_buffer->k_KSH : none), moved(m_buffer ? m_buffer->v_KSH : none), kept});
    m_begin += m_size - kept;
    m_size = kept;
}

bool LayerCache::canRewindTo(int64_t end) const
{
    const int64_t oldest = m_window == 0 ? 0 : std::max<int64_t>(0, end - m_window + 1);
    return end <= this->end() && end >= m_begin && m_begin <= oldest;
}

void LayerCache::compact()
{
    if (m_window == 0 || !m_buffer)
        return;
    const int64_t kept = std::min(m_size, m_window - 1);
    if (kept > 0 && kept < m_buffer->k_KSH.size(1))
        moveTo(kept, kept, m_buffer->k_KSH);
}

int64_t LayerCache::countBytes(std::set<const void*>& seen) const
{
    if (!m_buffer || !seen.insert(m_buffer.get()).second)
        return 0;
    return static_cast<int64_t>(m_buffer->k_KSH.nbytes() + m_buffer->v_KSH.nbytes());
}

KvCache::KvCache(const core::gemma3::TextConfig& config)
{
    for (const core::gemma3::LayerKind kind : config.layers)
        m_layers.emplace_back(kind == core::gemma3::LayerKind::Local ? config.slidingWindow : 0);
}

bool KvCache::canRewindTo(int64_t numTokens) const
{
    return std::ranges::all_of(m_layers,
                               [&](const LayerCache& layer) { return layer.canRewindTo(numTokens); });
}

void KvCache::rewindTo(int64_t numTokens)
{
    for (LayerCache& layer : m_layers)
        layer.rewindTo(numTokens);
}

void KvCache::compact()
{
    for (LayerCache& layer : m_layers)
        layer.compact();
}

int64_t KvCache::countBytes(std::set<const void*>& seen) const
{
    int64_t bytes = 0;
    for (const LayerCache& layer : m_layers)
        bytes += layer.countBytes(seen);
    return bytes;
}

}  // namespace facet::engine::gemma3
