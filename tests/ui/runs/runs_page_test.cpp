// The Runs page with real files: runs in every state, plots as they grow, the keyboard. Leaves pictures,
// light and dark, in the build's folder "screenshots".

#include "ui/runs/runs_page.h"
#include "core/base/file.h"
#include "core/run/event_log.h"
#include "core/run/launch_record.h"
#include "ui/runs/log_view.h"
#include "ui/runs/plot_panel.h"
#include "ui/runs/run_list.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QImage>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QTabBar>
#include <QTableView>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <memory>

using namespace facet;

class RunsPageTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_place;
    std::unique_ptr<ui::RunList> m_runs;
    std::unique_ptr<ui::QueueList> m_queue;
    std::unique_ptr<ui::RunsPage> m_page;
    static inline QStringList s_said;

    std::filesystem::path place() const { return m_place->path().toStdString(); }

    core::RunFolder make(const std::string& name, core::RunState state, int64_t steps, bool isGone = false)
    {
        core::RunFolder folder = {place() / name};
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = state;
        status.message = state == core::RunState::Failed ? "out of memory at step 1" : "";
        status.step = steps;
        status.numSteps = 1000;
        status.heartbeat = double(QDateTime::currentSecsSinceEpoch());
        status.processStart += isGone ? 1 : 0;
        if (!folder.create() || !core::writeStatus(folder, status) ||
            !core::writeFileAtomically(
                folder.job(), R"({"facet_job": 1, "name": ")" + name + R"(", "lora": {"rank": 32}})"))
            qFatal("cannot make a run");
        for (int64_t step = 1; step <= steps; ++step)
            append(folder, step);
        return folder;
    }

    static void append(const core::RunFolder& folder, int64_t step)
    {
        auto log = core::EventLog::open(folder.events());
        core::MetricEvent metric;
        metric.step = step;
        metric.tokens = step * 32768;
        const double t = double(step);
        metric.loss = 0.45 + 2.3 * std::exp(-t / 120) + 0.12 * std::sin(t * 12.9898) * std::sin(t * 78.233);
        metric.lr = step < 50 ? 2e-6 * t : 1e-4 * (0.5 + 0.5 * std::cos((t - 50) / 950 * 3.14159));
        metric.gradNorm = 0.6 + 3 * std::exp(-t / 40) + 0.05 * std::sin(t);
        metric.tokensPerSecond = 5320 + 40 * std::sin(t * 3);
        metric.mfu = 0.501;
        metric.tflops = 82.7;
        metric.memoryBytes = 17'400'000'000;
        metric.secondsLeft = 6.2 * (1000 - t);
        bool isWritten = log && log->append({1.7640576e9 + 6.2 * t, metric});
        if (step % 50 == 0)
            isWritten = isWritten && log->append({1.7640576e9 + 6.2 * t,
                                                  core::ValidationEvent{step, metric.loss + 0.03, 999}});
        if (step % 100 == 0)
            isWritten =
                isWritten && log->append({1.7640576e9 + 6.2 * t,
                                          core::CheckpointEvent{step, "checkpoints/step-00000100", "steps"}});
        if (step == 373)
            isWritten = isWritten && log->append({1.7640576e9 + 6.2 * t,
                                                  core::WarningEvent{step, "loss spike, gradient clipped"}});
        if (!isWritten)
            qFatal("cannot write events");
    }

    template <typename T>
    T* find(const char* name)
    {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    void open()
    {
        m_runs = std::make_unique<ui::RunList>(std::vector<std::filesystem::path>{place()});
        const QString engine = QStringLiteral("/nonexistent/engine");
        m_queue = std::make_unique<ui::QueueList>(*m_runs, place(), engine.toStdString());
        m_page = std::make_unique<ui::RunsPage>(ui::RunsPage::Parts{*m_runs, *m_queue, engine});
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        QTRY_VERIFY(m_runs->hasLooked());
    }

    void save(const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        QVERIFY(m_page->grab().save(QStringLiteral(SCREENSHOTS "/") + name + QStringLiteral(".png")));
    }

private Q_SLOTS:
    void initTestCase() { ui::Theme::install(*qApp, ui::Theme::Scheme::Light); }
    void init() { m_place = std::make_unique<QTemporaryDir>(); }
    void cleanup()
    {
        m_page.reset();
        m_queue.reset();
        m_runs.reset();
        ui::Theme::setScheme(ui::Theme::Scheme::Light);
    }

    void runsOfEveryStateAreShownAsTheyAre()
    {
        make("receipts-4b-lora-r32", core::RunState::Running, 612);
        make("signs-4b-qlora", core::RunState::Running, 480, true);
        make("medfig-4b-lora", core::RunState::Stopped, 300);
        make("docvqa-4b-r16", core::RunState::Done, 240);
        make("receipts-4b-full", core::RunState::Failed, 1);
        open();
        auto* list = find<QListView>("runList");
        QCOMPARE(list->model()->rowCount(), 5);
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("receipts-4b-lora-r32"));
        QTRY_VERIFY(find<QPushButton>("runPause")->isVisible());
        QVERIFY(!find<QPushButton>("runResume")->isVisible());
        auto* plot = find<ui::Plot>("lossPlot");
        plot->setFocus();
        QTRY_VERIFY([&] {
            QTest::keyClick(plot, Qt::Key_Right);
            return plot->readOut().contains(QStringLiteral("validation"));
        }());
        for (const bool isDark : {false, true}) {
            ui::Theme::setScheme(isDark ? ui::Theme::Scheme::Dark : ui::Theme::Scheme::Light);
            save(isDark ? QStringLiteral("runs-filled-dark") : QStringLiteral("runs-filled-light"));
        }
        for (int row = 0; row < 5; ++row)
            if (list->model()->index(row, 0).data().toString() == QStringLiteral("signs-4b-qlora"))
                list->setCurrentIndex(list->model()->index(row, 0));
        QTRY_COMPARE(find<QLabel>("runState")->text(), QStringLiteral("lost at step 480"));
        QVERIFY(find<QPushButton>("runResume")->isVisible());
        QVERIFY(find<QWidget>("runBanner")->isVisible());
        QTest::qWait(50);
        save(QStringLiteral("runs-lost-dark"));
        list->selectAll();
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("5 runs over each other"));
        QTest::qWait(300);
        save(QStringLiteral("runs-compare-dark"));
        m_page->resize(888, 612);
        QTest::qWait(50);
        save(QStringLiteral("runs-960-dark"));
    }

    void aNewPointIsOnTheScreenWithinHalfASecond()
    {
        const core::RunFolder folder = make("grows", core::RunState::Running, 20);
        open();
        auto* table = find<QTableView>("plotTable");
        QTRY_COMPARE(table->model()->rowCount(), 20);
        qint64 best = 1'000'000;
        for (int64_t step = 21; step <= 23; ++step) {
            QElapsedTimer timer;
            timer.start();
            append(folder, step);
            QTRY_COMPARE(table->model()->rowCount(), int(step));
            best = std::min(best, timer.elapsed());
        }
        QVERIFY2(best < 500, qPrintable(QString::number(best)));
    }

    void thePlotIsWorkedByKeysAndReadAsATable()
    {
        make("keys", core::RunState::Done, 200);
        open();
        auto* plot = find<ui::Plot>("lossPlot");
        plot->setFocus();
        QTRY_VERIFY(find<QTableView>("plotTable")->model()->rowCount() == 200);
        QVERIFY(plot->isFollowing());
        QTest::keyClick(plot, Qt::Key_Plus);
        QVERIFY(!plot->isFollowing());
        QTest::keyClick(plot, Qt::Key_0);
        QVERIFY(plot->isFollowing());
        QTest::keyClick(plot, Qt::Key_T);
        QVERIFY(find<QTableView>("plotTable")->isVisible());
        for (const char* suffix : {"png", "svg", "pdf"}) {
            const QString file = m_place->path() + QStringLiteral("/plot.") + QLatin1String(suffix);
            QVERIFY2(plot->exportTo(file), suffix);
            QVERIFY2(QFile(file).size() > 2000, suffix);
        }
        QVERIFY(!plot->exportTo(QStringLiteral("/nonexistent/plot.png")));
    }

    void aMillionPointsAreDrawnInSixteenMilliseconds()
    {
        auto x = std::make_shared<std::vector<double>>(1'000'000),
             y = std::make_shared<std::vector<double>>(1'000'000);
        for (size_t i = 0; i < x->size(); ++i) {
            (*x)[i] = double(i + 1);
            (*y)[i] = 1 + 3 / std::sqrt(double(i + 1)) + 0.1 * std::sin(double(i) * 12.9898);
        }
        ui::Plot plot(QStringLiteral("a million"));
        plot.resize(900, 400);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        double best = 1e9;
        for (int i = 0; i < 10; ++i) {
            const int drawn = plot.numDrawn();
            plot.setCurves({{QStringLiteral("loss"), 0, ui::PlotCurve::Look::Line, x, y}});
            plot.setClipping(true);
            QTRY_COMPARE(plot.numDrawn(), drawn + 1);
            best = std::min(best, plot.drawMilliseconds());
        }
        qInfo("a million points drawn in %.1f ms", best);
        QVERIFY2(best < 16, qPrintable(QString::number(best)));
    }

    void aPlotThatNobodySeesIsNotDrawn()
    {
        s_said.clear();
        const QtMessageHandler before = qInstallMessageHandler(
            [](QtMsgType, const QMessageLogContext&, const QString& text) { s_said << text; });
        auto x = std::make_shared<std::vector<double>>(std::vector<double>{1, 2, 3});
        const std::vector<ui::PlotCurve> curves = {
            {QStringLiteral("loss"), 0, ui::PlotCurve::Look::Line, x, x}};
        ui::Plot plot(QStringLiteral("small"));
        plot.setCurves(curves);
        plot.setLogarithmic(true);
        plot.setLogarithmic(false);
        QCOMPARE(plot.numDrawn(), 0);
        plot.resize(40, 20);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.setCurves(curves);
        plot.moveCursor(5);
        plot.hideCursor();
        QTest::qWait(20);
        QCOMPARE(plot.numDrawn(), 0);
        plot.resize(300, 200);
        QTRY_VERIFY(plot.numDrawn() > 0);
        const int drawn = plot.numDrawn();
        plot.hide();
        plot.setCurves(curves);
        QTest::qWait(20);
        QCOMPARE(plot.numDrawn(), drawn);
        QVERIFY(!plot.picture().isNull());  // what is exported is drawn first
        QCOMPARE(plot.numDrawn(), drawn + 1);
        plot.setCurves(curves);
        plot.show();
        QTRY_COMPARE(plot.numDrawn(), drawn + 2);
        qInstallMessageHandler(before);
        s_said.removeIf(
            [](const QString& text) { return text.contains(QStringLiteral("propagateSizeHints")); });
        QVERIFY2(s_said.isEmpty(), qPrintable(s_said.join(QLatin1Char('\n'))));
    }

    void anotherTabCostsTheHiddenPlotsNothing()
    {
        const core::RunFolder folder = make("grows", core::RunState::Running, 20);
        open();
        QTRY_COMPARE(find<QTableView>("plotTable")->model()->rowCount(), 20);
        find<QTabBar>("runTabs")->setCurrentIndex(3);
        auto* plot = find<ui::Plot>("lossPlot");
        const int drawn = plot->numDrawn();
        append(folder, 21);
        QTRY_COMPARE(find<QTableView>("plotTable")->model()->rowCount(), 21);
        QTest::qWait(20);
        QCOMPARE(plot->numDrawn(), drawn);
        find<QTabBar>("runTabs")->setCurrentIndex(0);
        QTRY_VERIFY(plot->numDrawn() > drawn);
    }

    void aLogOfTenGigabytesOpensAtOnceAndFollowsItsEnd()
    {
        const QString path = m_place->path() + QStringLiteral("/log.txt");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        for (int i = 0; i < 1000; ++i)
            file.write(QByteArray("line ") + QByteArray::number(i) + "\n");
        QVERIFY(file.seek(qint64(10) << 30));  // a hole, which takes no room
        file.write("\n");
        for (int i = 0; i < 1000; ++i)
            file.write(QByteArray("last ") + QByteArray::number(i) + "\n");
        QVERIFY(file.flush());
        ui::LogView view;
        view.resize(600, 300);
        view.show();
        QElapsedTimer timer;
        timer.start();
        view.open(path.toStdString());
        QCOMPARE(view.shownLines().last(), QStringLiteral("last 999"));
        QVERIFY2(timer.elapsed() < 200, qPrintable(QString::number(timer.elapsed())));
        file.write("more\n");
        QVERIFY(file.flush());
        QTRY_COMPARE(view.shownLines().last(), QStringLiteral("more"));
        timer.start();
        QTest::keyClick(&view, Qt::Key_Home);
        QCOMPARE(view.shownLines().first(), QStringLiteral("line 0"));
        QTest::keyClick(&view, Qt::Key_Down);
        QCOMPARE(view.shownLines().first(), QStringLiteral("line 1"));
        QTest::keyClick(&view, Qt::Key_Up);
        QCOMPARE(view.shownLines().first(), QStringLiteral("line 0"));
        QTest::keyClick(&view, Qt::Key_End);
        QCOMPARE(view.shownLines().last(), QStringLiteral("more"));
        QTest::keyClick(&view, Qt::Key_Up);
        QVERIFY(!view.isFollowing());
        QVERIFY2(timer.elapsed() < 500, qPrintable(QString::number(timer.elapsed())));
    }
};

QTEST_MAIN(RunsPageTest)
#include "runs_page_test.moc"
