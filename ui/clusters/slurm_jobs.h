#pragma once

#include "jobs/slurm/cluster_facts.h"
#include "ui/clusters/slurm_programs.h"

#include <QAbstractTableModel>
#include <QTimer>

#include <optional>

namespace facet::ui {

/// The user's jobs in the SLURM of this machine, as squeue tells them; how they ended as sacct does where
/// SLURM keeps accounts, also of jobs that squeue has forgotten, else as "scontrol show job" does while it
/// knows them.
class SlurmJobs final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Id, Name, State, Reason, Place, Time, NumColumns };

    explicit SlurmJobs(SlurmPrograms& programs, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    const jobs::SlurmJob& job(int row) const { return m_jobs[static_cast<size_t>(row)]; }

    /// Why the list could not be read; "" if it was.
    QString problem() const { return m_problem; }

    /// Asks now and then every few seconds, until it is told to stop.
    void setWatching(bool isWatching);

public Q_SLOTS:
    void refresh();

    /// Hands a script to sbatch, in `folder`, which is made; submitted() or failed() follows.
    void submit(const QString& script, const QString& folder);
    void cancel(const QString& id);

Q_SIGNALS:
    void changed();
    void submitted(const QString& id);
    void failed(const QString& sentence);

private:
    void askForAccounts();
    void askForEnds();
    void take(std::vector<jobs::SlurmJob> live);

    SlurmPrograms& m_programs;
    std::vector<jobs::SlurmJob> m_jobs;
    std::vector<jobs::SlurmJob> m_live;
    std::vector<jobs::SlurmJob> m_ends;
    std::optional<bool> m_hasAccounts;  ///< not known before the first answer
    QString m_problem;
    QTimer m_timer;
    bool m_isAsking = false;
    bool m_isFirstLook = true;
};

}  // namespace facet::ui
