// facet-engine queue as a user runs it, with the demo model: whoever added the runs is killed, the worker is
// killed between any two of its steps; each run is done once.

#include "core/run/event_log.h"
#include "core/run/run_folder.h"
#include "jobs/queue/queue_worker.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"

#include <QFile>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace facet;
using namespace facet::app;

namespace {

constexpr int kNumSteps = 2;

struct Home {
    EngineProgram engine;

    Home()
    {
        QByteArray rows;
        for (int i = 0; i < 4; ++i)
            rows +=
                R"({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "red"}]})"
                "\n";
        write("rows.jsonl", rows);
        for (const char* name : {"red", "blue"})
            write(QString::fromLatin1("%1.json").arg(QLatin1String(name)),
                  QString::fromLatin1(R"({"facet_job": 1, "name": "%1", "model": "demo", "method": "lora",
            "lora": {"targets": ["q_proj"], "rank": 4}, "data": {"sources": [{"path": "rows.jsonl"}]},
            "sequence_length": 64, "batch": {"global": 1, "micro": 1}, "steps": %2, "precision": "fp32",
            "schedule": {"warmup_steps": 0}})")
                      .arg(QLatin1String(name))
                      .arg(kNumSteps)
                      .toUtf8());
    }

    void write(const QString& name, const QByteArray& bytes) const
    {
        QFile file(engine.path(name));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
    }

    QString job(const char* name) const
    {
        return engine.path(QString::fromLatin1("%1.json").arg(QLatin1String(name)));
    }
    core::RunFolder run(const QString& name) const
    {
        return {engine.path("home/runs/" + name).toStdString()};
    }

    core::RunState state(const QString& name) const
    {
        const auto status = core::readStatus(run(name));
        return status ? status->state : core::RunState::Starting;
    }

    /// Done, each step once, never started a second time.
    void verifyDoneOnce(const QString& name) const
    {
        QCOMPARE(state(name), core::RunState::Done);
        std::vector<core::RunEvent> events;
        core::addEvents(events, *core::EventReader(run(name).events()).poll());
        int numSteps = 0, numResumes = 0;
        for (const core::RunEvent& event : events) {
            numSteps += std::holds_alternative<core::MetricEvent>(event.what);
            numResumes += std::holds_alternative<core::ResumeEvent>(event.what);
        }
        QCOMPARE(numSteps, kNumSteps);
        QCOMPARE(numResumes, 0);
        QFile log(QString::fromStdString(run(name).log().string()));
        QVERIFY(log.open(QIODevice::ReadOnly));
        QCOMPARE(log.readAll().count("training "), 1);
    }
};

}  // namespace

class QueueTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void twoRunsFinishAfterWhoeverQueuedThemWasKilled()
    {
        const Home home;
        // In a session of its own, as the studio has one, which is then killed as a whole.
        QProcess studio;
        studio.setChildProcessModifier([] { ::setsid(); });
        home.engine.start(studio, {"queue", "add", home.job("red"), home.job("blue"), "--device", "cpu"});
        const std::filesystem::path place = home.engine.path("home").toStdString();
        QVERIFY(QTest::qWaitFor([&] { return home.run("red").exists(); }, 60'000));
        const auto group = static_cast<pid_t>(studio.processId());
        if (group > 0)
            ::kill(-group, SIGKILL);
        QVERIFY(studio.state() == QProcess::NotRunning || studio.waitForFinished());
        QVERIFY(QTest::qWaitFor([&] { return home.state("blue") == core::RunState::Done; }, 120'000));
        home.verifyDoneOnce("red");
        home.verifyDoneOnce("blue");
        QVERIFY(QTest::qWaitFor([&] { return !jobs::queueWorker(place); }, 30'000));
        QCOMPARE(home.engine.run({"queue", "list", "--json"}).json()["entries"].size(), size_t(0));
    }

    void aKilledWorkerIsGoneOnForByTheNext_data()
    {
        QTest::addColumn<QString>("killAt");
        // tests/jobs/queue/queue_worker_test.cpp has more moments, without the cost of a real engine.
        for (const char* call : {"rename 2", "poll 1"})
            QTest::addRow("before %s", call) << QString::fromLatin1(call);
    }

    void aKilledWorkerIsGoneOnForByTheNext()
    {
        QFETCH(QString, killAt);
        Home home;
        QCOMPARE(
            home.engine
                .run({"queue", "add", home.job("red"), home.job("blue"), "--device", "cpu", "--no-start"})
                .exitCode,
            0);
        home.engine.set("LD_PRELOAD", QStringLiteral(KILL_AT_CALL));
        home.engine.set("FACET_KILL_AT", killAt);
        QProcess worker;
        home.engine.start(worker, {"queue", "run"});
        QVERIFY(worker.waitForFinished(120'000));
        QCOMPARE(worker.exitStatus(), QProcess::CrashExit);
        home.engine.unset("LD_PRELOAD");
        home.engine.unset("FACET_KILL_AT");
        const Outcome next = home.engine.run({"queue", "run"});
        QVERIFY2(next.exitCode == 0, next.error.constData());
        home.verifyDoneOnce("red");
        home.verifyDoneOnce("blue");
        QCOMPARE(home.engine.run({"queue", "list", "--json"}).json()["entries"].size(), size_t(0));
    }

    void aSweepIsCheckedQueuedAndShownAsATable()
    {
        const Home home;
        verifyRefused(home.engine.run({"queue", "add", home.job("red"), "--sweep", "lora.rank=4,-1"}), 2,
                      "with lora.rank=-1");
        verifyRefused(home.engine.run({"queue", "add", home.job("red"), "--sweep", "lora.rnak=4"}), 2,
                      "lora.rnak");
        QCOMPARE(home.engine.run({"queue", "list", "--json"}).json()["entries"].size(), size_t(0));
        const Outcome added = home.engine.run({"queue", "add", home.job("red"), "--device", "cpu",
                                               "--no-start", "--sweep", "lora.rank=4,8", "--json"});
        QVERIFY2(added.exitCode == 0, added.error.constData());
        QCOMPARE(added.json()["added"].size(), size_t(2));
        verifyRefused(home.engine.run({"queue", "remove", "green"}), 1, "no run \"green\"");
        QCOMPARE(home.engine.run({"queue", "move", "red-rank8", "1"}).exitCode, 0);
        const nlohmann::json list = home.engine.run({"queue", "list", "--json"}).json();
        QCOMPARE(list["entries"][0]["name"].get<std::string>(), std::string("red-rank8"));
        QCOMPARE(list["entries"][1]["why"].get<std::string>(), std::string("when red-rank8 has ended"));
        // What is queued does not change any more.
        home.write("red.json", "{}");
        const Outcome worked = home.engine.run({"queue"});
        QVERIFY2(worked.exitCode == 0, worked.error.constData());
        home.verifyDoneOnce("red-rank4");
        home.verifyDoneOnce("red-rank8");
        const nlohmann::json table = home.engine.run({"queue", "results", "red", "--json"}).json();
        QCOMPARE(table["runs"].size(), size_t(2));
        QCOMPARE(table["runs"][0]["state"].get<std::string>(), std::string("done"));
        QVERIFY(table["runs"][1]["training"]["best"].get<double>() > 0);
        const Outcome csv =
            home.engine.run({"queue", "results", "red", "--csv", home.engine.path("red.csv")});
        QVERIFY2(csv.exitCode == 0, csv.error.constData());
        QFile file(home.engine.path("red.csv"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray text = file.readAll();
        QVERIFY2(
            text.startsWith("run,lora.rank,state,step,steps,") && text.contains("\r\nred-rank8,8,done,2,2,"),
            text.constData());
    }
};

QTEST_GUILESS_MAIN(QueueTest)
#include "queue_test.moc"
