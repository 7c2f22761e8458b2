#pragma once

#include "ui/clusters/slurm_jobs.h"

#include <QWidget>

class QPushButton;
class QTableView;

namespace facet::ui {

class Label;

/// The jobs of this machine's SLURM as a table, which folds to one line.
///
/// Names: "clusterJobs", "clusterJobsFold", "clusterCancelJob".
class SlurmJobsView final : public QWidget {
    Q_OBJECT

public:
    /// `jobs` must outlive this object.
    explicit SlurmJobsView(SlurmJobs& jobs, QWidget* parent = nullptr);

    void setFolded(bool isFolded);

private:
    void showState();

    SlurmJobs& m_jobs;
    Label* m_line;
    QPushButton* m_fold;
    QPushButton* m_cancel;
    QTableView* m_table;
    bool m_isFolded = false;
};

}  // namespace facet::ui
