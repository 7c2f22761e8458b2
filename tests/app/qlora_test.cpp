// QLoRA as a user meets it, with the demo model: trained, gone on with, merged, asked over the very weights
// that it was trained over.

#include "core/run/run_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/losses.h"

#include <QFile>

using namespace facet;
using namespace facet::app;

class QloraTest final : public QObject {
    Q_OBJECT

    EngineProgram m_engine;
    core::RunFolder m_run = {m_engine.path("home/runs/small").toStdString()};

    QStringList train(const QStringList& more) const
    {
        return QStringList{"train", m_engine.path("job.json"), "--device", "cpu"} + more;
    }

    std::vector<double> losses() const { return core::lossesOf(m_run); }

private Q_SLOTS:
    void initTestCase()
    {
        QFile job(m_engine.path("job.json"));
        QVERIFY(job.open(QIODevice::WriteOnly));
        job.write(R"({"facet_job": 1, "name": "small", "model": "demo", "method": "qlora",
            "lora": {"targets": ["all-linear"], "dropout": 0.1},
            "data": {"sources": [{"path": "mock:text"}]}, "sequence_length": 48,
            "batch": {"global": 2, "micro": 1}, "steps": 6, "schedule": {"warmup_steps": 1},
            "precision": "fp32", "optimizer": {"lr": 0.003}, "saving": {"every_steps": 3}})");
    }

    void aRunGoesOnWithTheNumbersOfOneThatNeverEnded()
    {
        const Outcome whole = m_engine.run(train({}));
        QVERIFY2(whole.exitCode == 0, whole.error.constData());
        const std::vector<double> expected = losses();
        QCOMPARE(expected.size(), size_t{6});
        std::filesystem::remove_all(m_run.checkpoint(6));
        const Outcome again = m_engine.run(train({"--resume"}));
        QVERIFY2(again.exitCode == 0, again.error.constData());
        QCOMPARE(losses(), expected);
    }

    void mergingIntoTheOriginalWeightsIsSaid()
    {
        const QString checkpoint = QString::fromStdString(m_run.checkpoint(6).string());
        const Outcome merged = m_engine.run({"merge", "-m", "demo", "--adapter", checkpoint, "--out",
                                             m_engine.path("merged"), "--dtype", "float32"});
        QVERIFY2(merged.exitCode == 0, merged.error.constData());
        QVERIFY2(merged.error.contains("trained over 4-bit weights"), merged.error.constData());
        QVERIFY(QFile::exists(m_engine.path("merged/model.safetensors")));
        // What was written was opened again and asked: 64 tokens and a picture's 36 with its two marks.
        QVERIFY2(merged.error.contains("merged against adapter: scores differ by at most "),
                 merged.error.constData());
        QVERIFY2(merged.error.contains("102 of 102 likeliest tokens are the same"), merged.error.constData());
    }

    void itIsAskedOverTheWeightsThatItWasTrainedOver()
    {
        const QString checkpoint = QString::fromStdString(m_run.checkpoint(6).string());
        const Outcome answer =
            m_engine.run({"generate", "-m", "demo", "--device", "cpu", "--weights", "nf4", "--adapter",
                          checkpoint, "--prompt", "What is this?", "--max-tokens", "3"});
        QVERIFY2(answer.exitCode == 0, answer.error.constData());
    }

    void theLanguageModelCannotBeTrainedInFourBits()
    {
        verifyRefused(m_engine.run(train({"--new-name", "b", "freeze.language_model=false"})), 2, "4 bits");
    }
};

QTEST_GUILESS_MAIN(QloraTest)
#include "qlora_test.moc"
