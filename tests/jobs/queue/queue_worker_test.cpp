// A worker with a small program in the engine's place: a run says that it is there, and ends when it is told.

#include "jobs/queue/queue_worker.h"
#include "core/base/file.h"
#include "core/run/run_folder.h"
#include "jobs/queue/queue_report.h"
#include "tests/support/check.h"

#include <QCoreApplication>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

using namespace facet;
using namespace facet::jobs;

namespace {

/// A worker in a thread.
class Working {
public:
    Working(const std::filesystem::path& home, const std::filesystem::path& engine) : m_stop(::eventfd(0, 0))
    {
        m_thread = std::thread([this, home, engine] { work(home, engine); });
    }
    ~Working()
    {
        stop();
        m_thread.join();
        ::close(m_stop);
    }
    void stop() const
    {
        const uint64_t one = 1;
        if (::write(m_stop, &one, sizeof(one)) != sizeof(one))
            qFatal("cannot stop the worker");
    }
    bool isOver() const { return m_isOver; }
    const core::Result<QueueWorked>& result() const { return m_result; }
    std::string said()
    {
        const std::lock_guard lock(m_mutex);
        return m_said;
    }

private:
    void work(const std::filesystem::path& home, const std::filesystem::path& engine)
    {
        QueueWork work = {home, engine, m_stop, {}};
        work.say = [this](const std::string& sentence) {
            const std::lock_guard lock(m_mutex);
            m_said += sentence + "\n";
        };
        m_result = workQueue(work);
        m_isOver = true;
    }

    int m_stop;
    std::atomic<bool> m_isOver = false;
    core::Result<QueueWorked> m_result = QueueWorked();
    std::mutex m_mutex;
    std::string m_said;
    std::thread m_thread;
};

}  // namespace

class QueueWorkerTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::filesystem::path home() const { return m_home->path().toStdString(); }
    static std::filesystem::path engine() { return SOURCE_DIR "/tests/jobs/queue/fake_run.sh"; }
    QueueFile file() const { return QueueFile(home()); }

    void write(const std::filesystem::path& path, const std::string& text) const
    {
        if (const core::Result<void> done = core::writeFileAtomically(path, text); !done)
            qFatal("%s", done.error().message.c_str());
    }

    void add(const std::string& name, const std::string& device = "cpu", std::vector<int64_t> after = {})
    {
        const core::Result<void> added = file().edit([&](RunQueue& queue) -> core::Result<void> {
            QueueEntry entry;
            entry.name = name;
            entry.folder = home() / "runs" / name;
            entry.host = thisHost();
            entry.devices = {device};
            entry.after = std::move(after);
            const core::Result<int64_t> id = addEntry(queue, entry);
            if (!id)
                return id.error();
            write(file().jobFile(*id), "{\"facet_job\": 1, \"name\": \"" + name + "\"}");
            return {};
        });
        if (!added)
            qFatal("%s", added.error().message.c_str());
    }

    std::string starts() const
    {
        const core::Result<std::string> text = core::readFile(home() / "starts", 1 << 16);
        return text ? *text : "";
    }

    core::RunState stateOf(const std::string& name) const
    {
        const auto status = core::readStatus({home() / "runs" / name});
        return status ? status->state : core::RunState::Starting;
    }

    std::string waiting() const
    {
        std::string names;
        const core::Result<RunQueue> queue = file().read();
        for (const QueueEntry& entry : queue->entries)
            names += entry.name + " ";
        return names;
    }

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
    }

    void runsFollowEachOtherOnADeviceAndGoSideBySideOnTwo()
    {
        add("wait1");
        add("wait2");
        add("wait3", "cuda:0");
        Working worker(home(), engine());
        QTRY_VERIFY_WITH_TIMEOUT(
            stateOf("wait1") == core::RunState::Running && stateOf("wait3") == core::RunState::Running,
            30'000);
        QCOMPARE(queueWorker(home()), std::optional<int64_t>(::getpid()));
        QVERIFY(!std::filesystem::exists(home() / "runs/wait2"));
        add("four");  // while it works
        write(home() / "go-wait1", "");
        QTRY_COMPARE_WITH_TIMEOUT(stateOf("wait2"), core::RunState::Running, 30'000);
        QVERIFY(!worker.isOver());
        write(home() / "go-wait2", "");
        write(home() / "go-wait3", "");
        QTRY_VERIFY_WITH_TIMEOUT(worker.isOver(), 30'000);
        QVERIFY2(worker.result(), reason(worker.result()));
        QCOMPARE(worker.result()->numDone, int64_t(4));
        QCOMPARE(worker.result()->numFailed, int64_t(0));
        QCOMPARE(waiting(), std::string());
        QCOMPARE(queueWorker(home()), std::optional<int64_t>());
        QCOMPARE(std::filesystem::exists(file().jobFile(1)), false);
        const std::string all = starts();
        QCOMPARE(std::ranges::count(all, '\n'), std::ptrdiff_t(4));
        QVERIFY(all.find("wait2 cpu\nfour cpu\n") != std::string::npos);
    }

    void aRunThatFailsStopsOnlyThoseThatComeAfterIt()
    {
        add("bad");
        add("child", "cpu", {1});
        add("grandchild", "cpu", {2});
        add("other");
        Working worker(home(), engine());
        QTRY_VERIFY_WITH_TIMEOUT(worker.isOver(), 30'000);
        QVERIFY2(worker.result(), reason(worker.result()));
        QCOMPARE(worker.result()->numDone, int64_t(1));
        QCOMPARE(worker.result()->numFailed, int64_t(3));
        QCOMPARE(starts(), std::string("bad cpu\nother cpu\n"));
        QCOMPARE(waiting(), std::string("bad child grandchild "));
        for (const char* words :
             {"bad: failed, out of memory\n", "child: skipped, it comes after bad, which failed\n",
              "grandchild: skipped, it comes after child, which was skipped\n"})
            QVERIFY2(worker.said().find(words) != std::string::npos, worker.said().c_str());
    }

    void whatComesAfterAPausedRunWaitsWithoutAWorker()
    {
        add("pause");
        add("later", "cpu", {1});
        Working worker(home(), engine());
        QTRY_VERIFY_WITH_TIMEOUT(worker.isOver(), 30'000);
        QCOMPARE(starts(), std::string("pause cpu\n"));
        QCOMPARE(waiting(), std::string("pause later "));
    }

    void aRunThatCannotBeStartedIsSaidToHaveFailed()
    {
        add("one");
        add("two");
        Working worker(home(), home() / "nothing");
        QTRY_VERIFY_WITH_TIMEOUT(worker.isOver(), 30'000);
        QCOMPARE(worker.result()->numFailed, int64_t(2));
        QCOMPARE(stateOf("one"), core::RunState::Failed);
        const core::Result<RunQueue> queue = file().read();
        const QueueReport report = reportOn(*queue, observeRuns(*queue, home()), thisHost());
        QVERIFY2(report.entries[0].words.find("nothing") != std::string::npos,
                 report.entries[0].words.c_str());
    }

    void thereIsOneWorkerAndItMayStopWhileRunsGoOn()
    {
        add("wait1");
        add("wait2");
        {
            Working worker(home(), engine());
            QTRY_COMPARE_WITH_TIMEOUT(stateOf("wait1"), core::RunState::Running, 30'000);
            Working second(home(), engine());
            QTRY_VERIFY_WITH_TIMEOUT(second.isOver(), 30'000);
            QVERIFY(!second.result());
            QCOMPARE(second.result().error().code, core::ErrorCode::Unavailable);
            worker.stop();
            QTRY_VERIFY_WITH_TIMEOUT(worker.isOver(), 30'000);
        }
        QCOMPARE(stateOf("wait1"), core::RunState::Running);
        Working next(home(), engine());  // finds what runs, and starts nothing twice
        write(home() / "go-wait1", "");
        write(home() / "go-wait2", "");
        QTRY_VERIFY_WITH_TIMEOUT(next.isOver(), 30'000);
        QCOMPARE(starts(), std::string("wait1 cpu\nwait2 cpu\n"));
    }

    void aWorkerThatIsKilledBetweenTwoOfItsStepsIsGoneOnFor_data()
    {
        QTest::addColumn<QString>("killAt");
        for (const char* call : {"rename 1", "rename 2", "rename 3", "rename 4", "rename 5", "fork 1",
                                 "waitpid 1", "waitpid 2", "poll 1", "poll 2"})
            QTest::addRow("before %s", call) << QString::fromLatin1(call);
    }

    void aWorkerThatIsKilledBetweenTwoOfItsStepsIsGoneOnFor()
    {
        if (!QFile::exists(QStringLiteral(KILL_AT_CALL)))
            QSKIP("what ends a process at a call is not built (FACET_ENGINE=OFF)");
        QFETCH(QString, killAt);
        add("one");
        add("two");
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("FACET_TEST_WORKER"), QStringLiteral("1"));
        environment.insert(QStringLiteral("LD_PRELOAD"), QStringLiteral(KILL_AT_CALL));
        environment.insert(QStringLiteral("FACET_KILL_AT"), killAt);
        QProcess worker;
        worker.setProcessEnvironment(environment);
        worker.start(QCoreApplication::applicationFilePath(), {});
        QVERIFY(worker.waitForFinished(30'000));
        QCOMPARE(worker.exitStatus(), QProcess::CrashExit);
        Working next(home(), engine());
        QTRY_VERIFY_WITH_TIMEOUT(next.isOver(), 30'000);
        QVERIFY2(next.result(), reason(next.result()));
        QCOMPARE(starts(), std::string("one cpu\ntwo cpu\n"));
        QCOMPARE(stateOf("one"), core::RunState::Done);
        QCOMPARE(stateOf("two"), core::RunState::Done);
        QCOMPARE(waiting(), std::string());
    }

    void aDamagedQueueEndsTheWorkerInWords()
    {
        write(file().file(), R"({"version": 7})");
        Working worker(home(), engine());
        QTRY_VERIFY_WITH_TIMEOUT(worker.isOver(), 30'000);
        QVERIFY(!worker.result());
        QVERIFY(worker.result().error().message.find("newer Facet") != std::string::npos);
    }
};

/// With FACET_TEST_WORKER it is no test but a worker, which can be killed.
int main(int argc, char** argv)
{
    if (qEnvironmentVariableIsSet("FACET_TEST_WORKER"))
        return workQueue({qEnvironmentVariable("FACET_HOME").toStdString(),
                          SOURCE_DIR "/tests/jobs/queue/fake_run.sh", -1, [](const std::string&) {}})
                   ? 0
                   : 1;
    QCoreApplication application(argc, argv);
    QueueWorkerTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "queue_worker_test.moc"
