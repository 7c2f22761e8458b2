// A run of the real engine, started in the background, watched from its folder, killed and gone on with.

#include "core/base/file.h"
#include "core/run/observed_run.h"
#include "core/run/run_history.h"
#include "core/run/run_signal.h"
#include "jobs/launch/launch.h"
#include "tests/support/check.h"

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using namespace facet;

class RealRunTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;
    QString m_engine = QStringLiteral(ENGINE);

    std::filesystem::path home() const { return m_home.path().toStdString(); }

private Q_SLOTS:
    void initTestCase()
    {
        if (qEnvironmentVariableIsSet("FACET_TEST_ENGINE"))
            m_engine = qEnvironmentVariable("FACET_TEST_ENGINE");
        if (!QFile::exists(m_engine))
            QSKIP("facet-engine was not built (FACET_ENGINE=OFF)");
        qputenv("FACET_HOME", m_home.path().toUtf8());
        std::string rows;
        for (int i = 0; i < 16; ++i)
            rows +=
                R"({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "red"}]})"
                "\n";
        QVERIFY(core::writeFileAtomically(home() / "rows.jsonl", rows));
        QVERIFY(core::writeFileAtomically(home() / "job.json", R"({"facet_job": 1, "name": "red",
            "model": {"base": "demo"}, "method": "lora", "precision": "fp32", "steps": 100000,
            "lora": {"targets": ["*.language_model.*.linear_qkv"], "rank": 4},
            "data": {"sources": [{"path": "rows.jsonl"}]}, "sequence_length": 64,
            "batch": {"global": 2, "micro": 2}, "schedule": {"warmup_steps": 0}})"));
    }

    void aKilledRunIsLostWithItsStepAndGoesOnFromWhatWasSaved()
    {
        core::RunObserver observer({home() / "runs"});
        const auto look = [&] { return observer.look().empty() ? core::ObservedRun() : observer.look()[0]; };
        const core::Result<jobs::Launched> started =
            jobs::launch({m_engine.toStdString(), home() / "job.json", "cpu", {}});
        QVERIFY2(started, reason(started));
        QTRY_VERIFY_WITH_TIMEOUT(look().condition == core::RunCondition::Running && look().step > 2, 40'000);
        QVERIFY(core::sendSignal(core::ProcessIdentity::of(look().pid), SIGUSR1));
        const core::RunFolder folder = {started->folder};
        QTRY_VERIFY_WITH_TIMEOUT(!folder.savedSteps().empty(), 20'000);
        const int64_t saved = folder.savedSteps().back();
        QTRY_VERIFY_WITH_TIMEOUT(look().step > saved + 2, 20'000);
        QVERIFY(core::sendSignal(core::ProcessIdentity::of(look().pid), SIGKILL));
        QTRY_COMPARE(look().condition, core::RunCondition::Lost);
        QVERIFY(look().step >= saved);
        const core::Result<core::HistoryReader::News> before = core::HistoryReader(folder.events()).poll();
        QVERIFY(before);
        QVERIFY(before->history.metrics.steps.back() > saved);

        const core::Result<jobs::Launched> resumed =
            jobs::launch({m_engine.toStdString(), folder.path, "cpu", {}});
        QVERIFY2(resumed, reason(resumed));
        QCOMPARE(look().condition, core::RunCondition::Starting);
        core::HistoryReader reader(folder.events());
        core::RunHistory history;
        QTRY_VERIFY_WITH_TIMEOUT(
            (history.append(std::move(reader.poll()->history)), !history.resumes.empty()), 40'000);
        QCOMPARE(std::get<core::ResumeEvent>(history.resumes[0].what).fromStep, saved);
        QTRY_COMPARE_WITH_TIMEOUT(look().condition, core::RunCondition::Running, 20'000);
        QVERIFY(core::sendSignal(core::ProcessIdentity::of(look().pid), SIGTERM));
        QTRY_COMPARE_WITH_TIMEOUT(look().condition, core::RunCondition::Stopped, 30'000);
        history.append(std::move(reader.poll()->history));
        for (size_t i = 0; i < history.metrics.size(); ++i)  // each step once, none left out
            QCOMPARE(history.metrics.steps[i], int64_t(i + 1));
    }
};

QTEST_GUILESS_MAIN(RealRunTest)
#include "real_run_test.moc"
