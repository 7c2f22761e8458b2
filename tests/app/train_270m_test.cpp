// Twenty LoRA steps of the real Gemma 3 270M on resources/demo-data/quality.txt have the losses of
// transformers and peft, with the same rows and first weights, in float32.

#include "core/run/event_log.h"
#include "core/run/run_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QFile>

using namespace facet;
using namespace facet::app;

namespace {

constexpr int kNumSteps = 20, kNumRows = 3, kLength = 40;

QByteArray fromPython(const QStringList& arguments)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(core::python(), arguments);
    if (!process.waitForFinished(900'000) || process.exitCode() != 0)
        qFatal("%s failed", qPrintable(arguments.first()));
    return process.readAllStandardOutput();
}

}  // namespace

class Train270mTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void lossesAreThoseOfTransformersAndPeft()
    {
        if (!core::hasPythonPackages("peft, transformers"))
            QSKIP("no peft or transformers in .venv: ./dev setup --tests");
        const QString peers = QStringLiteral(SOURCE_DIR "/tests/peers/");
        const QString text = QStringLiteral(SOURCE_DIR "/resources/demo-data/quality.txt");
        const QString model =
            QString::fromUtf8(fromPython({peers + "gemma3_270m.py", "--print-dir"}).trimmed());
        const EngineProgram engine;

        const Outcome preview =
            engine.run({"data", "preview", "-m", model, text, "--rows", QString::number(kNumRows),
                        "--sequence-length", QString::number(kLength), "--train-on-all", "--json"});
        QVERIFY2(preview.exitCode == 0, preview.error.constData());
        QFile rows(engine.path("rows.jsonl"));
        QVERIFY(rows.open(QIODevice::WriteOnly) && rows.write(preview.out) > 0);
        rows.close();
        fromPython({peers + "hf_lora_losses.py", model, rows.fileName(), engine.path("adapter"),
                    engine.path("losses.json"), "--steps", QString::number(kNumSteps)});
        QFile losses(engine.path("losses.json"));
        QVERIFY(losses.open(QIODevice::ReadOnly));
        const auto expected =
            nlohmann::json::parse(losses.readAll().toStdString()).get<std::vector<double>>();

        const nlohmann::json job = {
            {"name", "real"},
            {"dir", engine.path("run").toStdString()},
            {"model", model.toStdString()},
            {"lora", {{"rank", 8}, {"alpha", 16}, {"init_adapter", engine.path("adapter").toStdString()}}},
            {"data",
             {{"sources", {{{"path", text.toStdString()}}}}, {"max_samples", kNumRows}, {"train_on", "all"}}},
            {"sequence_length", kLength},
            {"batch", {{"global", kNumRows}}},  // all rows in each step: their order does not matter
            {"steps", kNumSteps},
            {"schedule", {{"type", "constant"}, {"warmup_steps", 0}}},
            {"optimizer", {{"lr", 1e-3}}},
            {"precision", "fp32"},
            {"saving", {{"every_minutes", 0}}}};
        QFile file(engine.path("job.json"));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(QByteArray::fromStdString(job.dump())) > 0);
        file.close();
        const Outcome outcome = engine.run({"train", file.fileName(), "--device", "cpu"});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());

        size_t step = 0;
        core::EventReader events(core::RunFolder{engine.path("run").toStdString()}.events());
        const core::Result<std::vector<core::RunEvent>> told = events.poll();
        QVERIFY2(told, core::reason(told));
        for (const core::RunEvent& event : *told)
            if (const auto* metric = std::get_if<core::MetricEvent>(&event.what)) {
                const double difference = metric->loss - expected.at(step++);
                QVERIFY2(std::abs(difference) <= 1e-3,
                         qPrintable(QString("step %1: off by %2").arg(step).arg(difference)));
            }
        QCOMPARE(step, size_t{kNumSteps});
        QVERIFY(expected.back() < expected.front() - 1);  // it was worth comparing
    }
};

QTEST_GUILESS_MAIN(Train270mTest)
#include "train_270m_test.moc"
