// The queue and a sweep's results as models, with files as they lie in a home.

#include "ui/runs/queue_list.h"
#include "core/base/file.h"
#include "core/run/event_log.h"
#include "jobs/queue/sweep_results.h"
#include "ui/runs/sweep_table.h"

#include <QAbstractItemModelTester>
#include <QPersistentModelIndex>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace facet;

namespace {

ui::QueueList::Row made(int64_t id, const char* name, jobs::EntryState state)
{
    ui::QueueList::Row row;
    row.entry.id = id;
    row.entry.name = name;
    row.entry.devices = {"cuda:0"};
    row.report.state = state;
    row.report.words = "after blue";
    return row;
}

}  // namespace

class QueueListTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::filesystem::path home() const { return m_home->path().toStdString(); }

    int64_t add(const std::string& name, std::vector<int64_t> after)
    {
        int64_t id = 0;
        const core::Result<void> added =
            jobs::QueueFile(home()).edit([&](jobs::RunQueue& queue) -> core::Result<void> {
                jobs::QueueEntry entry;
                entry.name = name;
                entry.folder = home() / "runs" / name;
                entry.host = jobs::thisHost();
                entry.devices = {"cpu"};
                entry.after = std::move(after);
                entry.sweep = "sums";
                const core::Result<int64_t> done = jobs::addEntry(queue, entry);
                id = done ? *done : 0;
                return {};
            });
        if (!added || id == 0)
            qFatal("not added");
        return id;
    }

private Q_SLOTS:
    void init() { m_home = std::make_unique<QTemporaryDir>(); }

    void rowsFollowTheQueueAndIndexesStayWithTheirs()
    {
        using enum jobs::EntryState;
        ui::RunList runs({});
        ui::QueueList list(runs, home(), "/nothing");
        const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
        ui::QueueList::Seen seen;
        seen.rows = {made(1, "a", UnderWay), made(2, "b", Waiting), made(3, "c", Waiting)};
        list.take(seen);
        const QPersistentModelIndex a = list.index(0), c = list.index(2);
        seen.rows = {made(3, "c", Waiting), made(4, "d", Waiting), made(2, "b", Skipped)};
        list.take(seen);
        QVERIFY(!a.isValid());
        QCOMPARE(c.row(), 0);
        QCOMPARE(c.data().toString(), QStringLiteral("c"));
        QCOMPARE(list.numWaiting(), 2);
        QCOMPARE(c.data(ui::QueueList::WordsRole).toString(), QStringLiteral("GPU 0, after blue"));
        QCOMPARE(list.index(2).data(ui::QueueList::WordsRole).toString(),
                 QStringLiteral("skipped: after blue"));
        QCOMPARE(c.data(Qt::AccessibleTextRole).toString(), QStringLiteral("c, GPU 0, after blue, 1 of 3"));
        QCOMPARE(ui::words::devices({"cuda:0", "cuda:1"}), QStringLiteral("GPU 0 or 1"));
        QCOMPARE(ui::words::devices({"cpu"}), QStringLiteral("CPU"));
        list.take({});
        QVERIFY(!c.isValid());
    }

    void whatTheFilesSayIsShownAndChanged()
    {
        const int64_t a = add("a", {});
        add("b", {a});
        ui::RunList runs({home() / "runs"});
        ui::QueueList list(runs, home(), "/nothing");
        const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
        const QSignalSpy failed(&list, &ui::QueueList::failed);
        runs.look();
        QTRY_COMPARE_WITH_TIMEOUT(list.rowCount(), 2, 30'000);
        QCOMPARE(ui::words::secondLine(list.row(0)), QStringLiteral("CPU, next"));
        QCOMPARE(ui::words::secondLine(list.row(1)), QStringLiteral("CPU, after a"));
        QVERIFY(list.needsWorker());
        list.move(a, 1);
        QTRY_COMPARE_WITH_TIMEOUT(list.index(1).data().toString(), QStringLiteral("a"), 30'000);
        list.move(a, 7);  // beyond the end
        list.remove(a);
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, 30'000);
        QCOMPARE(failed[0][0].toString(), QStringLiteral("b comes after a: remove that first"));
        // A run that is there is no longer waiting.
        const core::RunFolder folder = {home() / "runs/a"};
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = core::RunState::Failed;
        status.message = "out of memory at step 1";
        QVERIFY(folder.create());
        QVERIFY(core::writeStatus(folder, status));
        runs.look();
        QTRY_COMPARE_WITH_TIMEOUT(ui::words::secondLine(list.row(1)),
                                  QStringLiteral("out of memory at step 1"), 30'000);
        QCOMPARE(ui::words::secondLine(list.row(0)),
                 QStringLiteral("skipped: it comes after a, which failed"));
        list.clearEnded();
        QTRY_COMPARE_WITH_TIMEOUT(list.rowCount(), 0, 30'000);
        QVERIFY(core::writeFileAtomically(home() / "queue.json", R"({"version": 9})"));
        runs.look();
        QTRY_VERIFY_WITH_TIMEOUT(list.problem().contains(QStringLiteral("newer Facet")), 30'000);
    }

    void aSweepIsATableWithItsBestRun()
    {
        jobs::SweepRecord record = {"sums", {"lora.rank"}, {}};
        for (const int rank : {4, 8})
            record.runs.push_back({"sums-rank" + std::to_string(rank),
                                   home() / "runs" / ("sums-rank" + std::to_string(rank)),
                                   {rank}});
        QVERIFY(jobs::writeSweep(home(), record));
        const core::RunFolder folder = {record.runs[1].folder};
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = core::RunState::Done;
        status.step = status.numSteps = 2;
        QVERIFY(folder.create());
        QVERIFY(core::writeStatus(folder, status));
        auto log = core::EventLog::open(folder.events());
        QVERIFY(log);
        QVERIFY(log->append({1, core::MetricEvent{.step = 1, .loss = 2.5}}));
        ui::SweepTable table(home());
        const QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
        table.setSweep(QStringLiteral("sums"));
        QTRY_COMPARE_WITH_TIMEOUT(table.rowCount(), 2, 30'000);
        QCOMPARE(table.headerData(0, Qt::Horizontal, Qt::DisplayRole).toString(),
                 QStringLiteral("lora.rank"));
        QCOMPARE(table.index(1, 0).data().toString(), QStringLiteral("8"));
        QCOMPARE(table.index(0, 1).data().toString(), QStringLiteral("not in the queue"));
        QCOMPARE(table.index(1, 1).data().toString(), QStringLiteral("done"));
        QCOMPARE(table.bestRow(), 1);
        QVERIFY(log->append({1, core::MetricEvent{.step = 2, .loss = 1.25}}));
        table.look();
        QTRY_COMPARE_WITH_TIMEOUT(table.result(1).bestTraining, 1.25, 30'000);
        table.setSweep(QStringLiteral("none"));
        QTRY_COMPARE_WITH_TIMEOUT(table.problem(), QStringLiteral("there is no sweep \"none\""), 30'000);
        QCOMPARE(table.rowCount(), 0);
    }
};

QTEST_GUILESS_MAIN(QueueListTest)
#include "queue_list_test.moc"
