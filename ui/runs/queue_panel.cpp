#include "ui/runs/queue_panel.h"

#include "ui/models/room_question.h"
#include "ui/runs/run_words.h"
#include "ui/runs/sweep_dialog.h"
#include "ui/theme/icons.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QAction>
#include <QKeyEvent>
#include <QListView>
#include <QMenu>
#include <QMessageBox>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kMostRows = 5;

QString iconOf(const QueueList::Row& row)
{
    switch (row.report.state) {
        case jobs::EntryState::Waiting:
            return QStringLiteral("queue");
        case jobs::EntryState::Skipped:
            return QStringLiteral("warn");
        default:
            return row.report.run ? words::iconOf(row.report.run->condition) : QStringLiteral("error");
    }
}

Role roleOf(const QueueList::Row& row)
{
    switch (row.report.state) {
        case jobs::EntryState::Waiting:
            return Role::Text2;
        case jobs::EntryState::Skipped:
            return Role::Warning;
        default:
            return row.report.run ? words::roleOf(row.report.run->condition) : Role::Danger;
    }
}

class QueueDelegate final : public QStyledItemDelegate {
public:
    QueueDelegate(const QueueList& list, QObject* parent) : QStyledItemDelegate(parent), m_list(list) {}

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override
    {
        const int lines = QFontMetrics(Theme::font(TextStyle::BodyStrong)).height() +
                          QFontMetrics(Theme::font(TextStyle::Small)).height();
        return {100, std::max(height::kListRow, lines + 16)};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const QueueList::Row& row = m_list.row(index.row());
        const shapes::Painted painted(painter);
        const QRect place = option.rect.adjusted(0, 0, -1, -2);
        const bool isSelected = option.state & QStyle::State_Selected;
        if (isSelected || (option.state & QStyle::State_MouseOver))
            shapes::drawPanel(painter, place, Theme::color(isSelected ? Role::Selected : Role::Hover),
                              Qt::transparent, radius::kCard, 0);
        if ((option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange))
            shapes::drawPanel(painter, QRectF(place).adjusted(1, 1, -1, -1), Qt::transparent,
                              Theme::color(Role::Focus), radius::kCard, 2);
        const Role role = roleOf(row);
        const QRect inside = place.adjusted(space::kM, space::kS, -space::kM, -space::kS);
        shapes::drawIcon(painter, iconOf(row), role, QPointF(inside.left() + 9, inside.center().y()), 18);
        const QRect text = inside.adjusted(28, 0, 0, 0);
        const auto draw = [&](TextStyle style, Role color, Qt::Alignment alignment, const QString& words) {
            const QFont font = Theme::font(style);
            painter->setFont(font);
            painter->setPen(Theme::color(color));
            painter->drawText(text, alignment,
                              QFontMetrics(font).elidedText(words, Qt::ElideRight, text.width()));
        };
        const bool isBad = role == Role::Danger || role == Role::Warning;
        draw(TextStyle::BodyStrong, Role::Text, Qt::AlignLeft | Qt::AlignTop,
             QString::fromStdString(row.entry.name));
        draw(TextStyle::Small, isBad ? role : Role::Text3, Qt::AlignLeft | Qt::AlignBottom,
             words::secondLine(row));
    }

private:
    const QueueList& m_list;
};

}  // namespace

QueuePanel::QueuePanel(RunList& runs, QueueList& list, LoadedModels* loaded, QWidget* parent)
    : QWidget(parent),
      m_runs(runs),
      m_list(list),
      m_loaded(loaded),
      m_banner(new Banner(Banner::Tone::Bad)),
      m_view(new QListView)
{
    setObjectName(QStringLiteral("queuePanel"));
    setAccessibleName(tr("Queue"));
    setProperty("pane", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 1, 1, space::kS);
    column->setSpacing(0);
    column->addWidget(makeBar());
    m_banner->setObjectName(QStringLiteral("queueBanner"));
    m_banner->setTitle(tr("The queue was not changed"));
    QPushButton* close = makeButton(QStringLiteral("queueBannerClose"), tr("Close"));
    setCompact(close);
    connect(close, &QPushButton::clicked, m_banner, &QWidget::hide);
    m_banner->addAction(close);
    m_banner->hide();
    auto* bannerRow = new QHBoxLayout;
    bannerRow->setContentsMargins(space::kM, 0, space::kM, 0);
    bannerRow->addWidget(m_banner);
    column->addLayout(bannerRow);
    m_view->setObjectName(QStringLiteral("queueList"));
    m_view->setAccessibleName(tr("Queue"));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setModel(&m_list);
    m_view->setItemDelegate(new QueueDelegate(m_list, m_view));
    m_view->setUniformItemSizes(true);
    m_view->setMouseTracking(true);
    m_view->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_view->setContextMenuPolicy(Qt::CustomContextMenu);
    m_view->setProperty("focusRing", false);
    m_view->installEventFilter(this);
    auto* listRow = new QHBoxLayout;
    listRow->setContentsMargins(space::kXs, 0, space::kXs, 0);
    listRow->addWidget(m_view);
    column->addLayout(listRow);
    addActions();
    connect(m_view, &QWidget::customContextMenuRequested, this,
            [this](const QPoint& at) { m_more->menu()->popup(m_view->viewport()->mapToGlobal(at)); });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, &QueuePanel::showState);
    connect(&m_list, &QueueList::changed, this, &QueuePanel::showState);
    connect(&m_list, &QueueList::failed, this, [this](const QString& sentence) {
        m_banner->setDetail(sentence);
        m_banner->show();
    });
    showState();
}

QWidget* QueuePanel::makeBar()
{
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(space::kL, space::kXs, space::kS, space::kXs);
    row->setSpacing(space::kS);
    m_line = new Label(TextStyle::Small, Role::Text3);
    m_line->setObjectName(QStringLiteral("queueLine"));
    m_line->setElided(Qt::ElideRight);
    m_start =
        makeButton(QStringLiteral("queueStart"), tr("Start"), ButtonKind::Outlined, QStringLiteral("play"));
    m_start->setAccessibleName(tr("Start the queue"));
    m_start->setToolTip(tr("Nobody works the queue: start what waits"));
    setCompact(m_start);
    connect(m_start, &QPushButton::clicked, this, &QueuePanel::startWorker);
    m_more =
        makeIconButton(QStringLiteral("queueMore"), QStringLiteral("more"), tr("What to do with the queue"));
    m_more->setPopupMode(QToolButton::InstantPopup);
    m_more->setMenu(new QMenu(m_more));
    row->addWidget(new Label(tr("Queue"), TextStyle::Section));
    row->addWidget(m_line, 1);
    row->addWidget(m_start);
    row->addWidget(m_more);
    return bar;
}

void QueuePanel::addActions()
{
    const auto add = [this](const char* name, const QString& icon, const QString& words, const QString& all,
                            const QKeySequence& keys, auto slot) {
        // One for the palette, which says of what; the menu says that by where it is.
        auto* action = new QAction(all, this);
        action->setObjectName(QString::fromLatin1(name));
        action->setIconText(words);
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, slot);
        addAction(action);
        auto* item = m_more->menu()->addAction(Icons::get(icon), words);
        item->setShortcut(keys);
        item->setShortcutContext(Qt::WidgetShortcut);  // shown, not heard a second time
        connect(item, &QAction::triggered, action, &QAction::trigger);
        connect(action, &QAction::changed, item, [action, item] {
            item->setEnabled(action->isEnabled());
            item->setText(action->iconText());
        });
        return action;
    };
    m_ofRow << add("actionQueueStartNow", QStringLiteral("play"), tr("Start now"),
                   tr("Queue: start the chosen run now"), QKeySequence(Qt::CTRL | Qt::Key_Return),
                   [this] { startNow(); });
    m_ofRow << add("actionQueueUp", QStringLiteral("updown"), tr("Move up"),
                   tr("Queue: move the chosen run up"), QKeySequence(Qt::ALT | Qt::Key_Up),
                   [this] { move(-1); });
    m_ofRow << add("actionQueueDown", QStringLiteral("down"), tr("Move down"),
                   tr("Queue: move the chosen run down"), QKeySequence(Qt::ALT | Qt::Key_Down),
                   [this] { move(1); });
    m_after = add("actionQueueAfter", QStringLiteral("clock"), tr("Run after the one above"),
                  tr("Queue: run the chosen one after the one above"), {}, [this] { changeAfter(); });
    // Del is the Runs page's key for the chosen run; in the list of the queue it is heard by the filter.
    m_ofRow << add("actionQueueRemove", QStringLiteral("close"), tr("Take out of the queue"),
                   tr("Queue: take the chosen run out"), {}, [this] { remove(); });
    m_more->menu()->addSeparator();
    m_clear = add("actionQueueClear", QStringLiteral("check"), tr("Take out all that has ended"),
                  tr("Queue: take out all that has ended"), {}, [this] { m_list.clearEnded(); });
    m_results = add("actionSweepResults", QStringLiteral("table"), tr("Results of sweeps…"),
                    tr("Queue: results of sweeps…"), {}, [this] { showResults(); });
}

const QueueList::Row* QueuePanel::current() const
{
    const QModelIndex index = m_view->currentIndex();
    return index.isValid() && index.row() < m_list.rowCount() ? &m_list.row(index.row()) : nullptr;
}

bool QueuePanel::isEmpty() const
{
    return m_list.rowCount() == 0 && m_list.sweeps().isEmpty() && m_list.problem().isEmpty();
}

void QueuePanel::move(int step)
{
    if (const QueueList::Row* row = current())
        m_list.move(row->entry.id, step);
}

void QueuePanel::changeAfter()
{
    const QueueList::Row* row = current();
    if (!row)
        return;
    const int above = m_view->currentIndex().row() - 1;
    if (!row->entry.after.empty())
        m_list.setAfter(row->entry.id, {});
    else if (above >= 0)
        m_list.setAfter(row->entry.id, {m_list.row(above).entry.id});
}

void QueuePanel::remove()
{
    const QueueList::Row* row = current();
    if (!row)
        return;
    if (row->report.state == jobs::EntryState::UnderWay) {
        m_banner->setDetail(
            tr("%1 is running: save and stop it first.").arg(QString::fromStdString(row->entry.name)));
        m_banner->show();
        return;
    }
    m_list.remove(row->entry.id);
}

void QueuePanel::startNow()
{
    const QueueList::Row* row = current();
    if (!row || row->report.state != jobs::EntryState::Waiting)
        return;
    const auto start = [this, id = row->entry.id, device = row->entry.devices.front()] {
        whenThereIsRoom(m_loaded, {{device}, tr("start")}, this, [this, id] { m_list.startNow(id); });
    };
    if (row->takenBy.empty()) {
        start();
        return;
    }
    auto* question = new QMessageBox(
        QMessageBox::Warning,
        tr("Start %1 beside %2?")
            .arg(QString::fromStdString(row->entry.name), QString::fromStdString(row->takenBy)),
        tr("Both would share %1: its memory has to hold the two of them, and both become slower.")
            .arg(words::devices({row->entry.devices.front()})),
        QMessageBox::Cancel, this);
    question->setObjectName(QStringLiteral("queueStartQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton* yes = question->addButton(tr("Start beside it"), QMessageBox::AcceptRole);
    yes->setObjectName(QStringLiteral("queueStartYes"));
    connect(yes, &QPushButton::clicked, this, start);
    question->open();
}

void QueuePanel::startWorker()
{
    std::vector<std::string> devices;
    for (int row = 0; row < m_list.rowCount() && devices.empty(); ++row)
        if (m_list.row(row).report.state == jobs::EntryState::Waiting)
            devices = m_list.row(row).entry.devices;
    whenThereIsRoom(m_loaded, {devices, tr("start")}, this, [this] { m_list.startWorker(); });
}

void QueuePanel::takeFocus()
{
    if (m_view->isVisible())
        m_view->setFocus(Qt::OtherFocusReason);
}

void QueuePanel::showResults()
{
    const QueueList::Row* row = current();
    const QString sweep = row ? QString::fromStdString(row->entry.sweep) : QString();
    auto* dialog = new SweepDialog(m_runs, m_list.home(), m_list.sweeps(),
                                   sweep.isEmpty() ? m_list.sweeps().value(0) : sweep, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
}

void QueuePanel::showState()
{
    const int numWaiting = m_list.numWaiting();
    const bool isBroken = !m_list.problem().isEmpty();
    m_line->setRole(isBroken ? Role::Danger : Role::Text3);
    m_line->setText(isBroken                 ? m_list.problem()
                    : m_list.rowCount() == 0 ? tr("empty")
                    : numWaiting == 0        ? QString()
                                             : tr("%1 waiting").arg(numWaiting));
    m_start->setVisible(m_list.needsWorker());
    const QueueList::Row* row = current();
    for (QAction* action : m_ofRow)
        action->setEnabled(row != nullptr);
    m_ofRow.front()->setEnabled(row && row->report.state == jobs::EntryState::Waiting);
    const int above = m_view->currentIndex().row() - 1;
    const bool waits = row && !row->entry.after.empty();
    m_after->setEnabled(row && row->report.state == jobs::EntryState::Waiting && (waits || above >= 0));
    m_after->setIconText(waits ? tr("Do not wait for others")
                         : above >= 0
                             ? tr("Run after %1").arg(QString::fromStdString(m_list.row(above).entry.name))
                             : tr("Run after the one above"));
    m_results->setEnabled(!m_list.sweeps().isEmpty());
    m_clear->setEnabled(m_list.rowCount() > 0);
    const int rows = std::min(m_list.rowCount(), kMostRows);
    m_view->setVisible(rows > 0);
    if (rows > 0) {
        m_view->setFixedHeight(rows * m_view->sizeHintForRow(0));
        if (!m_view->currentIndex().isValid())
            m_view->setCurrentIndex(m_list.index(0));
    }
    setVisible(!isEmpty());
    Q_EMIT changed();
}

bool QueuePanel::eventFilter(QObject* object, QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride || event->type() == QEvent::KeyPress) {
        auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Delete && key->modifiers() == Qt::NoModifier) {
            key->accept();
            if (event->type() == QEvent::KeyPress)
                remove();
            return true;
        }
    }
    return QWidget::eventFilter(object, event);
}

void QueuePanel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(width() - 1, 0, 1, height(), Theme::color(Role::Border));
    painter.fillRect(0, 0, width(), 1, Theme::color(Role::Border));
}

}  // namespace facet::ui
