// kill -9 of a run and of the studio that started it, each at ten moments that are told by what lies in the
// run's folder, never by a clock: the Runs page is right afterwards, what was saved opens, and the run ends
// as one that nobody disturbed, by Resume if it was the victim, by itself if it was the studio.
//
// As "studio_kill_test --studio start|queue" it is the studio that is killed.

#include "app/studio/studio.h"
#include "core/base/json.h"
#include "core/run/event_log.h"
#include "core/run/launch_record.h"
#include "core/safetensors/safetensors_file.h"
#include "jobs/launch/launch.h"
#include "jobs/queue/queue_worker.h"
#include "tests/support/check.h"
#include "ui/finetune/finetune_page.h"
#include "ui/runs/queue_list.h"
#include "ui/runs/run_list.h"
#include "ui/runs/runs_page.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QLabel>
#include <QProcess>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <csignal>
#include <memory>
#include <thread>

using namespace facet;

namespace {

constexpr int kNumSteps = 9;  // saved after 3 and 6, validated after 4 and 8, asked after 5

/// A home with a job in it, and what has become of its run.
struct Home {
    QTemporaryDir place;
    core::RunFolder run{path("runs/sums").toStdString()};

    QString path(const QString& name) const { return place.filePath(name); }

    Home()
    {
        QByteArray rows;
        for (int i = 0; i < 12; ++i)
            rows += QStringLiteral(
                        "{\"messages\":[{\"role\":\"user\",\"content\":\"%1 and 1?\"},"
                        "{\"role\":\"assistant\",\"content\":\"%2.\"}]}\n")
                        .arg(i)
                        .arg(i + 1)
                        .toUtf8();
        write(path(QStringLiteral("rows.jsonl")), rows);
        const nlohmann::json job = {
            {"facet_job", 1},
            {"name", "sums"},
            {"model", {{"base", "demo"}}},
            {"method", "lora"},
            {"lora", {{"targets", {"q_proj", "v_proj"}}}},
            {"data",
             {{"sources", {{{"path", path(QStringLiteral("rows.jsonl")).toStdString()}}}},
              {"validation", {{"path", path(QStringLiteral("rows.jsonl")).toStdString()}}}}},
            {"sequence_length", 64},
            {"batch", {{"global", 2}, {"micro", 1}}},
            {"steps", kNumSteps},
            {"schedule", {{"warmup_steps", 2}}},
            {"precision", "fp32"},
            {"optimizer", {{"lr", 0.003}}},
            {"validation", {{"every_steps", 4}}},
            {"samples", {{"every_steps", 5}, {"prompts", {{{"prompt", "1 and 1?"}}}}}},
            {"saving", {{"every_steps", 3}}}};
        write(path(QStringLiteral("job.json")), QByteArray::fromStdString(job.dump()));
    }

    static void write(const QString& name, const QByteArray& bytes)
    {
        QFile file(name);
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("cannot write %s", qPrintable(name));
    }

    std::vector<core::RunEvent> events() const
    {
        std::vector<core::RunEvent> history;
        if (const auto all = core::EventReader(run.events()).poll())
            core::addEvents(history, *all);
        return history;
    }

    template <typename Event>
    int count() const
    {
        int count = 0;
        for (const core::RunEvent& event : events())
            count += std::holds_alternative<Event>(event.what);
        return count;
    }

    std::vector<double> losses() const
    {
        std::vector<double> losses;
        for (const core::RunEvent& event : events())
            if (const auto* metric = std::get_if<core::MetricEvent>(&event.what))
                losses.push_back(metric->loss);
        return losses;
    }

    std::optional<core::RunState> state() const
    {
        const auto status = core::readStatus(run);
        return status ? std::optional(status->state) : std::nullopt;
    }

    /// The process that trains, or begins to.
    int64_t process() const
    {
        const auto launched = core::readLaunch(run.launch());
        return launched && core::isAlive(launched->process).value_or(false) ? launched->process.pid : 0;
    }

    bool isHalfSaved() const
    {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(run.checkpoints(), ignored))
            if (entry.path().filename().string().starts_with(".half-"))
                return true;
        return false;
    }
};

struct Moment {
    const char* name;
    std::function<bool(const Home&)> hasCome;
};

const std::vector<Moment>& moments()
{
    using core::RunState;
    static const std::vector<Moment> all = {
        {"queued", [](const Home& home) { return QFile::exists(home.path(QStringLiteral("queue.json"))); }},
        {"launched", [](const Home& home) { return home.process() > 0; }},
        {"starting", [](const Home& home) { return home.state() == RunState::Starting; }},
        {"model loaded", [](const Home& home) { return home.state() == RunState::Running; }},
        {"first step", [](const Home& home) { return home.count<core::MetricEvent>() >= 1; }},
        {"saving", [](const Home& home) { return home.isHalfSaved(); }},
        {"saved", [](const Home& home) { return home.count<core::CheckpointEvent>() >= 1; }},
        {"evaluating", [](const Home& home) { return home.count<core::MetricEvent>() >= 4; }},
        {"sampled", [](const Home& home) { return home.count<core::SampleEvent>() >= 1; }},
        {"finishing",
         [](const Home& home) {
             return home.state() == RunState::Saving && home.count<core::MetricEvent>() == kNumSteps;
         }},
    };
    return all;
}

/// Waits without letting a moment pass: the look itself takes some 20 us.
bool waitFor(const std::function<bool()>& hasCome)
{
    QElapsedTimer timer;
    timer.start();
    while (!hasCome()) {
        if (timer.elapsed() > 120'000)
            return false;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
}

}  // namespace

class StudioKillTest final : public QObject {
    Q_OBJECT

    std::vector<double> m_losses;  // of a run that nobody disturbed
    std::unique_ptr<Home> m_home;
    std::unique_ptr<ui::RunList> m_runs;
    std::unique_ptr<ui::QueueList> m_queue;
    std::unique_ptr<ui::RunsPage> m_page;

    template <typename T>
    T* find(const char* name)
    {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    void openPage()
    {
        m_runs = std::make_unique<ui::RunList>(
            std::vector<std::filesystem::path>{m_home->path(QStringLiteral("runs")).toStdString()});
        m_queue = std::make_unique<ui::QueueList>(*m_runs, m_home->path(QString()).toStdString(),
                                                  FACET_ENGINE_PROGRAM);
        m_page = std::make_unique<ui::RunsPage>(
            ui::RunsPage::Parts{*m_runs, *m_queue, QStringLiteral(FACET_ENGINE_PROGRAM)});
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    }

    void startRun() const
    {
        const auto launched = jobs::launch(
            {FACET_ENGINE_PROGRAM, m_home->path(QStringLiteral("job.json")).toStdString(), "cpu", {}});
        QVERIFY2(launched, reason(launched));
    }

    void startStudio(QProcess& studio, const QString& how) const
    {
        studio.setProgram(QCoreApplication::applicationFilePath());
        studio.setArguments({QStringLiteral("--studio"), how});
        studio.start();
    }

    void verifyDone()
    {
        QTRY_COMPARE_WITH_TIMEOUT(m_home->state().value_or(core::RunState::Starting), core::RunState::Done,
                                  120'000);
        QCOMPARE(m_home->losses(), m_losses);
        QTRY_COMPARE_WITH_TIMEOUT(find<QLabel>("runState")->text(), QStringLiteral("finished"), 10'000);
    }

    void verifySavedOpens() const
    {
        for (const int64_t step : m_home->run.savedSteps()) {
            const std::filesystem::path folder = m_home->run.checkpoint(step);
            for (const char* file : {"adapter_model.safetensors", "trainer_state.safetensors"}) {
                const auto opened = core::SafetensorsFile::open(folder / file);
                QVERIFY2(opened, reason(opened));
            }
            for (const char* file : {"adapter_config.json", "trainer_state.json"})
                QVERIFY(core::readJsonObject(folder / file));
        }
    }

    void addMoments() const
    {
        QTest::addColumn<int>("moment");
        for (size_t i = 0; i < moments().size(); ++i)
            QTest::newRow(moments()[i].name) << static_cast<int>(i);
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!QFile::exists(QStringLiteral(FACET_ENGINE_PROGRAM)))
            QSKIP("there is no facet-engine: build it");
        qputenv("HF_TOKEN", "");
        qunsetenv("DBUS_SESSION_BUS_ADDRESS");
        ui::Theme::install(*qApp, ui::Theme::Scheme::Light);
        init();
        startRun();
        QTRY_COMPARE_WITH_TIMEOUT(m_home->state().value_or(core::RunState::Starting), core::RunState::Done,
                                  120'000);
        m_losses = m_home->losses();
        QCOMPARE(m_losses.size(), size_t(kNumSteps));
        QCOMPARE(m_home->count<core::ValidationEvent>(), 2);
        QCOMPARE(m_home->count<core::SampleEvent>(), 1);
    }

    void init()
    {
        m_page.reset();
        m_queue.reset();
        m_runs.reset();
        m_home = std::make_unique<Home>();
        qputenv("FACET_HOME", m_home->place.path().toUtf8());
        qputenv("HF_HUB_CACHE", m_home->path(QStringLiteral("hub")).toUtf8());
    }

    void cleanup()
    {
        if (m_home && m_home->process() > 0)
            ::kill(static_cast<pid_t>(m_home->process()), SIGKILL);
    }

    void aRunThatIsKilledIsGoneOnWith_data() { addMoments(); }

    void aRunThatIsKilledIsGoneOnWith()
    {
        QFETCH(const int, moment);
        if (moment == 0) {  // it has no process yet: the one that waits for its turn is killed
            QProcess studio;
            startStudio(studio, QStringLiteral("queue"));
            const std::filesystem::path place = m_home->place.path().toStdString();
            std::optional<int64_t> worker;
            QVERIFY(waitFor([&] { return (worker = jobs::queueWorker(place)).has_value(); }));
            ::kill(static_cast<pid_t>(*worker), SIGKILL);
            studio.kill();
            QVERIFY(studio.waitForFinished());
            QVERIFY(waitFor([&] { return !jobs::queueWorker(place); }));
            openPage();
            QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("queueStart")->isVisible() || m_home->process() > 0,
                                     10'000);
            if (find<QPushButton>("queueStart")->isVisible())
                find<QPushButton>("queueStart")->click();
            verifyDone();
            return;
        }
        // The machine may be busy when the moment comes, and the run at its end.
        for (int i = 0; i < 5; ++i) {
            init();
            openPage();
            startRun();
            QVERIFY(waitFor([&] { return moments()[static_cast<size_t>(moment)].hasCome(*m_home); }));
            if (const int64_t pid = m_home->process(); pid > 0)
                ::kill(static_cast<pid_t>(pid), SIGKILL);
            QVERIFY(waitFor([&] { return m_home->process() == 0; }));
            if (m_home->state() != core::RunState::Done)
                break;
        }
        QVERIFY2(m_home->state() != core::RunState::Done, "it ended by itself before it could be killed");
        verifySavedOpens();

        // What the page says is what lies on the disk.
        const auto status = core::readStatus(m_home->run);
        int64_t step = status ? status->step : 0;
        const auto told = core::EventReader(m_home->run.events()).poll();
        for (const core::RunEvent& event : told ? *told : std::vector<core::RunEvent>())
            step = std::max(step, core::stepOf(event));
        const QString words = status ? QStringLiteral("lost at step %1").arg(step) : QStringLiteral("failed");
        QTRY_VERIFY2_WITH_TIMEOUT(find<QLabel>("runState")->text().startsWith(words),
                                  qPrintable(find<QLabel>("runState")->text() + " instead of " + words),
                                  10'000);
        auto* resume = find<QPushButton>("runResume");
        QTRY_VERIFY_WITH_TIMEOUT(resume->isVisible(), 10'000);
        QVERIFY(!find<QPushButton>("runSave")->isVisible());
        resume->click();
        verifyDone();
        verifySavedOpens();
    }

    void aRunOutlivesTheStudioThatIsKilled_data() { addMoments(); }

    void aRunOutlivesTheStudioThatIsKilled()
    {
        QFETCH(const int, moment);
        QProcess studio;
        startStudio(studio, moment == 0 ? QStringLiteral("queue") : QStringLiteral("start"));
        QVERIFY(waitFor([&] { return moments()[static_cast<size_t>(moment)].hasCome(*m_home); }));
        studio.kill();
        QVERIFY(studio.waitForFinished());
        QCOMPARE(studio.exitStatus(), QProcess::CrashExit);
        openPage();
        QTRY_VERIFY2_WITH_TIMEOUT(m_runs->rowCount() == 1 || find<QPushButton>("queueStart")->isVisible(),
                                  "neither a run nor a queue that nobody works", 20'000);
        // It was killed when its queue was written and nobody worked it yet.
        if (m_runs->rowCount() == 0)
            find<QPushButton>("queueStart")->click();
        verifyDone();
        verifySavedOpens();
        QCOMPARE(m_home->count<core::ResumeEvent>(), 0);
    }
};

namespace {

/// The studio, which opens the job of its home and starts it, as soon as its form has read it.
int studioMain(QApplication& application, const QString& how)
{
    app::Studio studio({.model = {}, .engineProgram = QStringLiteral(FACET_ENGINE_PROGRAM)});
    studio.show();
    studio.window().showPage(QStringLiteral("finetune"));
    auto* page = studio.window().findChild<ui::FinetunePage*>();
    page->openPath(qEnvironmentVariable("FACET_HOME") + QStringLiteral("/job.json"));
    const char* action = how == QStringLiteral("queue") ? "actionQueueJob" : "actionStartJob";
    QTimer look;
    QObject::connect(&look, &QTimer::timeout, page, [&] {
        auto* start = page->findChild<QPushButton*>(QStringLiteral("startJob"));
        if (!page->form().isJudged() || !start->isEnabled())
            return;
        look.stop();
        page->findChild<QAction*>(QString::fromLatin1(action))->trigger();
    });
    look.start(5);
    return application.exec();
}

}  // namespace

int main(int argc, char* argv[])
{
    QApplication application(argc, argv);
    if (argc == 3 && qstrcmp(argv[1], "--studio") == 0)
        return studioMain(application, QString::fromLocal8Bit(argv[2]));
    StudioKillTest test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_kill_test.moc"
