#include "ui/clusters/cluster_history.h"

#include <utility>

namespace facet::ui {

void ClusterHistory::add(ProfileChange change)
{
    if (change.before == change.after)
        return;
    m_changes.resize(m_numDone);
    const bool isSame = m_isOpen && !m_changes.empty() && !change.key.empty() &&
                        m_changes.back().key == change.key && m_changes.back().after == change.before;
    if (isSame)
        m_changes.back().after = std::move(change.after);
    else
        m_changes.push_back(std::move(change));
    m_numDone = m_changes.size();
    m_isOpen = true;
}

ProfileChange ClusterHistory::undo()
{
    m_isOpen = false;
    ProfileChange change = m_changes[--m_numDone];
    std::swap(change.before, change.after);
    return change;
}

ProfileChange ClusterHistory::redo()
{
    m_isOpen = false;
    return m_changes[m_numDone++];
}

}  // namespace facet::ui
