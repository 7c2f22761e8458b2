#include "engine/generate/pictures.h"

namespace facet::engine {

at::Tensor PictureFeatures::find(const std::string& key)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_byKey.find(key);
    if (found == m_byKey.end())
        return {};
    m_entries.splice(m_entries.begin(), m_entries, found->second);
    return found->second->feature_TD;
}

void PictureFeatures::add(const std::string& key, const at::Tensor& feature_TD)
{
    const std::lock_guard lock(m_mutex);
    if (m_byKey.contains(key))
        return;
    m_entries.push_front({key, feature_TD});
    m_byKey[key] = m_entries.begin();
    m_bytes += static_cast<int64_t>(feature_TD.nbytes());
    while (m_bytes > m_limitBytes) {
        m_bytes -= static_cast<int64_t>(m_entries.back().feature_TD.nbytes());
        m_byKey.erase(m_entries.back().key);
        m_entries.pop_back();
    }
}

void PictureFeatures::clear()
{
    const std::lock_guard lock(m_mutex);
    m_entries.clear();
    m_byKey.clear();
    m_bytes = 0;
}

}  // namespace facet::engine
