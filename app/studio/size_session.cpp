#include "app/studio/size_session.h"

#include "core/run/event_log.h"
#include "ui/finetune/data_section.h"
#include "ui/finetune/finetune_page.h"
#include "ui/runs/log_view.h"
#include "ui/runs/plot.h"

#include <QElapsedTimer>
#include <QEventLoop>
#include <QKeyEvent>
#include <QListView>
#include <QScrollBar>
#include <QSlider>
#include <QTabBar>
#include <QTableView>
#include <QTimer>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace facet::app {

namespace {

constexpr std::chrono::minutes kLongestWait(5);
constexpr std::chrono::milliseconds kLook(2);
constexpr int kRepeats = 10;
constexpr int kLogTab = 3;

/// Of all threads.
double cpuMs()
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

double since(const QElapsedTimer& timer)
{
    return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

/// Tells of the next time that a widget is painted, or what covers it.
class PaintWatch final : public QObject {
public:
    explicit PaintWatch(QWidget& widget)
    {
        widget.installEventFilter(this);
        for (QWidget* child : widget.findChildren<QWidget*>(Qt::FindDirectChildrenOnly)) {
            child->installEventFilter(this);
            child->update();
        }
        widget.update();
    }
    bool isPainted() const { return m_isPainted; }

protected:
    bool eventFilter(QObject* object, QEvent* event) override
    {
        m_isPainted = m_isPainted || event->type() == QEvent::Paint;
        return QObject::eventFilter(object, event);
    }

private:
    bool m_isPainted = false;
};

void pass(std::chrono::milliseconds time)
{
    QEventLoop loop;
    QTimer::singleShot(time, &loop, &QEventLoop::quit);
    loop.exec();
}

/// As the window system would: through the queue, so that it counts as an event.
void press(QWidget* target, int key)
{
    QCoreApplication::postEvent(target, new QKeyEvent(QEvent::KeyPress, key, Qt::NoModifier));
    QCoreApplication::postEvent(target, new QKeyEvent(QEvent::KeyRelease, key, Qt::NoModifier));
    pass(std::chrono::milliseconds(20));
}

}  // namespace

int SizeSession::run(const QString& part)
{
    m_studio.window().resize(1440, 900);
    bool isDone = false;
    if (part == QStringLiteral("run"))
        isDone = measureRun();
    else if (part == QStringLiteral("runs"))
        isDone = measureRuns();
    else if (part == QStringLiteral("log"))
        isDone = measureLog();
    else if (part.startsWith(QStringLiteral("data=")))
        isDone = measureData(part.mid(5));
    else
        std::fprintf(stderr, "facet: there is nothing to measure called \"%s\"\n", qPrintable(part));
    if (!isDone)
        return 1;
    std::printf("{%s}\n", qPrintable(m_line));
    std::fflush(stdout);
    return 0;
}

bool SizeSession::measureRun()
{
    const double cpuBefore = cpuMs();
    QElapsedTimer timer;
    timer.start();
    m_studio.window().showPage(QStringLiteral("runs"));
    auto* plot = find<ui::Plot>("lossPlot");
    auto* table = find<QTableView>("plotTable");
    const auto numPoints = [&] { return table->model()->rowCount(); };
    beginEvents();
    if (!waitFor([&] { return numPoints() > 0; }, "the run's points"))
        return false;
    waitForPaint(*plot);
    put("open_ms", since(timer));
    put("open_cpu_ms", cpuMs() - cpuBefore);
    put("points", numPoints());
    putLongest("open_longest");

    // Zooming by a little draws all that is seen anew.
    double drawn = 1e9;
    for (int i = 0; i < kRepeats; ++i) {
        const int before = plot->numDrawn();
        plot->fit();
        if (!waitFor([&] { return plot->numDrawn() > before; }, "the plot"))
            return false;
        drawn = std::min(drawn, plot->drawMilliseconds());
    }
    put("replot_ms", drawn);
    plot->setFollowing(true);

    beginEvents();
    auto* smoothing = find<QSlider>("plotSmoothing");
    smoothing->setFocus();
    for (int i = 0; i < kRepeats; ++i)
        press(smoothing, Qt::Key_Right);
    putLongest("smooth");

    auto log = core::EventLog::open(core::libraryPlace().folder / "runs/million/events.jsonl");
    double longest = 0;
    beginEvents();
    for (int i = 0; i < kRepeats; ++i) {
        const int before = numPoints();
        core::MetricEvent metric;
        metric.step = before + 1;
        metric.tokens = metric.step * 32768;
        metric.loss = 0.5;
        timer.restart();
        if (!log || !log->append({1.7640576e9 + 6.2 * double(metric.step), metric}) ||
            !waitFor([&] { return numPoints() > before; }, "a new point"))
            return false;
        waitForPaint(*plot);
        longest = std::max(longest, since(timer));
    }
    put("new_point_ms", longest);
    putLongest("new_point_event");
    return true;
}

bool SizeSession::measureRuns()
{
    m_studio.window().showPage(QStringLiteral("runs"));
    auto* list = find<QListView>("runList");
    if (!waitFor([&] { return list->model()->rowCount() > 0; }, "the runs"))
        return false;
    // One at rest: what is measured is that all are looked at, not that one is drawn.
    list->setCurrentIndex(list->model()->index(list->model()->rowCount() - 1, 0));
    pass(std::chrono::seconds(3));  // the engine starts, the run is read
    put("runs", list->model()->rowCount());
    double share = 1e9;
    beginEvents();
    for (int i = 0; i < 3; ++i) {
        QElapsedTimer timer;
        timer.start();
        const double before = cpuMs();
        pass(std::chrono::seconds(5));
        share = std::min(share, 100 * (cpuMs() - before) / since(timer));
    }
    put("poll_percent", share);
    putLongest("poll");
    return true;
}

bool SizeSession::measureLog()
{
    m_studio.window().showPage(QStringLiteral("runs"));
    auto* list = find<QListView>("runList");
    if (!waitFor([&] { return list->currentIndex().isValid(); }, "the run"))
        return false;
    pass(std::chrono::seconds(1));
    auto* view = find<ui::LogView>("runLog");
    beginEvents();
    QElapsedTimer timer;
    timer.start();
    find<QTabBar>("runTabs")->setCurrentIndex(kLogTab);
    if (!waitFor([&] { return !view->shownLines().isEmpty(); }, "the log's end"))
        return false;
    waitForPaint(*view->viewport());
    put("log_open_ms", since(timer));
    view->setFocus();
    for (const int key :
         {Qt::Key_Home, Qt::Key_PageDown, Qt::Key_Down, Qt::Key_End, Qt::Key_PageUp, Qt::Key_Up})
        for (int i = 0; i < kRepeats; ++i)
            press(view, key);
    for (int i = 0; i < 100; ++i) {
        QTimer::singleShot(0, view, [view, i] {
            QScrollBar* bar = view->verticalScrollBar();
            bar->setValue(bar->maximum() / 101 * (i * 37 % 101));
        });
        pass(std::chrono::milliseconds(20));
    }
    press(view, Qt::Key_End);
    pass(std::chrono::seconds(3));  // the benchmark's script writes on
    putLongest("log");
    return true;
}

bool SizeSession::measureData(const QString& file)
{
    m_studio.window().showPage(QStringLiteral("finetune"));
    auto* page = m_studio.window().findChild<ui::FinetunePage*>();
    ui::DataPreview& preview = page->findChild<ui::DataSection*>()->preview();
    page->form().apply({{"recipe", ""}, {"model.base", "demo"}});
    if (!waitFor([&] { return page->form().isJudged(); }, "the form"))
        return false;
    pass(std::chrono::seconds(2));
    beginEvents();
    QElapsedTimer timer;
    timer.start();
    const double cpuBefore = cpuMs();
    page->form().apply({{"data.sources", nlohmann::json::array({{{"path", file.toStdString()}}})}});
    const auto isShown = [&] {
        return preview.format() == QStringLiteral("chat") && preview.shownRow().numTokens > 0;
    };
    if (!waitFor(isShown, "the first row"))
        return false;
    waitForPaint(*page);
    put("rows_ms", since(timer));
    put("rows_cpu_ms", cpuMs() - cpuBefore);
    if (!waitFor([&] { return preview.hasAllRows(); }, "the index"))
        return false;
    put("index_ms", since(timer));
    put("rows", double(preview.numRows()));
    // Rows far apart, while they are counted.
    for (int i = 0; i < 20; ++i) {
        QTimer::singleShot(0, page, [&preview, i] { preview.goTo(preview.numRows() / 20 * i); });
        pass(std::chrono::milliseconds(50));
    }
    if (!waitFor([&] { return !preview.isBusy(); }, "the counts"))
        return false;
    pass(std::chrono::seconds(1));
    put("counted_ms", since(timer));
    putLongest("data");
    return true;
}

bool SizeSession::waitFor(const std::function<bool()>& condition, const char* what)
{
    QEventLoop loop;
    QTimer look;
    QObject::connect(&look, &QTimer::timeout, &loop, [&] {
        if (condition())
            loop.exit(0);
    });
    look.start(kLook);
    QTimer::singleShot(kLongestWait, &loop, [&loop] { loop.exit(1); });
    if (loop.exec() == 0)
        return true;
    std::fprintf(stderr, "facet: %s did not come within five minutes\n", what);
    return false;
}

void SizeSession::waitForPaint(QWidget& widget)
{
    const PaintWatch watch(widget);
    waitFor([&] { return watch.isPainted(); }, "the picture");
}

void SizeSession::put(const char* name, double value)
{
    m_line += QStringLiteral("%1\"%2\": %3")
                  .arg(m_line.isEmpty() ? "" : ", ", QLatin1String(name))
                  .arg(value, 0, 'f', 2);
}

void SizeSession::putLongest(const char* name)
{
    const Application::Times& times = m_application.times();
    const QByteArray begin = QByteArray(name);
    put((begin + "_event_ms").constData(), times.longestEventMs);
    put((begin + "_event_cpu_ms").constData(), times.longestEventCpuMs);
}

void SizeSession::beginEvents()
{
    m_application.measure();
}

}  // namespace facet::app
