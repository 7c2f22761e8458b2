// evaluate beside transformers and peft: the loss and the exact answers of rows with pictures, of the demo
// model and of an adapter on it.

#include "tests/app/engine_program.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QFile>

#include <cmath>

using namespace facet;
using namespace facet::app;
using nlohmann::json;

namespace {

constexpr int kNumRows = 12;

json peer(const QStringList& arguments)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(core::python(),
                  QStringList{QStringLiteral(SOURCE_DIR "/tests/peers/hf_losses.py")} + arguments);
    if (!process.waitForFinished(300'000) || process.exitCode() != 0)
        return {};
    return Outcome{0, process.readAllStandardOutput(), {}}.json();
}

void verifyNear(const json& ours, const json& theirs)
{
    const double loss = ours["loss"], expected = theirs["loss"];
    QVERIFY2(std::abs(loss - expected) <= 1e-5 * std::max(1.0, expected),
             qPrintable(QString("%1, not %2").arg(loss, 0, 'g', 9).arg(expected, 0, 'g', 9)));
    QCOMPARE(ours["exact"].get<int>(), theirs["exact"].get<int>());
}

}  // namespace

class EvaluatePeerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void lossAndExactAnswersAreTheirs()
    {
        if (!core::hasPythonPackages("peft, transformers"))
            QSKIP("no peft or transformers in .venv: ./dev setup --tests");
        const EngineProgram engine;
        const QString lesson = QStringLiteral(SOURCE_DIR "/resources/demo-data/reports/");
        // A lesson that is too short to be learned wholly, so that some answers are exact and some are not.
        const Outcome trained =
            engine.run({"train", lesson + "job.json", "--device", "cpu", "steps=30",
                        "validation.every_steps=0", "samples.every_steps=0", "dir=" + engine.path("run")});
        QVERIFY2(trained.exitCode == 0, trained.error.constData());
        const QString adapter = engine.path("run/checkpoints/step-00000030");

        QFile all(lesson + "heldout.jsonl");
        QVERIFY(all.open(QIODevice::ReadOnly));
        QFile rows(engine.path("rows.jsonl"));
        QVERIFY(rows.open(QIODevice::WriteOnly));
        for (int i = 0; i < kNumRows; ++i)
            rows.write(all.readLine());
        rows.close();
        const Outcome preview = engine.run({"data", "preview", "-m", "demo", rows.fileName(), "--image-root",
                                            lesson, "--rows", QString::number(kNumRows), "--json"});
        QVERIFY2(preview.exitCode == 0, preview.error.constData());
        QFile tokens(engine.path("tokens.jsonl"));
        QVERIFY(tokens.open(QIODevice::WriteOnly) && tokens.write(preview.out) > 0);
        tokens.close();

        const Outcome outcome =
            engine.run({"evaluate", "demo", "--adapter", adapter, "--data", rows.fileName(), "--image-root",
                        lesson, "--device", "cpu", "--json"});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        const json ours = outcome.json();
        const QString model = QStringLiteral(SOURCE_DIR "/resources/demo-model");
        const json base = peer({model, tokens.fileName()});
        const json tuned = peer({model, tokens.fileName(), "--adapter", adapter});
        qInfo("loss %.6f, tuned %.6f; exact %d and %d of %d", base["loss"].get<double>(),
              tuned["loss"].get<double>(), base["exact"].get<int>(), tuned["exact"].get<int>(),
              tuned["answers"].get<int>());
        QCOMPARE(ours["targets"].get<int>(), base["targets"].get<int>());
        QCOMPARE(ours["answers"].get<int>(), base["answers"].get<int>());
        verifyNear(ours["base"], base);
        verifyNear(ours["tuned"], tuned);
    }
};

QTEST_GUILESS_MAIN(EvaluatePeerTest)
#include "evaluate_peer_test.moc"
