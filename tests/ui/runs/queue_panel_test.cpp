// The queue on the Runs page, by keyboard alone, with a small program in the engine's place. Leaves pictures,
// light and dark, in the build's folder "screenshots".

#include "ui/runs/queue_panel.h"
#include "core/base/file.h"
#include "core/run/event_log.h"
#include "core/run/launch_record.h"
#include "jobs/queue/sweep_results.h"
#include "tests/support/fake_engine.h"
#include "ui/models/loaded_models.h"
#include "ui/runs/runs_page.h"
#include "ui/runs/sweep_dialog.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QApplication>
#include <QDir>
#include <QLabel>
#include <QListView>
#include <QMessageBox>
#include <QPushButton>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <memory>

using namespace facet;

class QueuePanelTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<ui::RunList> m_runs;
    std::unique_ptr<ui::QueueList> m_queue;
    std::unique_ptr<ui::RunsPage> m_page;
    ui::LoadedModels* m_loaded = nullptr;

    std::filesystem::path home() const { return m_home->path().toStdString(); }

    template <typename T>
    T* find(const char* name)
    {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    void add(const std::string& name, const std::string& device, std::vector<int64_t> after)
    {
        const jobs::QueueFile file(home());
        const core::Result<void> added = file.edit([&](jobs::RunQueue& queue) -> core::Result<void> {
            jobs::QueueEntry entry;
            entry.name = name;
            entry.folder = home() / "runs" / name;
            entry.host = jobs::thisHost();
            entry.devices = {device};
            entry.after = std::move(after);
            const core::Result<int64_t> id = jobs::addEntry(queue, entry);
            if (!id)
                return id.error();
            return core::writeFileAtomically(file.jobFile(*id),
                                             "{\"facet_job\": 1, \"name\": \"" + name + "\"}");
        });
        if (!added)
            qFatal("%s", added.error().message.c_str());
    }

    void makeRun(const std::string& name, core::RunState state, const std::string& device)
    {
        const core::RunFolder folder = {home() / "runs" / name};
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = state;
        status.step = 612;
        status.numSteps = 1000;
        status.message = state == core::RunState::Failed ? "out of memory at step 1" : "";
        status.heartbeat = double(QDateTime::currentSecsSinceEpoch());
        core::ProcessIdentity process = status.process();
        if (state != core::RunState::Running)
            process.start -= 1;  // one that had this number before, and is gone
        if (!folder.create() || !core::writeStatus(folder, status) ||
            !core::writeFileAtomically(folder.job(), "{\"facet_job\": 1, \"name\": \"" + name + "\"}") ||
            !core::writeLaunch(folder.launch(), {process, status.heartbeat - 60, device}))
            qFatal("cannot make a run");
        auto log = core::EventLog::open(folder.events());
        for (int64_t step = 1; log && step <= 612; step += 3)
            if (!log->append(
                    {1.7640576e9 + 6.2 * double(step),
                     core::MetricEvent{.step = step, .loss = 0.45 + 2.3 * std::exp(-double(step) / 120)}}))
                qFatal("cannot write events");
    }

    void open(const QString& engine = QStringLiteral(SOURCE_DIR "/tests/jobs/queue/fake_run.sh"))
    {
        m_runs = std::make_unique<ui::RunList>(std::vector<std::filesystem::path>{home() / "runs"});
        m_queue = std::make_unique<ui::QueueList>(*m_runs, home(), engine.toStdString());
        m_page = std::make_unique<ui::RunsPage>(ui::RunsPage::Parts{*m_runs, *m_queue, engine, m_loaded});
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        QTRY_VERIFY_WITH_TIMEOUT(m_runs->hasLooked(), 30'000);
    }

    QStringList names()
    {
        QStringList names;
        const auto* list = find<QListView>("queueList");
        for (int row = 0; row < list->model()->rowCount(); ++row)
            names << list->model()->index(row, 0).data().toString();
        return names;
    }

    /// Tab until a widget has the focus.
    bool tabTo(const char* name)
    {
        for (int i = 0; i < 80; ++i) {
            if (QApplication::focusWidget() &&
                QApplication::focusWidget()->objectName() == QLatin1String(name))
                return true;
            QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : m_page.get(),
                            Qt::Key_Tab);
        }
        return false;
    }

    static void save(QWidget& widget, const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        for (const bool isDark : {false, true}) {
            ui::Theme::setScheme(isDark ? ui::Theme::Scheme::Dark : ui::Theme::Scheme::Light);
            QTest::qWait(50);
            QVERIFY(
                widget.grab().save(QStringLiteral(SCREENSHOTS "/") + name +
                                   (isDark ? QStringLiteral("-dark.png") : QStringLiteral("-light.png"))));
        }
        ui::Theme::setScheme(ui::Theme::Scheme::Light);
    }

private Q_SLOTS:
    void initTestCase() { ui::Theme::install(*qApp, ui::Theme::Scheme::Light); }
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
    }
    void cleanup()
    {
        m_page.reset();
        m_queue.reset();
        m_runs.reset();
    }

    void itIsHiddenWhereThereIsNothingToShow()
    {
        makeRun("done", core::RunState::Done, "cuda:0");
        open();
        QTRY_COMPARE_WITH_TIMEOUT(find<QListView>("runList")->model()->rowCount(), 1, 30'000);
        QVERIFY(!find<QWidget>("queuePanel")->isVisible());
    }

    void runsAreMovedAndTakenOutByKeyboard()
    {
        makeRun("receipts-4b-lora-r32", core::RunState::Running, "cuda:0");
        makeRun("receipts-4b-full", core::RunState::Failed, "cuda:0");
        add("receipts-4b-lora-r32", "cuda:0", {});
        add("receipts-4b-r16", "cuda:0", {});
        add("charts-1b-full", "cuda:0", {});
        add("receipts-4b-full", "cuda:0", {});
        add("receipts-after", "cuda:1", {4});
        open();
        QTRY_COMPARE_WITH_TIMEOUT(names().size(), 5, 30'000);
        QVERIFY(find<QWidget>("queuePanel")->isVisible());
        QVERIFY(tabTo("queueList"));
        QWidget* list = QApplication::focusWidget();
        QTest::keyClick(list, Qt::Key_Down);
        QTest::keyClick(list, Qt::Key_Down);
        save(*m_page, QStringLiteral("runs-queue"));
        QTest::keyClick(list, Qt::Key_Up, Qt::AltModifier);
        QTRY_COMPARE_WITH_TIMEOUT(names()[1], QStringLiteral("charts-1b-full"), 30'000);
        QTRY_COMPARE_WITH_TIMEOUT(find<QListView>("queueList")->currentIndex().row(), 1, 30'000);
        QTest::keyClick(list, Qt::Key_Down, Qt::AltModifier);
        QTRY_COMPARE_WITH_TIMEOUT(names()[2], QStringLiteral("charts-1b-full"), 30'000);
        QTest::keyClick(list, Qt::Key_Delete);
        QTRY_COMPARE_WITH_TIMEOUT(names().size(), 4, 30'000);
        QVERIFY(!names().contains(QStringLiteral("charts-1b-full")));
        QVERIFY(!m_page->findChild<QMessageBox*>());  // Del was not for the run that the page shows

        // Refused in words: others wait for it; it runs.
        find<QListView>("queueList")->setCurrentIndex(find<QListView>("queueList")->model()->index(2, 0));
        QTest::keyClick(list, Qt::Key_Delete);
        QTRY_VERIFY_WITH_TIMEOUT(find<QWidget>("queueBanner")->isVisible(), 30'000);
        find<QListView>("queueList")->setCurrentIndex(find<QListView>("queueList")->model()->index(0, 0));
        QTest::keyClick(list, Qt::Key_Delete);
        QCOMPARE(names().size(), 4);
        find<QAction>("actionQueueClear")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(
            names(), (QStringList{QStringLiteral("receipts-4b-lora-r32"), QStringLiteral("receipts-4b-r16")}),
            30'000);
    }

    void aRunWaitsForTheOneAboveAndNoMore()
    {
        add("blue", "cuda:0", {});
        add("red", "cuda:1", {});
        open();
        QTRY_COMPARE_WITH_TIMEOUT(names().size(), 2, 30'000);
        auto* list = find<QListView>("queueList");
        const auto words = [list] {
            return list->model()->index(1, 0).data(ui::QueueList::WordsRole).toString();
        };
        QVERIFY(!find<QAction>("actionQueueAfter")->isEnabled());
        list->setCurrentIndex(list->model()->index(1, 0));
        QVERIFY(find<QAction>("actionQueueAfter")->isEnabled());
        QCOMPARE(find<QAction>("actionQueueAfter")->iconText(), QStringLiteral("Run after blue"));
        find<QAction>("actionQueueAfter")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(words(), QStringLiteral("GPU 1, after blue"), 30'000);
        QCOMPARE(jobs::QueueFile(home()).read()->entries[1].after, std::vector<int64_t>{1});
        QTRY_COMPARE_WITH_TIMEOUT(find<QAction>("actionQueueAfter")->iconText(),
                                  QStringLiteral("Do not wait for others"), 30'000);
        find<QAction>("actionQueueAfter")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(words(), QStringLiteral("GPU 1, next"), 30'000);
    }

    void aRunStartsNowWhenItsUserSaysSo()
    {
        makeRun("busy", core::RunState::Running, "cpu");
        add("one", "cpu", {});
        add("two", "cuda:0", {});
        open();
        QTRY_COMPARE_WITH_TIMEOUT(names().size(), 2, 30'000);
        QVERIFY(tabTo("queueList"));
        QWidget* list = QApplication::focusWidget();
        QTest::keyClick(list, Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(m_page->findChild<QMessageBox*>(QStringLiteral("queueStartQuestion")),
                                 30'000);
        auto* question = m_page->findChild<QMessageBox*>(QStringLiteral("queueStartQuestion"));
        QVERIFY(question->windowTitle().contains(QStringLiteral("beside busy")));
        QVERIFY(!std::filesystem::exists(home() / "runs/one"));
        QTest::mouseClick(question->findChild<QPushButton*>(QStringLiteral("queueStartYes")), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(std::filesystem::exists(home() / "runs/one/status.json"), 30'000);
        // A free device needs no question.
        m_page->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        list->setFocus();
        find<QListView>("queueList")->setCurrentIndex(find<QListView>("queueList")->model()->index(1, 0));
        QTest::keyClick(list, Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(std::filesystem::exists(home() / "runs/two/status.json"), 30'000);
    }

    void itAsksBeforeChatsModelIsUnloaded()
    {
        makeRun("stopped", core::RunState::Stopped, "cuda:0");
        makeRun("elsewhere", core::RunState::Stopped, "cpu");
        add("next", "cuda:0", {});
        ui::FakeEngine chat;
        ui::EngineClient client;
        client.useProcess(chat);
        ui::LoadedModels loaded(client);
        loaded.setDevice(QStringLiteral("cuda:0"));
        const auto load = [&] {
            bool isLoaded = false;
            loaded.ensureReady(QStringLiteral("demo"), this, [&](const core::Result<ui::EngineModel>& model) {
                isLoaded = static_cast<bool>(model);
            });
            QTRY_VERIFY_WITH_TIMEOUT(isLoaded, 20'000);
        };
        load();
        m_loaded = &loaded;
        open();
        QTRY_COMPARE_WITH_TIMEOUT(names().size(), 1, 30'000);
        const auto question = [this] {
            return m_page->findChild<QMessageBox*>(QStringLiteral("unloadQuestion"));
        };
        const auto choose = [this](const QString& name) {
            auto* list = find<QListView>("runList");
            for (int row = 0; row < list->model()->rowCount(); ++row)
                if (list->model()->index(row, 0).data().toString() == name)
                    list->selectionModel()->setCurrentIndex(list->model()->index(row, 0),
                                                            QItemSelectionModel::ClearAndSelect);
            QTRY_COMPARE_WITH_TIMEOUT(find<QLabel>("runTitle")->text(), name, 30'000);
            QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("runResume")->isVisible(), 30'000);
        };
        // To resume on the GPU, or to start there what waits.
        choose(QStringLiteral("stopped"));
        find<QPushButton>("runResume")->click();
        QVERIFY(question());
        QVERIFY2(question()->text().contains(QStringLiteral("Chat holds demo on GPU 0")),
                 qPrintable(question()->text()));
        save(*question(), QStringLiteral("unload-question"));
        QTest::keyClick(question(), Qt::Key_Escape);
        QTRY_VERIFY_WITH_TIMEOUT(!question(), 30'000);
        QTRY_COMPARE(loaded.models().size(), 1);
        const auto stateOf = [this](const char* name) {
            return core::readStatus({home() / "runs" / name})->state;
        };
        QCOMPARE(stateOf("stopped"), core::RunState::Stopped);
        find<QAction>("actionQueueStartNow")->trigger();
        QVERIFY(question());
        QVERIFY(!std::filesystem::exists(home() / "runs/next"));
        question()->findChild<QPushButton*>(QStringLiteral("unloadNo"))->click();
        QTRY_VERIFY_WITH_TIMEOUT(std::filesystem::exists(home() / "runs/next/status.json"), 30'000);
        QCOMPARE(loaded.models().size(), 1);
        QTRY_VERIFY_WITH_TIMEOUT(!question(), 30'000);
        find<QPushButton>("runResume")->click();
        QVERIFY(question());
        question()->findChild<QPushButton*>(QStringLiteral("unloadYes"))->click();
        QTRY_VERIFY_WITH_TIMEOUT(stateOf("stopped") != core::RunState::Stopped, 30'000);
        QVERIFY(loaded.models().isEmpty());

        // The CPU has room for both.
        QTRY_VERIFY_WITH_TIMEOUT(!question(), 30'000);
        load();
        choose(QStringLiteral("elsewhere"));
        find<QPushButton>("runResume")->click();
        QVERIFY(!question());
        QTRY_VERIFY_WITH_TIMEOUT(stateOf("elsewhere") != core::RunState::Stopped, 30'000);
        QCOMPARE(loaded.models().size(), 1);
        m_page.reset();
        m_loaded = nullptr;
    }

    void theResultsOfASweepAreShown()
    {
        makeRun("sums-rank8-lr0.0002", core::RunState::Done, "cuda:0");
        makeRun("sums-rank16-lr0.0002", core::RunState::Running, "cuda:0");
        jobs::SweepRecord record = {"sums", {"lora.rank", "optimizer.lr"}, {}};
        for (const int rank : {8, 16, 32}) {
            const std::string name = "sums-rank" + std::to_string(rank) + "-lr0.0002";
            record.runs.push_back({name, home() / "runs" / name, {rank, 2e-4}});
        }
        QVERIFY(jobs::writeSweep(home(), record));
        add("sums-rank32-lr0.0002", "cuda:0", {});
        open();
        QTRY_COMPARE_WITH_TIMEOUT(names().size(), 1, 30'000);
        QTRY_VERIFY_WITH_TIMEOUT(find<QAction>("actionSweepResults")->isEnabled(), 30'000);
        find<QAction>("actionSweepResults")->trigger();
        auto* dialog = m_page->findChild<ui::SweepDialog*>();
        QVERIFY(dialog);
        QTRY_COMPARE_WITH_TIMEOUT(dialog->table().rowCount(), 3, 30'000);
        QCOMPARE(QApplication::focusWidget(), dialog->findChild<QTableView*>(QStringLiteral("sweepTable")));
        QCOMPARE(dialog->table().index(2, 2).data().toString(), QStringLiteral("waiting"));
        save(*dialog, QStringLiteral("sweep-results"));
        QTest::keyClick(dialog, Qt::Key_Escape);
        QTRY_VERIFY_WITH_TIMEOUT(!m_page->findChild<ui::SweepDialog*>(), 30'000);
    }
};

QTEST_MAIN(QueuePanelTest)
#include "queue_panel_test.moc"
