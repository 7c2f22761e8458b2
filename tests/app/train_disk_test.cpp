// A run whose disk is full, or may not be written: a file system of its own that only the engine sees.

#include "core/run/run_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/losses.h"
#include "tests/support/sum_rows.h"

#include <QDir>
#include <QFile>

using namespace facet;
using namespace facet::app;

namespace {

constexpr int kNoNamespaces = 99;

/// A job of some steps with a checkpoint after each.
struct Disk {
    EngineProgram engine;
    QString job = engine.path("job.json");
    QString place = engine.path("disk");  ///< where the file system is, for the engine alone
    core::RunFolder after = {engine.path("after").toStdString()};  ///< a copy of what was left there

    Disk()
    {
        write(engine.path("rows.jsonl"), sumRows(8));
        write(job, R"({"name": "full", "model": "demo", "lora": {"targets": ["q_proj", "v_proj"]},
            "data": {"sources": [{"path": "rows.jsonl"}]}, "sequence_length": 64,
            "batch": {"global": 2}, "steps": 8, "precision": "fp32", "logging": {"tensorboard": false},
            "saving": {"every_steps": 1, "keep_best": 8}})");
        QDir().mkpath(place);
    }

    static void write(const QString& path, const QByteArray& bytes)
    {
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("cannot write");
    }

    /// Runs the job in a mount namespace in which `mount` was called for `place`.
    Outcome train(const QStringList& mount) const
    {
        const QString script = QStringLiteral(
            "disk=$1 after=$2; shift 2; mount $MOUNT \"$disk\" || exit 99; "
            "\"$@\"; code=$?; cp -a \"$disk/run\" \"$after\" 2>/dev/null; exit $code");
        return engine.runOther(
            "unshare",
            QStringList{"-rm", "sh", "-c", QString(script).replace("$MOUNT", mount.join(' ')), "sh", place,
                        QString::fromStdString(after.path.string()), FACET_ENGINE_PROGRAM, "train", job,
                        "dir=" + place + "/run", "--device", "cpu"});
    }
};

}  // namespace

class TrainDiskTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aFullDiskCostsCheckpointsButNotTheRun()
    {
        const Disk whole;
        const Outcome undisturbed = whole.engine.run({"train", whole.job, "--device", "cpu"});
        QVERIFY2(undisturbed.exitCode == 0, undisturbed.error.constData());
        const core::RunFolder wanted = {whole.engine.path("home/runs/full").toStdString()};
        QCOMPARE(core::lossesOf(wanted).size(), size_t{8});

        // Room for some checkpoints, not for all.
        const Disk disk;
        const Outcome outcome = disk.train({"-t", "tmpfs", "-o", "size=8m", "none"});
        if (outcome.exitCode == kNoNamespaces || outcome.error.contains("unshare failed"))
            QSKIP("needs mount namespaces (unshare -rm)");
        QCOMPARE(outcome.exitCode, 1);
        QVERIFY2(outcome.error.contains("the checkpoint was not written: cannot write"),
                 outcome.error.constData());
        QVERIFY2(outcome.error.trimmed().split('\n').last().contains("No space left on device"),
                 outcome.error.constData());
        QCOMPARE(core::lossesOf(disk.after), core::lossesOf(wanted));  // it went on to its last step
        const std::vector<int64_t> saved = disk.after.savedSteps();
        QVERIFY(!saved.empty() && saved.back() < 8);
        for (const auto& entry : std::filesystem::directory_iterator(disk.after.checkpoints()))
            QVERIFY2(entry.path().filename().string().starts_with("step-"), entry.path().c_str());
        QCOMPARE(core::readStatus(disk.after)->state, core::RunState::Failed);

        // Carried to a disk with room, it goes on from the newest that is whole.
        const Outcome resumed =
            disk.engine.run({"train", QString::fromStdString(disk.after.path.string()), "--device", "cpu"});
        QVERIFY2(resumed.exitCode == 0, resumed.error.constData());
        QCOMPARE(core::lossesOf(disk.after), core::lossesOf(wanted));
        QCOMPARE(disk.after.savedSteps().back(), int64_t{8});
    }

    void aFolderThatMayNotBeWrittenIsNamed()
    {
        const Disk disk;
        const Outcome outcome = disk.train({"-t", "tmpfs", "-o", "ro", "none"});
        if (outcome.exitCode == kNoNamespaces || outcome.error.contains("unshare failed"))
            QSKIP("needs mount namespaces (unshare -rm)");
        QCOMPARE(outcome.exitCode, 1);
        const QByteArray last = outcome.error.trimmed().split('\n').last();
        QVERIFY2(last.contains("disk/run") && last.contains("Read-only file system"),
                 outcome.error.constData());
    }
};

QTEST_GUILESS_MAIN(TrainDiskTest)
#include "train_disk_test.moc"
