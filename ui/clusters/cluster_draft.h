#pragma once

#include "jobs/cluster_profile.h"
#include "jobs/slurm/lint.h"

#include <QHash>
#include <QObject>

#include <optional>

namespace facet::ui {

/// A profile while it is edited, with the script that it makes of a job.
class ClusterDraft final : public QObject {
    Q_OBJECT

public:
    explicit ClusterDraft(std::filesystem::path recipes, QObject* parent = nullptr);

    const jobs::ClusterProfile& profile() const { return m_profile; }
    void setProfile(const jobs::ClusterProfile& profile);

    /// A key of the profile's file as text: lists one a line, variables as NAME=VALUE lines, yes and no as
    /// "true" and "".
    QString text(const QString& key) const;

    /// What cannot be read is kept as it was typed and said in problem(); the profile keeps its last good
    /// value.
    void setText(const QString& key, const QString& text);

    /// Why a field is wrong, or what the cluster would refuse; "" if nothing.
    QString problem(const QString& key) const;
    QString doubt(const QString& key) const;
    int numProblems() const;
    int numDoubts() const;

    /// Errors  NotFound, Io, InvalidInput: the job before stays
    core::Result<void> openJob(const QString& path);

    /// The script is that of this job from now on, as it is written down, once or for each value of the
    /// sweeps. Errors  InvalidInput: there is no job then
    core::Result<void> setJob(const jobs::Settings& settings, const std::vector<jobs::Sweep>& sweeps);
    void clearJob();
    bool hasJob() const { return m_task.has_value(); }
    QString jobName() const;

    /// Where the run will be; where that is this machine, "~/" and "$NAME" are replaced by what they are
    /// here.
    QString runFolder() const;

    QString script() const { return m_script; }
    const std::vector<jobs::Finding>& findings() const { return m_findings; }
    int lineOf(const jobs::Finding& finding) const;

    /// Takes the value that ends a finding.
    void fix(const jobs::Finding& finding);

Q_SIGNALS:
    void changed();
    void edited(const QString& key);  ///< the profile, to a good value

private:
    void compute();

    std::filesystem::path m_recipes;
    jobs::ClusterProfile m_profile;
    QHash<QString, QString> m_wrongTexts;
    QHash<QString, QString> m_wrongWhy;
    std::optional<jobs::TrainingTask> m_task;
    QString m_script;
    std::vector<jobs::Finding> m_findings;
};

}  // namespace facet::ui
