// facet-engine score beside Hugging Face transformers, on models of random shapes, made anew from each seed.

#include "tests/app/engine_program.h"
#include "tests/app/run_peer.h"

#include <QDir>

using namespace facet;
using namespace facet::app;

namespace {

constexpr int kNumModels = 24;

}  // namespace

class ScorePeerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("torch, transformers, safetensors"))
            QSKIP("no .venv/bin/python with torch and transformers");
    }

    void logitsOfRandomModelsAreTransformers()
    {
        const EngineProgram engine;
        // FACET_FIRST_SEED=100 tries others.
        const int first = qEnvironmentVariableIntValue("FACET_FIRST_SEED");
        QVERIFY(runPeer("random_model.py", {QString::number(first), engine.path("models"), "--count",
                                            QString::number(kNumModels), "--logits"}));
        QStringList pairs;
        for (int seed = first; seed < first + kNumModels; ++seed) {
            const QString folder = engine.path("models/" + QString::number(seed));
            const Outcome scored =
                engine.run({"score", "-m", folder + "/model", "--device", "cpu", "--dtype", "float32",
                            "--input", folder + "/input.jsonl", "--out", folder + "/facet.safetensors"});
            QVERIFY2(scored.exitCode == 0, (QByteArray::number(seed) + ": " + scored.error).constData());
            pairs << folder + "/transformers.safetensors" << folder + "/facet.safetensors";
        }
        QVERIFY(runPeer("compare_logits.py", pairs));
    }

    void conversationsWithPicturesAreReadAsTransformersReadsThem()
    {
        const EngineProgram engine;
        const QString model = QStringLiteral(SOURCE_DIR "/resources/demo-model");
        // Every 24th held-out question: all kinds, with two pictures, and follow-ups. Paths are relative to
        // the file.
        QFile all(QStringLiteral(SOURCE_DIR "/tests/demo_model/heldout.jsonl"));
        QFile some(engine.path("input.jsonl"));
        QVERIFY(all.open(QIODevice::ReadOnly) && some.open(QIODevice::WriteOnly));
        QVERIFY(QFile::link(QStringLiteral(SOURCE_DIR "/tests/demo_model/heldout"), engine.path("heldout")));
        const QList<QByteArray> lines = all.readAll().trimmed().split('\n');
        for (qsizetype i = 0; i < lines.size(); i += 24)
            some.write(lines[i] + '\n');
        some.close();
        const Outcome scored = engine.run({"score", "-m", model, "--device", "cpu", "--input",
                                           some.fileName(), "--out", engine.path("facet.safetensors")});
        QVERIFY2(scored.exitCode == 0, scored.error.constData());
        QVERIFY(runPeer("hf_logits.py", {model, some.fileName(), engine.path("transformers.safetensors")}));
        QVERIFY(runPeer("compare_logits.py",
                        {engine.path("transformers.safetensors"), engine.path("facet.safetensors")}));
    }
};

QTEST_GUILESS_MAIN(ScorePeerTest)
#include "score_peer_test.moc"
