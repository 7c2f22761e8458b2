// The rules of the queue, and what it makes of a file that others wrote.

#include "jobs/queue/run_queue.h"
#include "core/base/file.h"
#include "jobs/queue/queue_report.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

#include <thread>

using namespace facet;
using namespace facet::jobs;

namespace {

QueueEntry made(const std::string& name, std::vector<std::string> devices = {"cpu"},
                std::vector<int64_t> after = {})
{
    QueueEntry entry;
    entry.name = name;
    entry.folder = "/runs/" + name;
    entry.host = "here";
    entry.devices = std::move(devices);
    entry.after = std::move(after);
    return entry;
}

RunQueue queueOf(const std::vector<QueueEntry>& entries)
{
    RunQueue queue;
    for (const QueueEntry& entry : entries)
        if (const core::Result<int64_t> id = addEntry(queue, entry); !id)
            qFatal("%s", id.error().message.c_str());
    return queue;
}

std::string orderOf(const RunQueue& queue)
{
    std::string names;
    for (const QueueEntry& entry : queue.entries)
        names += entry.name;
    return names;
}

core::ObservedRun run(const std::string& name, core::RunCondition condition,
                      const std::string& device = "cpu")
{
    core::ObservedRun run;
    run.folder = {"/runs/" + name};
    run.name = name;
    run.condition = condition;
    run.host = "here";
    run.device = device;
    run.message = condition == core::RunCondition::Failed ? "out of memory at step 1" : "";
    return run;
}

std::string starts(const RunQueue& queue, const QueueReport& report)
{
    std::string text;
    for (const QueueReport::Start& start : report.mayStart)
        text += queue.entries[start.entry].name + "@" + start.device + " ";
    return text;
}

}  // namespace

class RunQueueTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void runsAreAddedMovedAndRemoved()
    {
        RunQueue queue = queueOf({made("a"), made("b"), made("c", {"cpu"}, {1})});
        QVERIFY(moveEntry(queue, 3, 0));
        QCOMPARE(orderOf(queue), std::string("cab"));
        QVERIFY(moveEntry(queue, 3, 99));
        QCOMPARE(orderOf(queue), std::string("abc"));
        QVERIFY(moveEntry(queue, 1, 1));
        QCOMPARE(orderOf(queue), std::string("bac"));
        QVERIFY(!moveEntry(queue, 9, 0));

        const core::Result<void> wanted = removeEntry(queue, 1);
        QVERIFY(!wanted);
        QCOMPARE(wanted.error().message, std::string("c comes after a: remove that first"));
        QVERIFY(removeEntry(queue, 3));
        QVERIFY(removeEntry(queue, 1));
        QCOMPARE(*addEntry(queue, made("d")), int64_t(4));  // no number comes back
        QCOMPARE(*queue.idOf("d"), int64_t(4));
        QCOMPARE(*queue.idOf("#2"), int64_t(2));
        QVERIFY(!queue.idOf("a"));

        for (const QueueEntry& wrong : {made("b"), made("../x"), made(""), made("e", {}), made("e", {"gpu"}),
                                        made("e", {"cuda:01"}), made("e", {"cpu"}, {77})})
            QVERIFY2(!addEntry(queue, wrong), wrong.name.c_str());
        QCOMPARE(orderOf(queue), std::string("bd"));
    }

    void aRunMayWaitForOthersButNotForItself()
    {
        RunQueue queue = queueOf({made("a"), made("b"), made("c")});
        QVERIFY(setAfter(queue, 2, {1}));
        QVERIFY(setAfter(queue, 3, {2}));
        QCOMPARE(queue.find(3)->after, std::vector<int64_t>{2});
        QCOMPARE(starts(queue, reportOn(queue, {}, "here")), std::string("a@cpu "));
        for (const int64_t itself : {1, 2, 3})
            QVERIFY(!setAfter(queue, 1, {itself}));
        QVERIFY(queue.find(1)->after.empty());
        QVERIFY(!setAfter(queue, 1, {9}));
        QVERIFY(!setAfter(queue, 9, {1}));
        QVERIFY(setAfter(queue, 2, {}));
        QVERIFY(setAfter(queue, 1, {3}));
    }

    void eachDeviceGetsTheFirstRunThatMayHaveIt()
    {
        const RunQueue queue = queueOf({made("a", {"cuda:0"}), made("b", {"cuda:0"}),
                                        made("c", {"cuda:0", "cuda:1"}), made("d"), made("e", {"cuda:1"})});
        QueueReport report = reportOn(queue, {}, "here");
        QCOMPARE(starts(queue, report), std::string("a@cuda:0 c@cuda:1 d@cpu "));
        QCOMPARE(report.entries[1].words, std::string("when a has ended"));
        QVERIFY(!report.isUnderWay);

        // Another run, of whoever, has the GPU; and one that nobody knows the device of.
        report = reportOn(queue, {run("x", core::RunCondition::Running, "cuda:0")}, "here");
        QCOMPARE(starts(queue, report), std::string("c@cuda:1 d@cpu "));
        QVERIFY(report.isUnderWay);
        report = reportOn(queue, {run("x", core::RunCondition::Running, "")}, "here");
        QCOMPARE(starts(queue, report), std::string("c@cuda:1 "));
        report = reportOn(queue, {}, "here", {{"cuda:1", "x"}});
        QCOMPARE(starts(queue, report), std::string("a@cuda:0 d@cpu "));

        // Runs of another machine are nobody's business here.
        report = reportOn(queue, {}, "there");
        QCOMPARE(starts(queue, report), std::string());
        QCOMPARE(report.entries[0].words, std::string("for here"));
    }

    void whatComesAfterAnotherWaitsForItsEnd()
    {
        using enum core::RunCondition;
        RunQueue queue = queueOf({made("a"), made("b", {"cuda:0"}, {1}), made("c", {"cuda:0"}, {2})});
        QVERIFY(moveEntry(queue, 3, 0));  // the order is no reason to go before
        QueueReport report = reportOn(queue, {run("a", Running)}, "here");
        QCOMPARE(starts(queue, report), std::string());
        QCOMPARE(report.entries[2].words, std::string("after a"));
        QVERIFY(report.isUnderWay);
        report = reportOn(queue, {run("a", Done)}, "here");
        QCOMPARE(starts(queue, report), std::string("b@cuda:0 "));
        report = reportOn(queue, {run("a", Stopped)}, "here");
        QCOMPARE(starts(queue, report), std::string());
        QCOMPARE(report.entries[2].words, std::string("after a, which is paused"));
        QVERIFY(!report.isUnderWay);
        for (const core::RunCondition end : {Failed, Lost}) {
            report = reportOn(queue, {run("a", end)}, "here");
            QCOMPARE(starts(queue, report), std::string());
            QVERIFY(report.entries[2].state == EntryState::Skipped);
            QCOMPARE(report.entries[2].words, std::string("it comes after a, which failed"));
            QCOMPARE(report.entries[0].words, std::string("it comes after b, which was skipped"));
            RunQueue cleared = queue;
            dropEnded(cleared, report);
            QVERIFY(cleared.entries.empty());
        }
        report = reportOn(queue, {run("a", Stopped)}, "here");
        dropEnded(queue, report);
        QCOMPARE(orderOf(queue), std::string("cab"));  // somebody waits for it
        dropEnded(queue, reportOn(queue, {run("a", Done)}, "here"));
        QCOMPARE(orderOf(queue), std::string("cb"));
        QVERIFY(queue.find(2)->after.empty());
    }

    void theFileIsReadAsItWasWritten()
    {
        const QTemporaryDir home;
        const QueueFile file(home.path().toStdString());
        QVERIFY(file.read()->entries.empty());
        const RunQueue queue = queueOf({made("a"), made("b", {"cuda:0", "cuda:1"}, {1})});
        QVERIFY(file.edit([&](RunQueue& now) {
            now = queue;
            return core::Result<void>();
        }));
        QCOMPARE(*file.read() == queue, true);
        QVERIFY(core::writeFileAtomically(file.jobFile(2), "{}"));
        const core::Result<void> refused = file.edit([&](RunQueue& now) {
            now.entries.clear();
            return core::Result<void>(core::Error{core::ErrorCode::InvalidInput, "no"});
        });
        QVERIFY(!refused);
        QCOMPARE(*file.read() == queue, true);
        QVERIFY(file.edit([](RunQueue& now) { return removeEntry(now, 2); }));
        QVERIFY(!std::filesystem::exists(file.jobFile(2)));
        QCOMPARE(file.read()->nextId, int64_t(3));
    }

    void manyMayChangeItAtOnce()
    {
        const QTemporaryDir home;
        const QueueFile file(home.path().toStdString());
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 10; ++i)
                    if (!file.edit([&](RunQueue& queue) -> core::Result<void> {
                            const auto id =
                                addEntry(queue, made(std::to_string(t) + "-" + std::to_string(i)));
                            return id ? core::Result<void>() : id.error();
                        }))
                        qFatal("not added");
            });
        for (std::thread& thread : threads)
            thread.join();
        QCOMPARE(file.read()->entries.size(), size_t(40));
        QCOMPARE(file.read()->nextId, int64_t(41));
    }

    void aHostileOrNewerFileIsRefusedInWordsAndLeftAlone_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("words");
        const auto row = [](const char* name, const char* text, const char* words) {
            QTest::newRow(name) << QByteArray(text) << QByteArray(words);
        };
        row("newer", R"({"version": 2, "entries": {}})", "newer Facet (version 2 of the queue)");
        row("none", R"({"entries": []})", "has no version 1");
        row("no list", R"({"version": 1, "entries": 3})", "list of entries");
        row("cut", "{\"version\": 1, \"entr", "not valid JSON");
        row("a list", "[]", "queue.json");
        row("twice", R"({"version": 1, "version": 1, "entries": []})", "twice");
        row("no object", R"({"version": 1, "next_id": 2, "entries": [3]})", "entries[0] is 3");
        row("no id",
            R"({"version": 1, "next_id": 2, "entries": [{"name": "a", "folder": "/a", "devices": ["cpu"]}]})",
            "entries[0].id");
        row("id to come",
            R"({"version": 1, "next_id": 2, "entries": [{"id": 2, "name": "a", "folder": "/a", "devices": ["cpu"]}]})",
            "entries[0].id");
        row("name",
            R"({"version": 1, "next_id": 2, "entries": [{"id": 1, "name": "../a", "folder": "/a", "devices": ["cpu"]}]})",
            "\"../a\"");
        row("folder",
            R"({"version": 1, "next_id": 2, "entries": [{"id": 1, "name": "a", "folder": "a", "devices": ["cpu"]}]})",
            "no absolute path");
        row("device",
            R"({"version": 1, "next_id": 2, "entries": [{"id": 1, "name": "a", "folder": "/a", "devices": ["rm -rf"]}]})",
            "\"rm -rf\"");
        row("devices",
            R"({"version": 1, "next_id": 2, "entries": [{"id": 1, "name": "a", "folder": "/a", "devices": "cpu"}]})",
            "entries[0].devices");
        row("itself",
            R"({"version": 1, "next_id": 2, "entries": [{"id": 1, "name": "a", "folder": "/a", "devices": ["cpu"], "after": [1]}]})",
            "comes after #1");
        row("again", R"({"version": 1, "next_id": 3, "entries": [
            {"id": 1, "name": "a", "folder": "/a", "devices": ["cpu"]},
            {"id": 2, "name": "b", "folder": "/a", "devices": ["cpu"]}]})",
            "for the second time");
    }

    void aHostileOrNewerFileIsRefusedInWordsAndLeftAlone()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, words);
        const QTemporaryDir home;
        const QueueFile file(home.path().toStdString());
        QVERIFY(core::writeFileAtomically(file.file(), text.toStdString()));
        const core::Result<RunQueue> queue = file.read();
        QVERIFY(!queue);
        QVERIFY2(queue.error().message.find(words.toStdString()) != std::string::npos,
                 queue.error().message.c_str());
        QVERIFY(queue.error().message.find("queue.json") != std::string::npos);
        QVERIFY(!file.edit([](RunQueue& now) {
            now.nextId = 9;
            return core::Result<void>();
        }));
        QCOMPARE(*core::readFile(file.file(), 1 << 20), text.toStdString());
    }
};

QTEST_GUILESS_MAIN(RunQueueTest)
#include "run_queue_test.moc"
