#pragma once

// The cluster that a form's job is for: its profile, the script that this makes of the job, and what would be
// refused.

#include "ui/clusters/cluster_draft.h"
#include "ui/clusters/cluster_list.h"
#include "ui/clusters/slurm_jobs.h"

#include <QTimer>

namespace facet::ui {

class JobForm;
class SweepDraft;

class JobCluster final : public QObject {
    Q_OBJECT

public:
    /// `form` and `sweeps` must outlive this object.
    JobCluster(JobForm& form, SweepDraft& sweeps, const std::filesystem::path& home,
               const std::filesystem::path& recipes, QObject* parent = nullptr);

    /// Writes what a fix has changed in the profile.
    ~JobCluster() override;

    ClusterList& profiles() { return m_profiles; }
    ClusterDraft& draft() { return m_draft; }
    SlurmJobs& slurm() { return m_slurm; }

    bool isChosen() const;

    /// Why there is no script where a profile is chosen: it is gone. "" else
    QString problem() const { return m_problem; }

    /// Whether SLURM is on this machine and the profile is of it.
    bool canSubmit() const;

    /// Profiles may have changed on the disk.
    void refresh();

Q_SIGNALS:
    void changed();

private:
    void follow();
    void keep();

    JobForm& m_form;
    SweepDraft& m_sweeps;
    ClusterList m_profiles;
    ClusterDraft m_draft;
    SlurmPrograms m_programs;
    SlurmJobs m_slurm;
    QTimer m_keeping;
    QString m_problem;
};

}  // namespace facet::ui
