// train as a user runs it, with the demo model: it is killed, told to save and to stop, started twice.

#include "core/run/run_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"
#include "tests/support/losses.h"
#include "tests/support/sum_rows.h"

#include <QFile>

#include <signal.h>

using namespace facet;
using namespace facet::app;

namespace {

constexpr int kNumSteps = 16;
constexpr int kSavedEvery = 4;

/// A run of one job in a home of its own.
struct Run {
    EngineProgram engine;
    core::RunFolder folder;
    QString job;

    Run()
    {
        job = engine.path("job.json");
        folder = {engine.path("home/runs/sums").toStdString()};
        write("rows.jsonl", sumRows(12));
        write("job.json", QString(R"({"facet_job": 1, "name": "sums", "model": "demo", "method": "lora",
            "lora": {"targets": ["q_proj", "v_proj"], "dropout": 0.1},
            "data": {"sources": [{"path": "rows.jsonl"}]}, "sequence_length": 64,
            "batch": {"global": 2, "micro": 1}, "steps": %1, "schedule": {"warmup_steps": 2},
            "precision": "fp32", "optimizer": {"lr": 0.003}, "saving": {"every_steps": %2}})")
                              .arg(kNumSteps)
                              .arg(kSavedEvery)
                              .toUtf8());
    }

    void write(const QString& name, const QByteArray& bytes) const
    {
        QFile file(engine.path(name));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
    }

    QStringList command(const QStringList& more = {}) const
    {
        return QStringList{"train", job, "--device", "cpu"} + more;
    }

    std::vector<double> losses() const { return core::lossesOf(folder); }

    bool hasStep(size_t step) const { return losses().size() >= step; }

    core::RunState state() const
    {
        const auto status = core::readStatus(folder);
        return status ? status->state : core::RunState::Starting;
    }
};

}  // namespace

class TrainTest final : public QObject {
    Q_OBJECT

    std::vector<double> m_losses;  // of a run that nobody disturbed

private Q_SLOTS:
    void aJobBecomesARun()
    {
        const Run run;
        const Outcome outcome = run.engine.run(run.command());
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(run.state(), core::RunState::Done);
        m_losses = run.losses();
        QCOMPARE(m_losses.size(), size_t{kNumSteps});
        QVERIFY(m_losses.back() < m_losses.front());
        QVERIFY(std::filesystem::exists(run.folder.checkpoint(kNumSteps) / "adapter_model.safetensors"));

        verifyRefused(run.engine.run(run.command()), 2, "there is a run in");
        const Outcome named = run.engine.run(run.command({"--new-name", "again", "steps=1"}));
        QVERIFY2(named.exitCode == 0, named.error.constData());
    }

    void aKilledRunGoesOnAsIfNothingHadBeen()
    {
        const Run run;
        for (const size_t step : {2, 5, 9, 13}) {  // before the first checkpoint, then between others
            QProcess process;
            run.engine.start(process, run.command({"--resume"}));
            QVERIFY(QTest::qWaitFor([&] { return run.hasStep(step); }, 60'000));
            process.kill();
            QVERIFY(process.waitForFinished());
        }
        const Outcome outcome = run.engine.run(run.command({"--resume"}));
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(run.losses(), m_losses);
        for (const auto& entry : std::filesystem::directory_iterator(run.folder.checkpoints()))
            QVERIFY(entry.path().filename().string().starts_with("step-"));
    }

    void whatIsSavedOutlivesTwentyDeaths()
    {
        // Killed before the n-th file gets its name or is flushed: in the midst of a checkpoint, of an event,
        // of status.json, from the first of them on. Each attempt goes on from what the one before left.
        Run run;
        run.engine.set("LD_PRELOAD", QStringLiteral(KILL_AT_CALL));
        int numDeaths = 0;
        for (const char* call : {"rename", "fsync"})
            for (int at = 1; at <= 10; ++at) {
                run.engine.set("FACET_KILL_AT", QString("%1 %2").arg(call).arg(at));
                QProcess process;
                run.engine.start(process, run.command({"--resume"}));
                QVERIFY(process.waitForFinished(60'000));
                const QByteArray error = process.readAllStandardError();
                QVERIFY2(process.exitStatus() == QProcess::CrashExit || process.exitCode() == 0,
                         error.constData());
                numDeaths += process.exitStatus() == QProcess::CrashExit;
            }
        run.engine.unset("LD_PRELOAD");
        const Outcome outcome = run.engine.run(run.command({"--resume"}));
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        qInfo("killed %d times", numDeaths);
        QCOMPARE(run.losses(), m_losses);
        for (const auto& entry : std::filesystem::directory_iterator(run.folder.checkpoints()))
            QVERIFY(entry.path().filename().string().starts_with("step-"));
    }

    void signalsSaveAndStop()
    {
        const Run run;
        QProcess process;
        run.engine.start(process, run.command({"steps=100000"}));
        QVERIFY(QTest::qWaitFor([&] { return run.hasStep(1); }, 60'000));
        QCOMPARE(run.state(), core::RunState::Running);

        verifyRefused(run.engine.run(run.command({"--resume"})), 1, "is being trained already, by process");

        const auto pid = static_cast<pid_t>(process.processId());
        ::kill(pid, SIGUSR1);
        ::kill(pid, SIGTERM);
        QVERIFY(process.waitForFinished(60'000));
        QCOMPARE(process.exitCode(), 75);
        QCOMPARE(run.state(), core::RunState::Stopped);
        const int64_t numSteps = std::ssize(run.losses());
        QCOMPARE(run.folder.savedSteps().back(), numSteps);

        // By itself from the run's folder.
        const QString folder = QString::fromStdString(run.folder.path.string());
        const Outcome outcome =
            run.engine.run({"train", folder, "--device", "cpu", QString("steps=%1").arg(numSteps + 2)});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(std::ssize(run.losses()), numSteps + 2);
    }

    void changedDataAreRefusedUnlessTold()
    {
        const Run run;
        const Outcome first = run.engine.run(run.command({"steps=4"}));
        QVERIFY2(first.exitCode == 0, first.error.constData());
        run.write("rows.jsonl",
                  R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})");
        const Outcome refused = run.engine.run(run.command({"--resume"}));
        QCOMPARE(refused.exitCode, 2);
        QVERIFY2(refused.error.contains("was trained with other data"), refused.error.constData());
        QCOMPARE(run.state(), core::RunState::Failed);
        const Outcome told = run.engine.run(run.command({"--resume", "--accept-changes"}));
        QVERIFY2(told.exitCode == 0, told.error.constData());
    }

    void changedRowsToValidateOnAreRefusedUnlessTold()
    {
        const Run run;
        const char* const row =
            R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})";
        run.write("held_out.jsonl", row);
        const QStringList more = {"data.validation.path=" + run.engine.path("held_out.jsonl"),
                                  "validation.every_steps=2", "steps=4"};
        const Outcome first = run.engine.run(run.command(more));
        QVERIFY2(first.exitCode == 0, first.error.constData());
        run.write("held_out.jsonl", QByteArray(row).replace("\"b\"", "\"c\""));
        const QStringList again = QStringList{"--resume"} + more + QStringList{"steps=6"};
        const Outcome refused = run.engine.run(run.command(again));
        QCOMPARE(refused.exitCode, 2);
        QVERIFY2(refused.error.contains("was validated on other rows"), refused.error.constData());
        const Outcome told = run.engine.run(run.command(again + QStringList{"--accept-changes"}));
        QVERIFY2(told.exitCode == 0, told.error.constData());
    }

    void whatIsAskedDuringTrainingIsAnsweredWithoutDropout()
    {
        const Run run;
        const Outcome outcome = run.engine.run(run.command(
            {"steps=2", "samples.every_steps=1", "samples.prompts=[{\"prompt\": \"3 and 1?\"}]"}));
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        int numSamples = 0;
        const auto events = core::EventReader(run.folder.events()).poll();
        QVERIFY(events);
        for (const core::RunEvent& event : *events)
            numSamples += std::holds_alternative<core::SampleEvent>(event.what);
        QVERIFY2(numSamples == 2, outcome.error.constData());
    }

    void aDryRunTellsTheJobAndStartsNothing()
    {
        const Run run;
        const Outcome outcome = run.engine.run(run.command({"--dry-run", "lora.rank=3"}));
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        const QByteArray text = outcome.out.left(outcome.out.indexOf("\n\n"));
        const auto job = nlohmann::json::parse(text.begin(), text.end());
        QCOMPARE(job["lora"]["rank"].get<int>(), 3);
        QCOMPARE(job["parallel"]["nodes"].get<int>(), 1);
        // q_proj 192 -> 256 and v_proj 192 -> 128 of 8 layers, 128 -> 128 both of 5 in the tower
        QVERIFY2(outcome.out.contains("26.1 k"), outcome.out.constData());
        QVERIFY(outcome.out.contains("activations"));
        QVERIFY(!run.folder.exists());
    }

    void whatTheEngineCannotDoIsSaid()
    {
        const Run run;
        verifyRefused(run.engine.run(run.command({"parallel.gpus_per_node=2"})), 2,
                      "parallel.gpus_per_node makes it 2 GPUs");
        verifyRefused(run.engine.run(run.command({"lora.targets=[\"no_proj\"]"})), 2, "no_proj");
    }
};

QTEST_GUILESS_MAIN(TrainTest)
#include "train_test.moc"
