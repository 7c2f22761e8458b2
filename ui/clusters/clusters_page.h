#pragma once

#include "ui/clusters/cluster_draft.h"
#include "ui/clusters/cluster_history.h"
#include "ui/clusters/cluster_list.h"
#include "ui/clusters/slurm_jobs.h"

#include <QTimer>
#include <QWidget>

class QListView;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace facet::ui {

class Banner;
class Chip;
class PageHeader;
class Segments;
class SlurmJobsView;

/// Profiles of clusters, and beside the form of one the batch script that it makes of a job; below, the jobs
/// of this machine's SLURM.
class ClustersPage final : public QWidget {
    Q_OBJECT

public:
    /// `home` is the library's folder, `recipes` what comes with Facet, `engine` the program facet-engine.
    ClustersPage(const std::filesystem::path& home, std::filesystem::path recipes,
                 std::filesystem::path engine, QWidget* parent = nullptr);

public Q_SLOTS:
    /// A job file whose script is shown.
    void openJob(const QString& path);
    void select(const QString& name);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeList();
    QWidget* makeScript();
    void addActions();
    void addProfile();
    void removeProfile();
    void renameProfile(const QString& from, const QString& to);
    void take(const jobs::ClusterProfile& profile);
    bool change(const ProfileChange& change);
    void goTo(const ProfileChange& change);
    void undo();
    void redo();
    void fillFromSlurm();
    jobs::ClusterProfile filled(jobs::ClusterProfile profile) const;
    void chooseJob();
    void askAndSubmit();
    void showState();
    void layOut();
    void showProblem(const QString& title, const QString& detail);
    void keep();

    std::filesystem::path m_home;
    std::filesystem::path m_engine;
    ClusterList m_profiles;
    ClusterDraft m_draft;
    SlurmPrograms m_programs;
    SlurmJobs m_jobs;
    QTimer m_keeping;
    ClusterHistory m_history;
    jobs::ClusterProfile m_shown;  ///< the draft's, before what is edited now

    PageHeader* m_header = nullptr;
    Chip* m_verdict = nullptr;
    QPushButton* m_fill = nullptr;
    QPushButton* m_job = nullptr;
    QPushButton* m_submit = nullptr;
    QPushButton* m_copy = nullptr;
    QPushButton* m_save = nullptr;
    QToolButton* m_undo = nullptr;
    QToolButton* m_redo = nullptr;
    Banner* m_banner = nullptr;
    QListView* m_list = nullptr;
    QStackedWidget* m_stack = nullptr;
    SlurmJobsView* m_jobsView = nullptr;
    Segments* m_tabs = nullptr;
    QWidget* m_tabsRow = nullptr;
    QWidget* m_form = nullptr;
    QWidget* m_script = nullptr;
};

}  // namespace facet::ui
