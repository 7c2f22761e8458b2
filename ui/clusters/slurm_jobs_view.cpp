#include "ui/clusters/slurm_jobs_view.h"

#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QHeaderView>
#include <QTableView>
#include <QVBoxLayout>

namespace facet::ui {

SlurmJobsView::SlurmJobsView(SlurmJobs& jobs, QWidget* parent)
    : QWidget(parent),
      m_jobs(jobs),
      m_line(new Label(TextStyle::Small, Role::Text3)),
      m_fold(makeButton(QStringLiteral("clusterJobsFold"), tr("Hide"), ButtonKind::Link)),
      m_cancel(makeButton(QStringLiteral("clusterCancelJob"), tr("Cancel the job"), ButtonKind::Outlined,
                          QStringLiteral("close"))),
      m_table(new QTableView)
{
    setProperty("pane", true);
    setAccessibleName(tr("Jobs here"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kL, space::kS, space::kL, space::kS);
    auto* bar = new QHBoxLayout;
    bar->addWidget(new Label(tr("Jobs here"), TextStyle::Section));
    bar->addWidget(m_line, 1);
    setCompact(m_cancel);
    bar->addWidget(m_cancel);
    bar->addWidget(m_fold);
    column->addLayout(bar);
    m_table->setObjectName(QStringLiteral("clusterJobs"));
    m_table->setAccessibleName(tr("Jobs here"));
    m_table->setModel(&m_jobs);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setSectionsClickable(false);
    m_table->horizontalHeader()->setObjectName(QStringLiteral("clusterJobsHeader"));
    m_table->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_table->horizontalHeader()->setSectionResizeMode(SlurmJobs::Reason, QHeaderView::Stretch);
    m_table->setFixedHeight(130);
    column->addWidget(m_table);
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (m_table->currentIndex().isValid())
            m_jobs.cancel(QString::fromStdString(m_jobs.job(m_table->currentIndex().row()).id));
    });
    connect(m_fold, &QPushButton::clicked, this, [this] { setFolded(!m_isFolded); });
    connect(&m_jobs, &SlurmJobs::changed, this, &SlurmJobsView::showState);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentChanged, this, &SlurmJobsView::showState);
    showState();
}

void SlurmJobsView::setFolded(bool isFolded)
{
    m_isFolded = isFolded;
    showState();
}

void SlurmJobsView::showState()
{
    const bool isOpen = !m_isFolded && m_jobs.rowCount() > 0;
    m_table->setVisible(isOpen);
    m_fold->setVisible(m_jobs.rowCount() > 0);
    const QModelIndex current = m_table->currentIndex();
    m_cancel->setVisible(isOpen);
    m_cancel->setEnabled(current.isValid() && !m_jobs.job(current.row()).isOver());
    int numLive = 0;
    for (int row = 0; row < m_jobs.rowCount(); ++row)
        numLive += m_jobs.job(row).isOver() ? 0 : 1;
    m_line->setText(!m_jobs.problem().isEmpty() ? m_jobs.problem()
                    : m_jobs.rowCount() == 0
                        ? tr("none")
                        : tr("%1 of %2 wait or run").arg(numLive).arg(m_jobs.rowCount()));
    m_fold->setText(isOpen ? tr("Hide") : tr("Show"));
    m_fold->setAccessibleName(isOpen ? tr("Hide the jobs here") : tr("Show the jobs here"));
}

}  // namespace facet::ui
