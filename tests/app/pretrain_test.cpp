// Pretraining as a user runs it: the same seed gives the same model, a stopped run ends as one that was not,
// a vision tower is taken as it is, and what cannot be is said.

#include "core/models/model_folder.h"
#include "tests/app/pretrain_case.h"
#include "tests/support/check.h"

using namespace facet;
using namespace facet::app;

class PretrainTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theSameSeedGivesTheSameModelWithAnyNumberOfThreads()
    {
        PretrainCase pretraining;
        const QStringList once = {"steps=1", "optimizer.lr=0"};  // the weights as they were drawn
        QVERIFY(pretraining.train("a", once).exitCode == 0);
        pretraining.engine.set("OMP_NUM_THREADS", "3");
        QVERIFY(pretraining.train("b", once).exitCode == 0);
        QVERIFY(pretraining.train("c", once + QStringList{"seed=7"}).exitCode == 0);
        const QByteArray first = pretraining.weights("a", 1);
        QVERIFY(first.size() > 100'000);
        QVERIFY(pretraining.weights("b", 1) == first);
        QVERIFY(pretraining.weights("c", 1) != first);
    }

    void aStoppedRunEndsAsOneThatWasNot()
    {
        const PretrainCase pretraining;
        const Outcome whole = pretraining.train("whole");
        QVERIFY2(whole.exitCode == 0, whole.error.constData());
        const Outcome begun = pretraining.train("parts", {"steps=4"});
        QVERIFY2(begun.exitCode == 0, begun.error.constData());
        const Outcome ended =
            pretraining.engine.run({"train", pretraining.run("parts"), "--device", "cpu", "steps=10"});
        QVERIFY2(ended.exitCode == 0, ended.error.constData());
        QVERIFY(!pretraining.weights("whole", 10).isEmpty());
        QVERIFY(pretraining.weights("parts", 10) == pretraining.weights("whole", 10));

        const Outcome other = pretraining.engine.run(
            {"train", pretraining.run("parts"), "--device", "cpu", "steps=12", "seed=7"});
        QCOMPARE(other.exitCode, 2);
        QVERIFY2(other.error.contains("was trained with another base model"), other.error.constData());
    }

    void aVisionTowerIsTakenAsItIs()
    {
        const PretrainCase pretraining(kVisionShape);
        const Outcome outcome = pretraining.train(
            "seeing", {"steps=2", "pretrain.vision_tower=demo", "freeze.vision_tower=true"});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        const auto made = core::ModelFolder::open(pretraining.checkpoint("seeing", 2).toStdString());
        const auto demo = core::ModelFolder::open(SOURCE_DIR "/resources/demo-model");
        QVERIFY2(made, core::reason(made));
        QVERIFY2(made->accounting.isComplete(), made->accounting.inWords().c_str());
        QCOMPARE(made->config.imageTokenId, demo->config.imageTokenId);
        QCOMPARE(made->config.text.vocabSize, demo->config.text.vocabSize);
        const std::string name = "vision_tower.encoder.layers.4.mlp.fc2.weight";
        const core::TensorView &ours = made->tensors.at(name), &theirs = demo->tensors.at(name);
        QCOMPARE(ours.shape, theirs.shape);
        const auto* widened = reinterpret_cast<const uint32_t*>(ours.bytes.data());  // float32 of bfloat16
        const auto* stored = reinterpret_cast<const uint16_t*>(theirs.bytes.data());
        for (size_t index = 0; index < theirs.bytes.size() / 2; ++index)
            QCOMPARE(widened[index], uint32_t{stored[index]} << 16);
    }

    void whatCannotBeIsSaid()
    {
        const PretrainCase pretraining;
        verifyRefused(pretraining.train("x", {"pretrain.tokenizer=nobody"}), 1, "pretrain.tokenizer");
        verifyRefused(pretraining.train("x", {"pretrain.vision_tower=demo"}), 2, "the model reads text only");
        verifyRefused(pretraining.train("x", {"model.base=/nowhere/config.json"}), 1, "/nowhere/config.json");
        const PretrainCase seeing(QString::fromStdString(kVisionShape)
                                      .replace("\"num_hidden_layers\": 5", "\"num_hidden_layers\": 4")
                                      .toStdString());
        verifyRefused(seeing.train("x", {"pretrain.vision_tower=demo"}), 2, "another shape");
        const Outcome noTokenizer = pretraining.train("y", {"pretrain.tokenizer="});
        QCOMPARE(noTokenizer.exitCode, 2);
        QVERIFY2(noTokenizer.error.contains("no tokenizer"), noTokenizer.error.constData());
    }

    void theRecipesCanBePlanned()
    {
        const PretrainCase pretraining;
        for (const char* size : {"270m", "1b", "4b", "12b", "27b"}) {
            pretraining.write(
                "plan.json",
                QString(R"({"name": "plan", "recipe": "gemma3_%1_pretrain"})").arg(size).toUtf8());
            const Outcome outcome =
                pretraining.engine.run({"train", pretraining.engine.path("plan.json"), "--dry-run"});
            QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
            QVERIFY2(outcome.out.contains("starts from random weights"), outcome.out.constData());
        }
    }
};

QTEST_GUILESS_MAIN(PretrainTest)
#include "pretrain_test.moc"
