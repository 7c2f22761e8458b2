#include "ui/runs/checkpoints_view.h"

#include "ui/background.h"
#include "ui/models/words.h"
#include "ui/runs/evaluation_dialog.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QAction>
#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QMenu>
#include <QProcess>
#include <QTableView>
#include <QUrl>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

/// The two files that peft reads, and its README where there is one; nothing of the trainer's.
QString copyPeftFiles(const std::filesystem::path& from, const std::filesystem::path& to)
{
    std::error_code failure;
    std::filesystem::create_directories(to, failure);
    for (const char* name : {"adapter_model.safetensors", "adapter_config.json"}) {
        if (failure)
            break;
        std::filesystem::copy_file(from / name, to / name, failure);
    }
    return failure ? CheckpointsView::tr("%1 cannot be written: %2.")
                         .arg(QString::fromStdString(to.string()), QString::fromStdString(failure.message()))
                   : QString();
}

}  // namespace

CheckpointsView::CheckpointsView(QString engine, QWidget* parent)
    : QWidget(parent), m_engine(std::move(engine)), m_view(new QTableView)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_view->setObjectName(QStringLiteral("runCheckpoints"));
    m_view->setAccessibleName(tr("Checkpoints"));
    m_view->setModel(&m_table);
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setShowGrid(false);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(height::kTableRow);
    m_view->horizontalHeader()->setObjectName(QStringLiteral("runCheckpointsHeader"));
    m_view->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_view->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_view->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_view->setTabKeyNavigation(false);
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(space::kM, space::kS, space::kM, space::kS);
    m_chat = makeButton(QStringLiteral("checkpointChat"), tr("Chat with this"), ButtonKind::Outlined,
                        QStringLiteral("chat"));
    m_more = makeIconButton(QStringLiteral("checkpointMore"), QStringLiteral("more"),
                            tr("More for this checkpoint"));
    auto* menu = new QMenu(m_more);
    menu->addAction(tr("Evaluate…"), this, &CheckpointsView::evaluate)
        ->setObjectName(QStringLiteral("checkpointEvaluate"));
    m_merge = menu->addAction(QString(), this, &CheckpointsView::merge);
    m_merge->setObjectName(QStringLiteral("checkpointMerge"));
    m_gguf = menu->addAction(tr("Export as GGUF…"), this, &CheckpointsView::exportGguf);
    m_gguf->setObjectName(QStringLiteral("checkpointGguf"));
    m_copy = menu->addAction(tr("Copy as a PEFT folder…"), this, &CheckpointsView::copyAdapter);
    m_copy->setObjectName(QStringLiteral("checkpointCopy"));
    menu->addAction(tr("Open its folder"), this, [this] {
        if (const CheckpointTable::Checkpoint* checkpoint = chosen())
            QDesktopServices::openUrl(
                QUrl::fromLocalFile(QString::fromStdString(checkpoint->folder.string())));
    });
    m_more->setMenu(menu);
    m_more->setPopupMode(QToolButton::InstantPopup);
    bar->addWidget(m_chat);
    bar->addWidget(m_more);
    bar->addStretch();
    column->addWidget(m_view, 1);
    column->addLayout(bar);
    connect(m_chat, &QPushButton::clicked, this, &CheckpointsView::chat);
    connect(m_view, &QTableView::activated, this, &CheckpointsView::chat);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this] {
        m_hasChosen = m_hasChosen || !m_isFollowing;
        showState();
    });
    connect(&m_table, &CheckpointTable::factsChanged, this, &CheckpointsView::followNewest);
    connect(&m_table, &QAbstractItemModel::modelReset, this, &CheckpointsView::followNewest);
    connect(&m_table, &QAbstractItemModel::rowsInserted, this, &CheckpointsView::followNewest);
    showState();
}

void CheckpointsView::setRun(Run run)
{
    m_run = std::move(run);
    m_hasChosen = false;
    followNewest();
}

/// To the newest one, unless somebody has chosen another that is still there.
void CheckpointsView::followNewest()
{
    const CheckpointTable::Checkpoint* current = m_table.at(m_view->currentIndex().row());
    int newest = 0;
    while (newest < m_table.rowCount() && !m_table.at(newest)->isThere())
        ++newest;
    if (newest < m_table.rowCount() && !(m_hasChosen && current && current->isThere())) {
        m_isFollowing = true;
        m_view->setCurrentIndex(m_table.index(newest, 0));
        m_isFollowing = false;
    }
    showState();
}

/// The newest one until somebody chooses.
const CheckpointTable::Checkpoint* CheckpointsView::chosen() const
{
    const QModelIndex current = m_view->currentIndex();
    return m_table.at(current.isValid() ? current.row() : 0);
}

QString CheckpointsView::nameOf(const CheckpointTable::Checkpoint& checkpoint) const
{
    return tr("%1, step %2").arg(m_run.name, words::integer(checkpoint.step));
}

void CheckpointsView::showState()
{
    const CheckpointTable::Checkpoint* checkpoint = chosen();
    const bool isThere = checkpoint && checkpoint->isThere();
    m_chat->setEnabled(isThere);
    m_chat->setToolTip(isThere      ? nameOf(*checkpoint)
                       : checkpoint ? tr("This checkpoint was removed since")
                                    : tr("Nothing is saved yet"));
    m_more->setEnabled(isThere);
    const bool isAdapter = checkpoint && checkpoint->isAdapter;
    m_merge->setText(isAdapter ? tr("Merge into a model…") : tr("Export as a Hugging Face folder…"));
    m_copy->setVisible(isAdapter);
    m_gguf->setVisible(m_canGguf);
}

void CheckpointsView::chat()
{
    const CheckpointTable::Checkpoint* checkpoint = chosen();
    if (!checkpoint || !checkpoint->isThere())
        return;
    const QString folder = QString::fromStdString(checkpoint->folder.string());
    if (checkpoint->isAdapter)
        Q_EMIT chatWanted(m_run.baseModel, folder, nameOf(*checkpoint));
    else
        Q_EMIT chatWanted(folder, {}, nameOf(*checkpoint));
}

void CheckpointsView::open(TaskPlan plan)
{
    auto* dialog = new TaskDialog(m_engine, std::move(plan), this);
    connect(dialog, &TaskDialog::chatWanted, this,
            [this](const QString& folder) { Q_EMIT chatWanted(folder, {}, QDir(folder).dirName()); });
    dialog->open();
}

void CheckpointsView::merge()
{
    const CheckpointTable::Checkpoint* checkpoint = chosen();
    if (!checkpoint || !checkpoint->isThere())
        return;
    const QString folder = QString::fromStdString(checkpoint->folder.string());
    const QString suggested =
        QDir::home().filePath(QStringLiteral("%1-step-%2").arg(m_run.name).arg(checkpoint->step));
    if (checkpoint->isAdapter)
        open({tr("Merge %1").arg(nameOf(*checkpoint)),
              tr("Writes %1 with the adapter in its weights as a Hugging Face folder, which needs no adapter "
                 "any more.")
                  .arg(m_run.baseModel),
              {QStringLiteral("merge"), QStringLiteral("-m"), m_run.baseModel, QStringLiteral("-a"), folder},
              suggested,
              modelTypes()});
    else
        open({tr("Export %1").arg(nameOf(*checkpoint)),
              tr("Writes the model as a Hugging Face folder, without the trainer's state."),
              {QStringLiteral("export"), QStringLiteral("-m"), folder},
              suggested,
              modelTypes()});
}

void CheckpointsView::exportGguf()
{
    const CheckpointTable::Checkpoint* checkpoint = chosen();
    if (!checkpoint || !checkpoint->isThere())
        return;
    const QString folder = QString::fromStdString(checkpoint->folder.string());
    QStringList arguments = {QStringLiteral("export"), QStringLiteral("--format"), QStringLiteral("gguf"),
                             QStringLiteral("-m"), checkpoint->isAdapter ? m_run.baseModel : folder};
    if (checkpoint->isAdapter)
        arguments << QStringLiteral("-a") << folder;
    const QString name = QStringLiteral("%1-step-%2.gguf").arg(m_run.name).arg(checkpoint->step);
    open({tr("Export %1 as GGUF").arg(nameOf(*checkpoint)),
          tr("Writes one file for llama.cpp and its like, and a second one for the vision part if there is "
             "one."),
          arguments,
          QDir::home().filePath(name),
          {{tr("bfloat16"), QStringLiteral("bf16")},
           {tr("float16"), QStringLiteral("f16")},
           {tr("8 bits (q8_0)"), QStringLiteral("q8_0")},
           {tr("float32"), QStringLiteral("f32")}},
          QStringLiteral("gguf"),
          /*writesModel=*/false});
}

void CheckpointsView::evaluate()
{
    const CheckpointTable::Checkpoint* checkpoint = chosen();
    if (!checkpoint || !checkpoint->isThere()) {
        Q_EMIT said(QStringLiteral("info"), tr("There is nothing to evaluate"),
                    checkpoint ? tr("The checkpoint of step %1 was removed since: choose another one.")
                                     .arg(words::integer(checkpoint->step))
                               : tr("%1 has no checkpoint yet.").arg(m_run.name));
        return;
    }
    auto* dialog = new EvaluationDialog(
        m_engine, {m_run.folder, nameOf(*checkpoint), checkpoint->step, m_run.ownRows}, this);
    connect(dialog, &EvaluationDialog::evaluated, this, &CheckpointsView::evaluated);
    dialog->open();
}

/// What this engine can write, which its help tells; a way that it does not have is not shown.
void CheckpointsView::askEngine()
{
    auto* help = new QProcess(this);
    connect(help, &QProcess::finished, this, [this, help] {
        help->deleteLater();
        m_canGguf = help->readAllStandardOutput().contains("gguf");
        showState();
    });
    help->start(m_engine, {QStringLiteral("export"), QStringLiteral("--help")});
}

void CheckpointsView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (!std::exchange(m_hasAsked, true))
        askEngine();
}

void CheckpointsView::copyAdapter()
{
    const CheckpointTable::Checkpoint* checkpoint = chosen();
    if (!checkpoint || !checkpoint->isThere() || !checkpoint->isAdapter)
        return;
    auto* dialog = new QFileDialog(this, tr("Copy the adapter into which folder?"));
    dialog->setObjectName(QStringLiteral("copyAdapterDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, from = checkpoint->folder, name = nameOf(*checkpoint),
             to = QStringLiteral("%1-step-%2").arg(m_run.name).arg(checkpoint->step)](const QString& place) {
                const QString target = QDir(place).filePath(to);
                runInBackground(
                    this, [from, target] { return copyPeftFiles(from, target.toStdString()); },
                    [this, name, target](const QString& problem) {
                        if (problem.isEmpty())
                            Q_EMIT said(QStringLiteral("done"), tr("%1 was copied").arg(name), target);
                        else
                            Q_EMIT said(QStringLiteral("error"), tr("%1 was not copied").arg(name), problem);
                    });
            });
    dialog->open();
}

}  // namespace facet::ui
