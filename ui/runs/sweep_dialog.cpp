#include "ui/runs/sweep_dialog.h"

#include "core/base/file.h"
#include "ui/runs/run_list.h"
#include "ui/runs/run_words.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QComboBox>
#include <QFileDialog>
#include <QHeaderView>
#include <QTableView>
#include <QVBoxLayout>

namespace facet::ui {

SweepDialog::SweepDialog(RunList& runs, std::filesystem::path home, const QStringList& sweeps,
                         const QString& chosen, QWidget* parent)
    : QDialog(parent),
      m_table(std::move(home)),
      m_names(new QComboBox),
      m_view(new QTableView),
      m_line(new Label(TextStyle::Small, Role::Text3))
{
    setObjectName(QStringLiteral("sweepDialog"));
    setWindowTitle(tr("Results of a sweep"));
    resize(880, 420);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kL, space::kL, space::kL, space::kL);
    column->setSpacing(space::kM);
    auto* bar = new QHBoxLayout;
    m_names->setObjectName(QStringLiteral("sweepName"));
    m_names->setAccessibleName(tr("Sweep"));
    m_names->addItems(sweeps);
    m_names->setMinimumContentsLength(20);
    m_line->setObjectName(QStringLiteral("sweepLine"));
    m_line->setElided(Qt::ElideRight);
    QPushButton* save = makeButton(QStringLiteral("sweepCsv"), tr("Save as CSV…"), ButtonKind::Outlined,
                                   QStringLiteral("export"));
    connect(save, &QPushButton::clicked, this, &SweepDialog::exportCsv);
    bar->addWidget(m_names);
    bar->addWidget(m_line, 1);
    bar->addWidget(save);
    column->addLayout(bar);
    m_view->setObjectName(QStringLiteral("sweepTable"));
    m_view->setAccessibleName(tr("Runs of the sweep"));
    m_view->setModel(&m_table);
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setShowGrid(false);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_view->setTabKeyNavigation(false);
    m_view->verticalHeader()->hide();
    m_view->horizontalHeader()->setObjectName(QStringLiteral("sweepTableHeader"));
    m_view->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_view->horizontalHeader()->setSectionsClickable(false);
    m_view->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_view->horizontalHeader()->setStretchLastSection(true);
    column->addWidget(m_view, 1);
    connect(m_names, &QComboBox::currentTextChanged, &m_table, &SweepTable::setSweep);
    connect(&m_table, &SweepTable::changed, this, &SweepDialog::showState);
    connect(&runs, &RunList::looked, &m_table, &SweepTable::look);
    m_names->setCurrentText(chosen);
    m_table.setSweep(m_names->currentText());
    m_view->setFocus();
}

void SweepDialog::showState()
{
    const int best = m_table.bestRow();
    m_line->setRole(m_table.problem().isEmpty() ? Role::Text3 : Role::Danger);
    if (!m_table.problem().isEmpty())
        m_line->setText(m_table.problem());
    else if (best >= 0)
        m_line->setText(tr("%1 runs; the best so far is %2")
                            .arg(m_table.rowCount())
                            .arg(QString::fromStdString(m_table.result(best).name)));
    else
        m_line->setText(tr("%1 runs").arg(m_table.rowCount()));
}

void SweepDialog::exportCsv()
{
    auto* dialog = new QFileDialog(this, tr("Save the table"));
    dialog->setObjectName(QStringLiteral("sweepCsvDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setFileMode(QFileDialog::AnyFile);
    dialog->setDefaultSuffix(QStringLiteral("csv"));
    dialog->setNameFilter(tr("Tables (*.csv)"));
    dialog->selectFile(m_table.sweep() + QStringLiteral(".csv"));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        const core::Result<void> written = core::writeFileAtomically(path.toStdString(), m_table.csv());
        m_line->setRole(written ? Role::Text3 : Role::Danger);
        m_line->setText(written ? tr("Saved as %1").arg(path)
                                : QString::fromStdString(written.error().message));
    });
    dialog->open();
}

}  // namespace facet::ui
