// estimate --probe and train --probe: what two steps of the demo model's job take, and what is said where
// memory does not suffice.

#include "tests/app/engine_program.h"

#include <QFile>
#include <QFileInfo>

using namespace facet;
using namespace facet::app;
using nlohmann::json;

class EstimateProbeTest final : public QObject {
    Q_OBJECT

    EngineProgram m_engine;

    QStringList command(const QStringList& more) const
    {
        return QStringList{"estimate", m_engine.path("job.json"), "--device", "cpu"} + more;
    }

    void write(const char* name, const QByteArray& text) const
    {
        QFile file(m_engine.path(QLatin1String(name)));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text) == text.size());
    }

private Q_SLOTS:
    void initTestCase()
    {
        QByteArray rows;
        for (int i = 0; i < 12; ++i)
            rows +=
                QStringLiteral(
                    R"({"messages":[{"role":"user","content":"%1?"},{"role":"assistant","content":"%1."}]})")
                    .arg(i)
                    .toUtf8() +
                "\n";
        write("rows.jsonl", rows);
        write("job.json", R"({"facet_job": 1, "name": "small", "model": "demo", "method": "lora",
            "lora": {"targets": ["q_proj"]}, "data": {"sources": [{"path": "rows.jsonl"}]},
            "sequence_length": 96, "batch": {"global": 8, "micro": 2}, "steps": 10, "precision": "fp32"})");
    }

    void memoryAndTimeAreMeasuredAndRemembered()
    {
        const Outcome before = m_engine.run(command({"--json"}));
        QVERIFY2(before.exitCode == 0, before.error.constData());
        QVERIFY(!before.json().contains("seconds_per_step"));

        const Outcome probed = m_engine.run(command({"--probe", "--json"}));
        QVERIFY2(probed.exitCode == 0, probed.error.constData());
        const json probe = probed.json()["probe"];
        QVERIFY(probe["fits"].get<bool>());
        QCOMPARE(probe["passes"].get<int>(), 2);
        QCOMPARE(probe["passes_of_a_step"].get<int>(), 4);
        QCOMPARE(probe["rows"].get<std::string>(), std::string("of the job"));
        QVERIFY(probe["memory_bytes"].get<double>() > 50e6);
        double seconds = 0;
        for (const char* part : {"data", "forward", "backward", "optimizer"})
            seconds += probe["seconds"][part].get<double>();
        QVERIFY(std::abs(seconds / probe["seconds_per_step"].get<double>() - 1) < 1e-9);
        QVERIFY(probe["tokens_per_second"].get<double>() > 0);
        QVERIFY2(probed.error.contains("step 1 of 2: the longest samples"), probed.error.constData());
        QVERIFY2(probed.error.contains("step 2 of 2: rows of the job"), probed.error.constData());

        const Outcome after = m_engine.run(command({"--json"}));
        QVERIFY(after.json().contains("seconds_per_step"));
        QVERIFY(!QFileInfo::exists(m_engine.path("home/runs/small")));
    }

    void trainTellsTheSame()
    {
        const Outcome probed =
            m_engine.run({"train", m_engine.path("job.json"), "--device", "cpu", "--probe"});
        QVERIFY2(probed.exitCode == 0, probed.error.constData());
        QVERIFY2(probed.out.contains("memory at the peak"), probed.out.constData());
        QVERIFY2(probed.out.contains("2 of 4 passes of a step"), probed.out.constData());
        QVERIFY(!QFileInfo::exists(m_engine.path("home/runs/small")));
    }

    void withoutDataSamplesAreMadeUp()
    {
        const Outcome probed =
            m_engine.run(command({"--probe", "--json", R"(data.sources=[{"path": "nowhere/rows.jsonl"}])"}));
        QVERIFY2(probed.exitCode == 0, probed.error.constData());
        QCOMPARE(probed.json()["probe"]["rows"].get<std::string>(), std::string("made up"));
        QVERIFY2(probed.error.contains("nowhere/rows.jsonl"), probed.error.constData());
    }

    /// As on a machine with so much memory: the step's 40,960 tokens want more.
    void tooLittleMemoryIsAnAnswerWithEdits()
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("FACET_HOME"), m_engine.path("home"));
        process.setProcessEnvironment(environment);
        process.start(QStringLiteral("prlimit"),
                      QStringList{"--data=1200000000", QStringLiteral(FACET_ENGINE_PROGRAM)} +
                          command({"--probe", "--json", "sequence_length=2048", "batch.global=20",
                                   "batch.micro=20", "activation_checkpointing=none"}));
        if (!process.waitForStarted())
            QSKIP("no prlimit, which takes memory away: util-linux");
        QVERIFY(process.waitForFinished(110'000));
        const QByteArray out = process.readAllStandardOutput();
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QVERIFY2(process.exitCode() == 1, process.readAllStandardError().constData());
        const json answer = json::parse(out.begin(), out.end(), nullptr, false);
        QVERIFY2(answer.is_object(), out.constData());
        QVERIFY(!answer["probe"]["fits"].get<bool>());
        const auto message = answer["probe"]["message"].get<std::string>();
        QVERIFY2(message.find("out of memory") != std::string::npos, message.c_str());
        const auto& edits = answer["probe"]["edits"];
        QVERIFY(!edits.empty() && edits.size() <= 3);
        QVERIFY(edits[0]["changes"].contains("batch.micro"));
    }

    void aProbeIsOfThisMachine()
    {
        const Outcome both =
            m_engine.run({"estimate", m_engine.path("job.json"), "--probe", "--gpu-memory", "80"});
        QVERIFY(both.exitCode != 0);
        QVERIFY2(both.error.contains("--gpu-memory"), both.error.constData());
    }
};

QTEST_GUILESS_MAIN(EstimateProbeTest)
#include "estimate_probe_test.moc"
