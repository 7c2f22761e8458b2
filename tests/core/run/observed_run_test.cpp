// What a run is said to be: from its folder and from whether its process lives.

#include "core/run/observed_run.h"
#include "core/run/event_log.h"
#include "core/run/launch_record.h"
#include "tests/support/check.h"

#include <QDateTime>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

#include <fstream>
#include <memory>

using namespace facet::core;

class ObservedRunTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_place;
    std::filesystem::path place() const { return m_place->path().toStdString(); }

    RunFolder make(const std::string& name, const RunStatus& status)
    {
        RunFolder folder = {place() / name};
        if (!folder.create() || !writeStatus(folder, status))
            qFatal("cannot make a run");
        return folder;
    }

    static RunStatus running()
    {
        RunStatus status = RunStatus::ofThisProcess();
        status.state = RunState::Running;
        status.step = 480;
        status.numSteps = 1000;
        status.heartbeat = 1e9;
        return status;
    }

    static void append(const RunFolder& folder, int64_t step, double loss)
    {
        Result<EventLog> log = EventLog::open(folder.events());
        MetricEvent metric;
        metric.step = step;
        metric.loss = loss;
        metric.secondsLeft = 10;
        if (!log || !log->append({double(step), metric}))
            qFatal("cannot write an event");
    }

private Q_SLOTS:
    void init() { m_place = std::make_unique<QTemporaryDir>(); }

    void aRunIsLostWhenItsProcessIsGone()
    {
        RunStatus status = running();
        const RunFolder folder = make("signs", status);
        RunObserver observer({place()});
        QCOMPARE(observer.look().size(), size_t(1));
        QCOMPARE(observer.look()[0].condition, RunCondition::Running);
        QCOMPARE(observer.look()[0].pid, status.pid);
        ++status.processStart;  // the pid is used again
        QVERIFY(writeStatus(folder, status));
        QCOMPARE(observer.look()[0].condition, RunCondition::Lost);
        QCOMPARE(observer.look()[0].step, int64_t(480));
        append(folder, 483, 0.7);  // the status was not written again
        QCOMPARE(observer.look()[0].step, int64_t(483));
        status.bootId = "another";
        QVERIFY(writeStatus(folder, status));
        QCOMPARE(observer.look()[0].condition, RunCondition::Lost);
        status.state = RunState::Done;
        QVERIFY(writeStatus(folder, status));
        QCOMPARE(observer.look()[0].condition, RunCondition::Done);
        QVERIFY(std::filesystem::remove_all(folder.path) > 0);
        QVERIFY(observer.look().empty());
    }

    void aRunOnAnotherHostIsBelievedWhileItSpeaks()
    {
        RunStatus status = running();
        status.host = "elsewhere";
        const RunFolder folder = make("far", status);
        RunObserver observer({place()});
        QCOMPARE(observer.look()[0].condition, RunCondition::Silent);
        status.heartbeat = double(QDateTime::currentSecsSinceEpoch());
        QVERIFY(writeStatus(folder, status));
        QCOMPARE(observer.look()[0].condition, RunCondition::Running);
        QCOMPARE(observer.look()[0].pid, int64_t(0));
    }

    void aStartThatSaysNothingMoreHasFailedWithItsLastWords()
    {
        const RunFolder folder = {place() / "fresh"};
        QVERIFY(folder.create());
        LaunchRecord record = {RunStatus::ofThisProcess().process(), 2e9, "cpu"};
        QVERIFY(writeLaunch(folder.launch(), record));
        RunObserver observer({place()});
        QCOMPARE(observer.look()[0].condition, RunCondition::Starting);
        ++record.process.start;
        QVERIFY(writeLaunch(folder.launch(), record));
        std::ofstream(folder.launchLog()) << "note: the computer may go to sleep\n";
        QCOMPARE(observer.look()[0].message, std::string("its process ended before it said anything"));
        {
            QFile log(QString::fromStdString(folder.launchLog().string()));
            QVERIFY(log.open(QIODevice::WriteOnly));
            log.write("loading\nfacet-engine: no such model\n");
        }
        QCOMPARE(observer.look()[0].condition, RunCondition::Failed);
        QCOMPARE(observer.look()[0].message, std::string("facet-engine: no such model"));
        // A later status is the newer word.
        RunStatus status = running();
        status.heartbeat = 3e9;
        QVERIFY(writeStatus(folder, status));
        QCOMPARE(observer.look()[0].condition, RunCondition::Running);
    }

    void itsCurveHasWhatHoldsAfterAResume()
    {
        RunStatus status = running();
        status.state = RunState::Stopped;
        const RunFolder folder = make("curve", status);
        for (int64_t step = 1; step <= 8; ++step)
            append(folder, step, 10);
        for (int64_t step = 5; step <= 6; ++step)
            append(folder, step, 2);
        RunObserver observer({place()});
        const ObservedRun run = observer.look()[0];
        QCOMPARE(run.curve.size(), size_t(6));
        QCOMPARE(run.curve.back().step, int64_t(6));
        QCOMPARE(run.curve.back().loss, 2.0);
        QCOMPARE(run.secondsLeft, 10.0);
    }

    void tagsAndNotesAreKeptInItsFolder()
    {
        const RunFolder folder = make("noted", running());
        RunObserver observer({place()});
        QVERIFY(observer.look()[0].tags.empty());
        QVERIFY(writeNotes(folder, {{"best", "lr"}, "rank 8 was \"enough\"", ""}));
        QCOMPARE(observer.look()[0].tags, (std::vector<std::string>{"best", "lr"}));
        QCOMPARE(observer.look()[0].notes, std::string("rank 8 was \"enough\""));
    }

    void lookingAtTwoHundredRunsEachSecondTakesLessThanTwoPercent()
    {
        for (int i = 0; i < 200; ++i) {
            RunStatus status = running();
            status.state = i < 10 ? RunState::Running : RunState::Done;
            const RunFolder folder = make("run" + std::to_string(i), status);
            for (int64_t step = 1; step <= 100; ++step)
                append(folder, step, 1);
        }
        RunObserver observer({place()});
        QCOMPARE(observer.look().size(), size_t(200));
        const auto cpuSeconds = [] {
            rusage usage = {};
            ::getrusage(RUSAGE_SELF, &usage);
            return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
        };
        const double before = cpuSeconds();
        for (int i = 0; i < 20; ++i) {
            // The ten that run tell something each second.
            for (int run = 0; run < 10; ++run)
                QVERIFY(writeStatus({place() / ("run" + std::to_string(run))}, running()));
            observer.look();
        }
        const double each = (cpuSeconds() - before) / 20;
        qInfo("200 runs: %.1f ms of processor time a look", 1000 * each);
        QVERIFY2(each < 0.02, qPrintable(QString::number(each)));
    }
};

QTEST_GUILESS_MAIN(ObservedRunTest)
#include "observed_run_test.moc"
