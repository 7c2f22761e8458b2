#include "core/run/run_folder.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

#include <unistd.h>

using namespace facet::core;

class RunFolderTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void checkpointsOfTwoRunsHaveNamesOfTheirOwn()
    {
        QCOMPARE(nameOfFolder("/home/runs/receipts/checkpoints/step-00000100"),
                 std::string("receipts-step-100"));
        QCOMPARE(nameOfFolder("/home/runs/signs/checkpoints/step-00000100/"), std::string("signs-step-100"));
        QCOMPARE(nameOfFolder("/models/gemma-3-4b-it"), std::string("gemma-3-4b-it"));
        QCOMPARE(nameOfFolder("/models/step-00000100"), std::string("step-00000100"));
        QCOMPARE(nameOfFolder("/runs/a/checkpoints/step-last"), std::string("step-last"));
        QCOMPARE(nameOfFolder("/checkpoints/step-00000100"), std::string("step-00000100"));
    }

    void statusIsReadAsItWasWritten()
    {
        const QTemporaryDir place;
        const RunFolder folder = {place.filePath("run").toStdString()};
        QVERIFY(!folder.exists());
        QVERIFY(folder.create());
        RunStatus status = RunStatus::ofThisProcess();
        status.state = RunState::Failed;
        status.message = "no \"room\"";
        status.step = 12;
        const Result<void> written = writeStatus(folder, status);
        QVERIFY2(written, reason(written));
        QVERIFY(folder.exists());
        const Result<RunStatus> read = readStatus(folder);
        QVERIFY2(read, reason(read));
        QCOMPARE(read->state, RunState::Failed);
        QCOMPARE(read->message, status.message);
        QCOMPARE(read->step, int64_t{12});
        QCOMPARE(read->pid, int64_t{::getpid()});
        QVERIFY(!read->bootId.empty());
        QVERIFY(read->processStart > 0);
    }

    void aPidMeansOneProcess()
    {
        RunStatus status = RunStatus::ofThisProcess();
        QCOMPARE(isAlive(status.process()), std::optional(true));
        RunStatus reused = status;
        reused.processStart += 1;
        QCOMPARE(isAlive(reused.process()), std::optional(false));
        RunStatus rebooted = status;
        rebooted.bootId = "another";
        QCOMPARE(isAlive(rebooted.process()), std::optional(false));
        status.host = "elsewhere";
        QCOMPARE(isAlive(status.process()), std::optional<bool>());
    }

    void aSecondStartIsRefusedWithTheFirstOnesProcess()
    {
        const QTemporaryDir place;
        const RunFolder folder = {place.path().toStdString()};
        QVERIFY(folder.create());
        QVERIFY(writeStatus(folder, RunStatus::ofThisProcess()));
        const Result<FileLock> first = folder.lock();
        QVERIFY2(first, reason(first));
        const Result<FileLock> second = folder.lock();
        QVERIFY(!second);
        QCOMPARE(second.error().code, ErrorCode::Unavailable);
        QVERIFY(second.error().message.find("by process " + std::to_string(::getpid())) != std::string::npos);
    }

    void onlyWholeCheckpointsCount()
    {
        const QTemporaryDir place;
        const RunFolder folder = {place.path().toStdString()};
        QVERIFY(folder.create());
        QCOMPARE(folder.checkpoint(100), folder.path / "checkpoints/step-00000100");
        for (const char* name : {"step-00000100", "step-00000020", "step-123456789", ".half-step-00000300.5",
                                 "step-", "step-1x"})
            std::filesystem::create_directories(folder.checkpoints() / name);
        QCOMPARE(folder.savedSteps(), (std::vector<int64_t>{20, 100, 123456789}));
    }
};

QTEST_GUILESS_MAIN(RunFolderTest)
#include "run_folder_test.moc"
