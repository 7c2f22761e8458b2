#include "ui/window/main_window.h"

#include "ui/runs/runs_page.h"
#include "ui/theme/icons.h"
#include "ui/theme/style_shapes.h"
#include "ui/window/command_palette.h"
#include "ui/window/engine_banner.h"
#include "ui/window/engine_log.h"
#include "ui/window/status_line.h"

#include <QAction>
#include <QApplication>
#include <QCloseEvent>
#include <QHBoxLayout>
#include <QToolButton>

#include <algorithm>

namespace facet::ui {

namespace {

/// A ground of one colour with a hairline at one side.
class Strip final : public QWidget {
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), Theme::color(Role::Sunken));
        painter.fillRect(width() - 1, 0, 1, height(), Theme::color(Role::Border));
        // The bar of the selected page stands at the strip's edge, outside its button.
        for (const QToolButton* button : findChildren<QToolButton*>())
            if (button->isChecked()) {
                const shapes::Painted painted(&painter);
                const QRect place = button->geometry();
                shapes::drawPanel(&painter, QRectF(-2, place.top() + 12, 5, place.height() - 24),
                                  Theme::color(Role::Accent), Qt::transparent, 2, 0);
            }
    }
};

class Mark final : public QWidget {
public:
    explicit Mark(QWidget* parent = nullptr) : QWidget(parent) { setFixedHeight(40); }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        shapes::drawIcon(&painter, QStringLiteral("facet"), Role::Accent, QRectF(rect()).center(), 26);
    }
};

QString objectNameOf(const QString& prefix, const QString& id)
{
    return prefix + id.left(1).toUpper() + id.mid(1);
}

}  // namespace

MainWindow::MainWindow(Parts parts, QWidget* parent)
    : QMainWindow(parent),
      m_parts(parts),
      m_railGroup(new QButtonGroup(this)),
      m_stack(new QStackedWidget),
      m_banner(new EngineBanner(parts.client)),
      m_status(new StatusLine(parts.client, parts.loaded, parts.queue, parts.runs))
{
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("Facet"));
    setMinimumSize(960, 640);

    auto* middle = new QVBoxLayout;
    middle->setContentsMargins(0, 0, 0, 0);
    middle->setSpacing(0);
    middle->addWidget(m_banner);
    middle->addWidget(m_stack, 1);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(makeRail());
    row->addLayout(middle, 1);
    auto* whole = new QWidget;
    auto* column = new QVBoxLayout(whole);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(row, 1);
    column->addWidget(m_status);
    setCentralWidget(whole);

    addActions();
    connect(m_banner, &EngineBanner::logWanted, this, [this] { EngineLog::show(this, m_parts.client); });
    connect(m_status, &StatusLine::pageWanted, this, &MainWindow::showPage);
    connect(m_status, &StatusLine::commandsWanted, this, &MainWindow::showCommands);
    connect(m_status, &StatusLine::queueWanted, this, &MainWindow::showQueue);
    connect(&m_parts.downloads, &Downloads::changed, this, &MainWindow::showBadges);
    connect(&m_parts.runs, &RunList::looked, this, &MainWindow::showBadges);
    restore();
}

MainWindow::~MainWindow() = default;

QWidget* MainWindow::makeRail()
{
    auto* strip = new Strip;
    strip->setObjectName(QStringLiteral("rail"));
    strip->setAccessibleName(tr("Pages"));
    strip->setProperty("pane", true);
    strip->setFixedWidth(width::kRail);
    m_rail = new QVBoxLayout(strip);
    m_rail->setContentsMargins(4, 8, 4, 8);
    m_rail->setSpacing(space::kXs);
    m_rail->addWidget(new Mark);
    m_rail->addSpacing(space::kXs);
    m_rail->addStretch(1);
    m_railGroup->setExclusive(true);
    return strip;
}

void MainWindow::addPage(Page page)
{
    auto* button = new QToolButton;
    button->setObjectName(objectNameOf(QStringLiteral("rail"), page.id));
    button->setText(page.title);
    button->setAccessibleName(page.title);
    button->setIcon(Icons::get(page.icon));
    button->setCheckable(true);
    button->setProperty("rail", true);
    button->setToolTip(page.title + QStringLiteral("  ") + page.keys.toString(QKeySequence::NativeText));
    button->setFocusPolicy(Qt::StrongFocus);
    connect(button, &QToolButton::clicked, this, [this, id = page.id] { showPage(id); });
    connect(button, &QToolButton::toggled, this, [button] { button->parentWidget()->update(); });
    m_railGroup->addButton(button);
    if (page.isAtBottom)
        ++m_numBottom;
    m_rail->insertWidget(page.isAtBottom ? m_rail->count() : m_rail->count() - 1 - m_numBottom, button);

    QAction* action = addNamedAction(objectNameOf(QStringLiteral("goTo"), page.id),
                                     tr("Go to %1").arg(page.title), {page.keys});
    connect(action, &QAction::triggered, this, [this, id = page.id] { showPage(id); });
    m_pages.push_back({std::move(page), button, nullptr});
}

QStringList MainWindow::pageIds() const
{
    QStringList ids;
    for (const Slot& slot : m_pages)
        ids << slot.page.id;
    return ids;
}

QWidget* MainWindow::page(const QString& id)
{
    const auto slot = std::ranges::find_if(m_pages, [&](const Slot& item) { return item.page.id == id; });
    if (slot == m_pages.end())
        return nullptr;
    if (!slot->widget) {
        slot->widget = slot->page.make();
        slot->widget->setObjectName(objectNameOf(QStringLiteral("page"), id));
        if (slot->widget->accessibleName().isEmpty())
            slot->widget->setAccessibleName(slot->page.title);
        // As a proxy it would have Tab pass over all that stands before it on the page.
        slot->first = slot->widget->focusProxy();
        slot->widget->setFocusProxy(nullptr);
        m_stack->addWidget(slot->widget);
    }
    return slot->widget;
}

QString MainWindow::currentPage() const
{
    for (const Slot& slot : m_pages)
        if (slot.widget && slot.widget == m_stack->currentWidget())
            return slot.page.id;
    return {};
}

void MainWindow::showPage(const QString& id)
{
    QWidget* widget = page(id);
    if (!widget)
        return;
    m_stack->setCurrentWidget(widget);
    QWidget* first = nullptr;
    for (const Slot& slot : m_pages) {
        slot.button->setChecked(slot.widget == widget);
        if (slot.widget == widget)
            first = slot.first;
    }
    m_parts.settings.setPage(id);
    // To the page's own choice, else its first field.
    if (!first)
        first = widget->nextInFocusChain();
    if (!widget->isAncestorOf(QApplication::focusWidget()) && first && widget->isAncestorOf(first))
        first->setFocus(Qt::OtherFocusReason);
}

void MainWindow::makeAllPages()
{
    for (const Slot& slot : std::vector<Slot>(m_pages))
        page(slot.page.id);
}

QAction* MainWindow::addNamedAction(const QString& name, const QString& text, const QList<QKeySequence>& keys)
{
    auto* action = new QAction(text, this);
    action->setObjectName(name);
    action->setShortcuts(keys);
    addAction(action);
    return action;
}

void MainWindow::addActions()
{
    QAction* commands = addNamedAction(QStringLiteral("showCommands"), tr("All commands"),
                                       {QKeySequence(Qt::CTRL | Qt::Key_K)});
    connect(commands, &QAction::triggered, this, &MainWindow::showCommands);
    QAction* nextPane =
        addNamedAction(QStringLiteral("nextPane"), tr("Next pane"), {QKeySequence(Qt::Key_F6)});
    connect(nextPane, &QAction::triggered, this, [this] { focusPane(1); });
    QAction* lastPane = addNamedAction(QStringLiteral("previousPane"), tr("Previous pane"),
                                       {QKeySequence(Qt::SHIFT | Qt::Key_F6)});
    connect(lastPane, &QAction::triggered, this, [this] { focusPane(-1); });
    QAction* restart = addNamedAction(QStringLiteral("restartEngine"), tr("Restart the engine"), {});
    connect(restart, &QAction::triggered, this, [this] {
        if (EngineProcess* process = m_parts.client.process()) {
            process->stop();
            process->retry();
        } else {
            m_parts.client.retry();
        }
        m_parts.client.connectToEngine();
    });
    QAction* log = addNamedAction(QStringLiteral("showEngineLog"), tr("Show the engine's log"), {});
    connect(log, &QAction::triggered, this, [this] { EngineLog::show(this, m_parts.client); });
    QAction* scheme = addNamedAction(QStringLiteral("switchScheme"), tr("Switch between light and dark"), {});
    connect(scheme, &QAction::triggered, this, [this] {
        m_parts.settings.setAppearance(Theme::isDark() ? StudioSettings::Appearance::Light
                                                       : StudioSettings::Appearance::Dark);
    });
    QAction* quit =
        addNamedAction(QStringLiteral("quit"), tr("Quit Facet"), {QKeySequence(QKeySequence::Quit)});
    connect(quit, &QAction::triggered, this, &QWidget::close);
}

void MainWindow::showCommands()
{
    makeAllPages();
    auto* palette = new CommandPalette(this);
    palette->setAttribute(Qt::WA_DeleteOnClose);
    palette->open();
}

void MainWindow::focusPane(int step)
{
    QList<QWidget*> panes;
    for (QWidget* widget : findChildren<QWidget*>())
        if (widget->property("pane").toBool() && widget->isVisible())
            panes << widget;
    std::ranges::sort(panes, {}, [this](const QWidget* pane) {
        const QPoint place = pane->mapTo(this, QPoint());
        return std::pair(place.x(), place.y());
    });
    if (panes.isEmpty())
        return;
    const QWidget* now = QApplication::focusWidget();
    const auto current =
        std::ranges::find_if(panes, [&](const QWidget* pane) { return now && pane->isAncestorOf(now); });
    const auto size = panes.size();
    const auto from = current == panes.end() ? (step > 0 ? -1 : 0) : current - panes.begin();
    for (qsizetype i = 1; i <= size; ++i) {
        QWidget* pane = panes[((from + step * i) % size + size) % size];
        for (QWidget* widget = pane->nextInFocusChain(); widget != pane; widget = widget->nextInFocusChain())
            if (pane->isAncestorOf(widget) && widget->isVisible() && widget->isEnabled() &&
                widget->focusPolicy() & Qt::TabFocus) {
                widget->setFocus(Qt::TabFocusReason);
                return;
            }
    }
}

void MainWindow::showBadges()
{
    const int numDownloads = m_parts.downloads.numActive(), numRuns = m_parts.runs.numUnderWay();
    showBadge(QStringLiteral("models"), numDownloads, tr("%n downloads under way", nullptr, numDownloads));
    showBadge(QStringLiteral("runs"), numRuns,
              numRuns == 1 ? tr("1 run under way") : tr("%1 runs under way").arg(numRuns));
}

void MainWindow::showBadge(const QString& page, int count, const QString& words)
{
    for (const Slot& slot : m_pages)
        if (slot.page.id == page && slot.button->property("badge").toInt() != count) {
            slot.button->setProperty("badge", count);
            slot.button->setAccessibleDescription(count ? words : QString());
            slot.button->update();
        }
}

void MainWindow::showQueue()
{
    showPage(QStringLiteral("runs"));
    if (auto* runs = qobject_cast<RunsPage*>(page(QStringLiteral("runs"))))
        runs->showQueue();
}

void MainWindow::restore()
{
    if (!restoreGeometry(m_parts.settings.windowGeometry()))
        resize(1440, 900);
}

void MainWindow::bringForward()
{
    setWindowState(windowState() & ~Qt::WindowMinimized);
    show();
    raise();
    activateWindow();
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    m_parts.settings.setWindowGeometry(saveGeometry());
    QMainWindow::closeEvent(event);
}

}  // namespace facet::ui
