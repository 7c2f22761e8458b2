#include "ui/finetune/job_cluster.h"

#include "ui/finetune/job_form.h"
#include "ui/finetune/sweep_draft.h"

namespace facet::ui {

namespace {

constexpr int kKeepAfterMs = 300;

}  // namespace

JobCluster::JobCluster(JobForm& form, SweepDraft& sweeps, const std::filesystem::path& home,
                       const std::filesystem::path& recipes, QObject* parent)
    : QObject(parent),
      m_form(form),
      m_sweeps(sweeps),
      m_profiles(home / "clusters"),
      m_draft(recipes),
      m_slurm(m_programs)
{
    m_keeping.setSingleShot(true);
    m_keeping.setInterval(kKeepAfterMs);
    connect(&m_keeping, &QTimer::timeout, this, &JobCluster::keep);
    connect(&m_draft, &ClusterDraft::edited, &m_keeping, qOverload<>(&QTimer::start));
    connect(&m_draft, &ClusterDraft::changed, this, &JobCluster::changed);
    connect(&m_form, &JobForm::changed, this, &JobCluster::follow);
    connect(&m_sweeps, &SweepDraft::changed, this, &JobCluster::follow);
    follow();
}

JobCluster::~JobCluster()
{
    if (m_keeping.isActive())
        keep();
}

bool JobCluster::isChosen() const
{
    return !m_form.profile().empty();
}

bool JobCluster::canSubmit() const
{
    return isChosen() && m_problem.isEmpty() && m_draft.profile().host.empty() && m_programs.areHere();
}

void JobCluster::refresh()
{
    if (m_keeping.isActive())
        keep();
    m_profiles.refresh();
    follow();
    Q_EMIT changed();
}

void JobCluster::follow()
{
    if (!isChosen()) {
        m_problem.clear();
        return;
    }
    const QString name = QString::fromStdString(m_form.profile());
    const int row = m_profiles.indexOf(name);
    m_problem = row < 0 ? tr("There is no profile %1 any more: choose another").arg(name) : QString();
    if (row < 0) {
        m_draft.clearJob();
        return;
    }
    if (!m_keeping.isActive() && m_draft.profile() != m_profiles.profile(row))
        m_draft.setProfile(m_profiles.profile(row));
    m_form.setClusterGpus(m_draft.profile().gpusPerNode);
    // What is no value yet is said at its field.
    if (!m_form.document().typed.empty() || m_sweeps.numRuns() == 0 ||
        !m_draft.setJob(m_form.document().said, m_sweeps.sweeps()))
        m_draft.clearJob();
}

void JobCluster::keep()
{
    m_keeping.stop();
    if (const auto written = m_profiles.write(m_draft.profile()); !written)
        m_problem = QString::fromStdString(written.error().message);
    m_form.setClusterGpus(m_draft.profile().gpusPerNode);
    Q_EMIT changed();
}

}  // namespace facet::ui
