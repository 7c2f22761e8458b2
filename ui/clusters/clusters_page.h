#pragma once

#include "ui/clusters/cluster_draft.h"
#include "ui/clusters/cluster_list.h"
#include "ui/clusters/slurm_jobs.h"

#include <QTimer>
#include <QWidget>

class QListView;
class QPushButton;
class QStackedWidget;
class QTableView;
class QVBoxLayout;

namespace facet::ui {

class Banner;
class Chip;
class Label;
class PageHeader;

/// Profiles of clusters, and beside the form of one the batch script that it makes of a job; below, the jobs
/// of this machine's SLURM.
class ClustersPage final : public QWidget {
    Q_OBJECT

public:
    /// `home` is the library's folder, `recipes` what comes with Facet.
    ClustersPage(const std::filesystem::path& home, std::filesystem::path recipes, QWidget* parent = nullptr);

public Q_SLOTS:
    /// A job file whose script is shown.
    void openJob(const QString& path);
    void select(const QString& name);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeList();
    QWidget* makeScript();
    QWidget* makeJobs();
    void addActions();
    void addProfile();
    void removeProfile();
    void fillFromSlurm();
    void chooseJob();
    void saveScript();
    void submit();
    void cancelJob();
    void showState();
    void showProblem(const QString& title, const QString& detail);
    void keep();

    std::filesystem::path m_home;
    ClusterList m_profiles;
    ClusterDraft m_draft;
    SlurmPrograms m_programs;
    SlurmJobs m_jobs;
    QTimer m_keeping;

    PageHeader* m_header = nullptr;
    Chip* m_verdict = nullptr;
    QPushButton* m_fill = nullptr;
    QPushButton* m_job = nullptr;
    QPushButton* m_submit = nullptr;
    QPushButton* m_copy = nullptr;
    QPushButton* m_save = nullptr;
    QPushButton* m_cancel = nullptr;
    Banner* m_banner = nullptr;
    QListView* m_list = nullptr;
    QStackedWidget* m_stack = nullptr;
    QTableView* m_table = nullptr;
    Label* m_jobsLine = nullptr;
    QVBoxLayout* m_findings = nullptr;
};

}  // namespace facet::ui
