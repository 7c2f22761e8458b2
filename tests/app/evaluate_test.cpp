// evaluate as a user runs it: its loss is that of training's validation, and an answer is exact where
// generate writes it.

#include "core/run/evaluation_report.h"
#include "core/run/event_log.h"
#include "core/run/run_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"

#include <QFile>

#include <signal.h>
#include <cmath>

using namespace facet;
using namespace facet::app;
using nlohmann::json;

namespace {

constexpr int kNumRows = 40;

QByteArray row(const QString& question, const QString& answer)
{
    return QStringLiteral(
               R"({"messages":[{"role":"user","content":"%1"},{"role":"assistant","content":"%2"}]})")
               .arg(question, answer)
               .toUtf8() +
           "\n";
}

}  // namespace

class EvaluateTest final : public QObject {
    Q_OBJECT

    EngineProgram m_engine;

    QString write(const QString& name, const QByteArray& bytes) const
    {
        QFile file(m_engine.path(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("cannot write");
        return file.fileName();
    }

    json evaluated(const QStringList& arguments) const
    {
        const Outcome outcome =
            m_engine.run(QStringList{"evaluate", "demo", "--device", "cpu", "--json"} + arguments);
        if (outcome.exitCode != 0)
            qWarning("%s", outcome.error.constData());
        return outcome.json();
    }

private Q_SLOTS:
    void theLossIsThatOfTrainingsValidation()
    {
        QByteArray rows;
        for (int i = 0; i < kNumRows; ++i)
            rows += row(QString("%1 and 1?").arg(i), QString("%1.").arg(i + 1));
        const QString data = write("sums.jsonl", rows);
        const QString job = write("job.json", R"({"name": "sums", "model": "demo",
            "lora": {"targets": ["q_proj", "v_proj"]},
            "data": {"sources": [{"path": "sums.jsonl"}], "validation": {"fraction": 0.3, "seed": 5}},
            "sequence_length": 64, "batch": {"global": 4, "micro": 2}, "steps": 8, "precision": "fp32",
            "schedule": {"warmup_steps": 0}, "optimizer": {"lr": 0.01}, "validation": {"every_steps": 8}})");
        const Outcome outcome = m_engine.run({"train", job, "--device", "cpu"});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QVERIFY2(outcome.error.contains("rows that are not trained on"), outcome.error.constData());

        const core::RunFolder run = {m_engine.path("home/runs/sums").toStdString()};
        core::ValidationEvent validation;
        core::EventReader reader(run.events());
        const core::Result<std::vector<core::RunEvent>> told = reader.poll();
        QVERIFY2(told, core::reason(told));
        for (const core::RunEvent& event : *told)
            if (const auto* found = std::get_if<core::ValidationEvent>(&event.what))
                validation = *found;
        QCOMPARE(validation.step, 8);

        const json result =
            evaluated({"--adapter", QString::fromStdString(run.checkpoint(8).string()), "--data", data,
                       "--held-out", "0.3", "--seed", "5", "--sequence-length", "64"});
        QCOMPARE(result["targets"].get<int64_t>(), validation.targets);
        const double tuned = result["tuned"]["loss"].get<double>();
        QVERIFY2(std::abs(tuned - validation.loss) <= 1e-6 * validation.loss,
                 qPrintable(QString("%1, not %2").arg(tuned, 0, 'g', 9).arg(validation.loss, 0, 'g', 9)));
        QVERIFY(tuned < result["base"]["loss"].get<double>() - 0.1);
        QCOMPARE(result["tuned"]["perplexity"].get<double>(), std::exp(tuned));
        // The base by itself, and one after the other the rows' losses.
        const json alone = evaluated({"--data", data, "--held-out", "0.3", "--seed", "5"});
        QCOMPARE(alone["model"]["loss"].get<double>(), result["base"]["loss"].get<double>());
        QVERIFY(result["worst"][0]["tuned"]["loss"] >= result["worst"][1]["tuned"]["loss"]);
        QVERIFY(result["best"][0]["tuned"]["loss"] <= result["worst"][2]["tuned"]["loss"]);
        QCOMPARE(result["worst"].size(), size_t{3});
        QVERIFY(QString::fromStdString(result["worst"][0]["place"]).contains("sums.jsonl line "));

        // By the run's name alone: the same rows, the same numbers, and a file that says so.
        const QString folder = QString::fromStdString(run.path.string());
        const QString out = folder + "/evaluations/first.json";
        const Outcome own =
            m_engine.run({"evaluate", "--run", folder, "--device", "cpu", "--json", "--out", out});
        QVERIFY2(own.exitCode == 0, own.error.constData());
        QVERIFY(own.json()["base"] == result["base"]);
        QVERIFY(own.json()["tuned"] == result["tuned"]);
        QVERIFY(own.json()["worst"] == result["worst"]);
        const std::vector<std::filesystem::path> files = core::evaluationFiles(run);
        QCOMPARE(files.size(), size_t{1});
        const core::Result<core::EvaluationReport> report = core::readEvaluation(files.front());
        QVERIFY2(report, core::reason(report));
        QVERIFY(json(core::toJson(*report)) == own.json());
        QCOMPARE(report->step, 8);
        QVERIFY(report->isOwnData);
        QCOMPARE(report->data, data.toStdString());
        QCOMPARE(report->measures.back().loss, tuned);
        QCOMPARE(report->worst.size(), size_t{3});
        QVERIFY(report->worst[0].answers[1].text.has_value());
        verifyRefused(m_engine.run({"evaluate", "--run", folder, "--step", "7"}), 2,
                      "no checkpoint of step 7");
        verifyRefused(m_engine.run({"evaluate", "demo", "--run", folder}), 2, "leave out the others");
    }

    void aFullFineTuneIsMeasuredBesideItsBase()
    {
        QByteArray rows;
        for (int i = 0; i < 12; ++i)
            rows += row(QString("%1 and 1?").arg(i), QString("%1.").arg(i + 1));
        const QString data = write("few.jsonl", rows);
        const QString job = write("full.json", R"({"name": "all", "model": "demo", "method": "full",
            "data": {"sources": [{"path": "few.jsonl"}]}, "sequence_length": 64, "batch": {"global": 4, "micro": 2},
            "steps": 4, "precision": "fp32", "schedule": {"warmup_steps": 0}, "optimizer": {"lr": 0.001}})");
        const Outcome trained = m_engine.run({"train", job, "--device", "cpu"});
        QVERIFY2(trained.exitCode == 0, trained.error.constData());
        const QString run = m_engine.path("home/runs/all");
        verifyRefused(m_engine.run({"evaluate", "--run", run, "--device", "cpu"}), 2, "validates on no rows");
        m_engine.set("FACET_PROGRESS", "1");
        const Outcome outcome =
            m_engine.run({"evaluate", "--run", run, "--device", "cpu", "--data", data, "--json"});
        m_engine.unset("FACET_PROGRESS");
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QVERIFY2(outcome.error.contains("\nreading rows with the tuned model 100 %\n"),
                 outcome.error.constData());
        const json result = outcome.json();
        const json base = evaluated({"--data", data, "--sequence-length", "64"});
        QVERIFY(result["base"] == base["model"]);
        QVERIFY(result["tuned"]["loss"] < result["base"]["loss"].get<double>() - 0.1);
        QCOMPARE(result["step"].get<int>(), 4);
        QVERIFY(!result["own_data"].get<bool>());
    }

    void anAnswerIsExactWhereGenerateWritesIt()
    {
        // Questions that the demo model knows, each with its own answer as generate gives it, or with
        // another.
        QByteArray right, wrong;
        for (const char* question : {"Hello!", "Who are you?", "What is Facet?"}) {
            const Outcome answer = m_engine.run({"generate", "-m", "demo", "-p", question, "--device", "cpu",
                                                 "--temperature", "0", "--json"});
            QVERIFY2(answer.exitCode == 0, answer.error.constData());
            const QString text = QString::fromStdString(answer.json()["text"]);
            right += row(question, text);
            wrong += row(question, "No " + text);
        }
        const QString data = write("mixed.jsonl", right + wrong);
        const json result = evaluated({"--data", data, "--show", "6"});
        QCOMPARE(result["answers"].get<int>(), 6);
        QCOMPARE(result["model"]["exact"].get<int>(), 3);
        for (const json& sample : result["best"]) {
            const bool isSame = sample["expected"] == sample["model"]["answer"];
            const int line = QString::fromStdString(sample["place"]).section(' ', -1).toInt();
            QCOMPARE(isSame, line <= 3);
        }
    }

    void badRowsAreRefusedOrLeftOut()
    {
        const QString data = write("bad.jsonl", row("a", "b") + "{\"messages\": 3}\n" + row("c", "d"));
        const Outcome refused = m_engine.run({"evaluate", "demo", "--device", "cpu", "--data", data});
        QCOMPARE(refused.exitCode, 2);
        QVERIFY2(refused.error.contains("bad.jsonl line 2"), refused.error.constData());
        const json result = evaluated({"--data", data, "--skip-bad"});
        QCOMPARE(result["samples"].get<int>(), 2);
        QCOMPARE(result["left_out"].get<int>(), 1);
        const json two = evaluated({"--data", data, "--skip-bad", "--max-samples", "2"});
        QCOMPARE(two["samples"].get<int>() + two["left_out"].get<int>(), 2);

        verifyRefused(m_engine.run({"evaluate", "--data", data}), 2, "needs a model");
        verifyRefused(m_engine.run({"evaluate", "demo"}), 2, "needs rows");
        verifyRefused(m_engine.run({"evaluate", "demo", "--device", "cpu", "--data", "/nowhere.jsonl"}), 1,
                      "/nowhere.jsonl");
    }

    void itCanBeInterrupted()
    {
        QByteArray rows;
        for (int i = 0; i < 20'000; ++i)
            rows += i % 2 == 0 ? row(QString("%1 and 1?").arg(i), QString("%1.").arg(i + 1))
                               : QByteArray("{\"messages\": 3}\n");
        QProcess process;
        m_engine.start(process, {"evaluate", "demo", "--device", "cpu", "--skip-bad", "--data",
                                 write("long.jsonl", rows)});
        QByteArray said;
        QVERIFY(QTest::qWaitFor(
            [&] {
                said += process.readAllStandardError();
                return said.contains("left out: ");  // it is reading rows
            },
            60'000));
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(60'000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 130);
        QVERIFY(process.readAllStandardOutput().isEmpty());
    }
};

QTEST_GUILESS_MAIN(EvaluateTest)
#include "evaluate_test.moc"
