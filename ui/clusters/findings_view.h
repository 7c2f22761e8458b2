#pragma once

#include "ui/clusters/cluster_draft.h"

#include <QWidget>

class QVBoxLayout;

namespace facet::ui {

/// What the cluster would refuse of a draft's script, or what one should look at: a line each, with the
/// button that mends it.
///
/// Names: "clusterFix0", "clusterFix1" ...
class FindingsView final : public QWidget {
    Q_OBJECT

public:
    /// `draft` must outlive this object.
    explicit FindingsView(ClusterDraft& draft, QWidget* parent = nullptr);

private:
    void show();

    ClusterDraft& m_draft;
    QVBoxLayout* m_rows;
};

}  // namespace facet::ui
