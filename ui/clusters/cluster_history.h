#pragma once

// Changes of cluster profiles, to go back to.

#include "jobs/cluster_profile.h"

#include <optional>
#include <string>
#include <vector>

namespace facet::ui {

/// A profile before and after a change; none before it was added, none after it was removed.
struct ProfileChange {
    std::optional<jobs::ClusterProfile> before;
    std::optional<jobs::ClusterProfile> after;
    std::string key;  ///< of the field that was edited; "" for all else
};

class ClusterHistory {
public:
    /// Edits of one field in a row are one change.
    void add(ProfileChange change);

    bool canUndo() const { return m_numDone > 0; }
    bool canRedo() const { return m_numDone < m_changes.size(); }

    /// The change to be made now. Preconditions: canUndo(), canRedo().
    ProfileChange undo();
    ProfileChange redo();

private:
    std::vector<ProfileChange> m_changes;
    size_t m_numDone = 0;
    bool m_isOpen = false;  // the last change may still grow
};

}  // namespace facet::ui
