#include "ui/runs/runs_page.h"

#include "ui/models/words.h"
#include "ui/runs/queue_panel.h"
#include "ui/runs/run_detail.h"
#include "ui/runs/run_list_pane.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/empty_state.h"

#include <QAction>
#include <QHBoxLayout>
#include <QListView>
#include <QStackedLayout>

namespace facet::ui {

namespace {

constexpr int kNarrow = 1200 - width::kRail;

}  // namespace

RunsPage::RunsPage(Parts parts, QWidget* parent)
    : QWidget(parent),
      m_runs(parts.runs),
      m_stack(new QStackedLayout(this)),
      m_pane(new RunListPane(parts.runs)),
      m_queue(new QueuePanel(parts.runs, parts.queue, parts.loaded)),
      m_detail(new RunDetail(parts.runs, parts.engine, parts.loaded))
{
    auto* both = new QWidget(this);
    auto* row = new QHBoxLayout(both);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    auto* left = new QVBoxLayout;
    left->setSpacing(0);
    left->addWidget(m_pane, 1);
    left->addWidget(m_queue);
    row->addLayout(left);
    row->addWidget(m_detail, 1);
    auto* empty = new EmptyState(
        QStringLiteral("runs"), tr("No runs yet"),
        tr("Runs in %1 show up here, whoever started them.").arg(words::folder(parts.queue.home() / "runs")));
    QPushButton* first = makeButton(QStringLiteral("runsFirst"), tr("Set up a fine-tune"),
                                    ButtonKind::Primary, QStringLiteral("finetune"));
    empty->addAction(first);
    connect(first, &QPushButton::clicked, this, &RunsPage::newWanted);
    connect(m_pane, &RunListPane::newWanted, this, &RunsPage::newWanted);
    m_stack->addWidget(empty);
    m_stack->addWidget(both);
    setFocusProxy(m_pane->list());
    const auto show = [this] {
        m_stack->setCurrentIndex(m_runs.rowCount() > 0 || !m_queue->isEmpty() ? 1 : 0);
    };
    connect(m_queue, &QueuePanel::changed, this, show);
    connect(&m_runs, &RunList::looked, this, show);
    connect(m_pane, &RunListPane::chosenChanged, this, [this] { m_detail->show(m_pane->chosen()); });
    connect(m_detail, &RunDetail::chatWanted, this, &RunsPage::chatWanted);
    connect(m_detail, &RunDetail::duplicateWanted, this, &RunsPage::duplicateWanted);
    show();
    addActions();
    m_runs.look();
}

void RunsPage::addActions()
{
    const auto add = [this](const char* name, const QString& text, auto slot, const QKeySequence& keys = {}) {
        auto* action = new QAction(text, this);
        action->setObjectName(QString::fromLatin1(name));
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, m_detail, slot);
        addAction(action);
    };
    auto* compare = new QAction(tr("Runs: compare several runs"), this);
    compare->setObjectName(QStringLiteral("actionRunsCompare"));
    connect(compare, &QAction::triggered, m_pane, [this] { m_pane->setComparing(!m_pane->isComparing()); });
    addAction(compare);
    add("actionRunSave", tr("Runs: save the chosen run now"), &RunDetail::saveNow);
    add("actionRunPause", tr("Runs: save and stop the chosen run"), &RunDetail::pause);
    add("actionRunResume", tr("Runs: resume the chosen run"), &RunDetail::resume);
    add("actionRunResumeChanged", tr("Runs: resume the chosen run with changes…"),
        &RunDetail::resumeWithChanges);
    add("actionRunDuplicate", tr("Runs: duplicate the chosen run in Fine-tune"), &RunDetail::duplicate);
    add("actionRunChat", tr("Runs: chat with the chosen checkpoint"), &RunDetail::chat);
    add("actionRunMerge", tr("Runs: merge or export the chosen checkpoint…"), &RunDetail::merge);
    add("actionRunEvaluate", tr("Runs: evaluate the chosen checkpoint…"), &RunDetail::evaluate);
    add("actionRunStop", tr("Runs: stop the chosen run now…"), &RunDetail::stopNow);
    add("actionRunTrash", tr("Runs: move the chosen run to the trash…"), &RunDetail::moveToTrash,
        QKeySequence(Qt::Key_Delete));
    add("actionRunFolder", tr("Runs: open the chosen run's folder"), &RunDetail::openFolder);
}

void RunsPage::showQueue()
{
    m_queue->takeFocus();
}

void RunsPage::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    for (QWidget* pane : {static_cast<QWidget*>(m_pane), static_cast<QWidget*>(m_queue)})
        pane->setFixedWidth(width() < kNarrow ? width::kRunsNarrow : width::kRuns);
}

}  // namespace facet::ui
