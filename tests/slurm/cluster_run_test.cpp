// The exported script on a real cluster: it trains, is told to save, is preempted, starts again, is
// cancelled. What happened is read from the run's folder, as the Runs page does.

#include "core/run/event_log.h"
#include "core/run/run_folder.h"
#include "jobs/job/job_json.h"
#include "jobs/slurm/script.h"
#include "tests/slurm/slurm_cluster.h"
#include "tests/support/check.h"
#include "tests/support/sum_rows.h"

#include <QElapsedTimer>
#include <QFile>

using namespace facet;
using namespace facet::jobs;

namespace {

constexpr int kNumSteps = 60;

bool writeFile(const QString& path, const QByteArray& bytes)
{
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

}  // namespace

class ClusterRunTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<SlurmCluster> m_cluster;
    std::vector<double> m_losses;  // of the run that nobody disturbed

    core::RunFolder folderOf(const QString& name) const
    {
        return {m_cluster->path("runs/" + name).toStdString()};
    }

    std::vector<double> losses(const QString& name) const
    {
        core::EventReader reader(folderOf(name).events());
        std::vector<core::RunEvent> history;
        if (const auto events = reader.poll())
            core::addEvents(history, *events);
        std::vector<double> losses;
        for (const core::RunEvent& event : history)
            if (const auto* metric = std::get_if<core::MetricEvent>(&event.what))
                losses.push_back(metric->loss);
        return losses;
    }

    core::RunState stateOf(const QString& name) const
    {
        const auto status = core::readStatus(folderOf(name));
        return status ? status->state : core::RunState::Starting;
    }

    /// Writes the script of a run and submits it; the job's number, or "" with a warning.
    QByteArray submit(const QString& name) const
    {
        const auto settings = readJobFile(m_cluster->path("job.json").toStdString());
        if (!settings)
            return qWarning("%s", settings.error().message.c_str()), QByteArray();
        Settings named = *settings;
        named["name"] = name.toStdString();
        ClusterProfile profile;
        profile.name = "loopback";
        profile.engine = FACET_ENGINE_PROGRAM;
        profile.runs = m_cluster->path("runs").toStdString();
        profile.partition = "low";
        profile.time = "30:00";
        profile.saveBeforeEnd = 60;
        profile.environment = {{"OMP_NUM_THREADS", "1"},
                               {"FACET_HOME", m_cluster->path("home").toStdString()}};
        const auto script = batchScript(TrainingTask{*jobFrom(named), {}}, profile);
        if (!script || !writeFile(m_cluster->path(name + ".sbatch"), QByteArray::fromStdString(*script)))
            return qWarning("no script"), QByteArray();
        const auto submitted = m_cluster->run("sbatch", {"--parsable", name + ".sbatch"});
        if (submitted.exitCode != 0)
            qWarning("%s", submitted.error.constData());
        return submitted.out.trimmed();
    }

    /// What the script and the engine wrote, for failures.
    QByteArray outputOf(const QString& name) const
    {
        QFile file(m_cluster->path(name + ".slurm.out"));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("(nothing written)");
    }

    /// SLURM holds a job that starts again back for two minutes, until all of its first start is gone. Here
    /// that is seconds.
    bool waitForStart(const QByteArray& job, int restarts) const
    {
        QElapsedTimer pending;
        return QTest::qWaitFor(
            [&] {
                const QByteArray about = m_cluster->about(job);
                if (!about.contains("JobState=PENDING"))
                    pending.invalidate();
                else if (!pending.isValid())
                    pending.start();
                else if (pending.elapsed() > 4000)
                    m_cluster->run("scontrol",
                                   {"update", "JobId=" + QString::fromLatin1(job), "StartTime=now"});
                return about.contains("Restarts=" + QByteArray::number(restarts) + " ") &&
                       about.contains("JobState=RUNNING");
            },
            60'000);
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_cluster = std::make_unique<SlurmCluster>();
        if (m_cluster->isMissing())
            QSKIP(m_cluster->problem().constData());
        QVERIFY2(m_cluster->problem().isEmpty(), m_cluster->problem().constData());
        QVERIFY(writeFile(m_cluster->path("rows.jsonl"), sumRows(12)));
        QVERIFY(writeFile(m_cluster->path("job.json"),
                          QString(R"({"facet_job": 1, "name": "sums", "model": {"base": "demo"},
            "method": "lora", "lora": {"targets": ["q_proj", "v_proj"], "dropout": 0.1}, "data": {"sources": [{"path": "rows.jsonl"}]},
            "sequence_length": 64, "batch": {"global": 4, "micro": 1}, "steps": %1, "schedule": {"warmup_steps": 2},
            "precision": "fp32", "optimizer": {"lr": 0.003}, "saving": {"every_steps": 10}})")
                              .arg(kNumSteps)
                              .toUtf8()));
    }

    void cleanupTestCase() { m_cluster.reset(); }

    void theExportedScriptTrains()
    {
        const QByteArray job = submit("calm");
        QVERIFY(!job.isEmpty());
        QVERIFY2(QTest::qWaitFor([&] { return stateOf("calm") == core::RunState::Done; }, 120'000),
                 outputOf("calm").constData());
        m_losses = losses("calm");
        QCOMPARE(m_losses.size(), size_t{kNumSteps});
        QCOMPARE(core::readStatus(folderOf("calm"))->slurmJobId, job.toStdString());
        QVERIFY(
            QTest::qWaitFor([&] { return m_cluster->about(job).contains("JobState=COMPLETED"); }, 30'000));
    }

    void aDisturbedRunEndsWithTheSameCurve()
    {
        const QByteArray job = submit("rough");
        QVERIFY(!job.isEmpty());
        QVERIFY2(QTest::qWaitFor([&] { return losses("rough").size() >= 5; }, 120'000),
                 outputOf("rough").constData());

        // The time is over soon: saved by the signal, queued again by the script.
        QCOMPARE(m_cluster->run("scancel", {"--batch", "--signal=USR1", QString::fromLatin1(job)}).exitCode,
                 0);
        QVERIFY2(waitForStart(job, 1), (outputOf("rough") + m_cluster->about(job)).constData());
        QVERIFY2(outputOf("rough").contains("saved; queued again, restart 1 of 3"),
                 outputOf("rough").constData());
        const size_t saved = losses("rough").size();
        QVERIFY(saved >= 5 && saved < kNumSteps);
        QVERIFY2(QTest::qWaitFor([&] { return losses("rough").size() >= saved + 3; }, 120'000),
                 outputOf("rough").constData());

        // A job of more weight takes all nodes: SLURM preempts and queues again by itself, once.
        const auto high = m_cluster->run(
            "sbatch", {"--parsable", "--partition=high", "--nodes=3", "--exclusive", "--wrap=true"});
        QCOMPARE(high.exitCode, 0);
        QVERIFY2(waitForStart(job, 2), (outputOf("rough") + m_cluster->about(job)).constData());

        // A node that fails: killed without a word, and nobody starts it again but the user, with the same
        // file.
        QVERIFY2(QTest::qWaitFor([&] { return losses("rough").size() >= saved + 6; }, 120'000),
                 outputOf("rough").constData());
        QVERIFY(losses("rough").size() < kNumSteps);
        m_cluster->run("scancel", {"--signal=KILL", QString::fromLatin1(job)});
        QVERIFY(QTest::qWaitFor([&] { return !m_cluster->about(job).contains("JobState=RUNNING"); }, 60'000));
        const auto again = m_cluster->run("sbatch", {"--parsable", "rough.sbatch"});
        QCOMPARE(again.exitCode, 0);
        QVERIFY2(QTest::qWaitFor([&] { return stateOf("rough") == core::RunState::Done; }, 120'000),
                 outputOf("rough").constData());
        QCOMPARE(losses("rough"), m_losses);
        QVERIFY(m_cluster->about(again.out.trimmed()).contains("Restarts=0 "));
    }

    void aCancelledRunStaysCancelled()
    {
        const QByteArray job = submit("dropped");
        QVERIFY(!job.isEmpty());
        QVERIFY2(QTest::qWaitFor([&] { return losses("dropped").size() >= 3; }, 120'000),
                 outputOf("dropped").constData());
        QCOMPARE(m_cluster->run("scancel", {QString::fromLatin1(job)}).exitCode, 0);
        QVERIFY2(
            QTest::qWaitFor([&] { return m_cluster->about(job).contains("JobState=CANCELLED"); }, 60'000),
            m_cluster->about(job).constData());
        QVERIFY(QTest::qWaitFor([&] { return stateOf("dropped") == core::RunState::Stopped; }, 60'000));
        QVERIFY2(!outputOf("dropped").contains("queued again"), outputOf("dropped").constData());
        QVERIFY(!folderOf("dropped").savedSteps().empty());
    }
};

QTEST_GUILESS_MAIN(ClusterRunTest)
#include "cluster_run_test.moc"
