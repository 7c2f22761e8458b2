// Training on an Energon folder, as a user sets it up, gives the losses of the same rows in a file.

#include "core/run/run_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"
#include "tests/support/losses.h"

#include <QFile>

using namespace facet;
using namespace facet::app;

namespace {

const QString kReports = QStringLiteral(SOURCE_DIR "/resources/demo-data/reports/");

/// A short run of the demo model on rows with pictures.
struct Trial {
    EngineProgram engine;

    /// Runs `train` on these sources; empty if it failed.
    std::vector<double> losses(const QString& name, const QByteArray& data,
                               const QStringList& more = {}) const
    {
        QFile file(engine.path(name + ".json"));
        [[maybe_unused]] const bool isOpen = file.open(QIODevice::WriteOnly);
        file.write(R"({"facet_job": 1, "name": ")" + name.toUtf8() + R"(", "model": "demo", "method": "lora",
            "lora": {"targets": ["q_proj"]}, "data": )" +
                   data + R"(, "sequence_length": 256,
            "batch": {"global": 2, "micro": 2}, "steps": 4, "schedule": {"type": "constant", "warmup_steps": 1},
            "precision": "fp32", "optimizer": {"lr": 0.003}})");
        file.close();
        const Outcome outcome = engine.run(QStringList{"train", file.fileName(), "--device", "cpu"} + more);
        if (outcome.exitCode != 0)
            qWarning("%s", outcome.error.constData());
        return core::lossesOf({engine.path("home/runs/" + name).toStdString()});
    }

    void prepare(const QString& folder, const QStringList& more = {}) const
    {
        const Outcome outcome = engine.run(
            QStringList{"data", "prepare", kReports + "train.jsonl", "--out", engine.path(folder)} + more);
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
    }
};

QByteArray source(const QString& path, const QByteArray& more = {})
{
    return R"({"sources": [{"path": ")" + path.toUtf8() + R"(")" + more + "}]}";
}

}  // namespace

class TrainDataTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anEnergonFolderTrainsAsTheSameRowsInAFileDo()
    {
        const Trial trial;
        trial.prepare("wds", {"--shard-size", "20K"});
        const std::vector<double> wanted = trial.losses("file", source(kReports + "train.jsonl"));
        QCOMPARE(wanted.size(), size_t{4});
        QCOMPARE(trial.losses("folder", source(trial.engine.path("wds"))), wanted);

        // Stopped half-way, it goes on with the samples that come next.
        QCOMPARE(trial.losses("halves", source(trial.engine.path("wds")), {"steps=2"}),
                 std::vector<double>(wanted.begin(), wanted.begin() + 2));
        QCOMPARE(trial.losses("halves", source(trial.engine.path("wds")), {"--resume"}), wanted);
    }
};

QTEST_GUILESS_MAIN(TrainDataTest)
#include "train_data_test.moc"
