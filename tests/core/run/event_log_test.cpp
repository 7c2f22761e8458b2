// Expectations are JSON texts written here by hand, and what a reader of a shared disk may meet.

#include "core/run/event_log.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace facet::core;

namespace {

void append(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream(path, std::ios::app) << text;
}

}  // namespace

class EventLogTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path path() const { return m_folder.filePath("events.jsonl").toStdString(); }

private Q_SLOTS:
    void cleanup() { std::filesystem::remove(path()); }

    void eventsAreLinesOfJson()
    {
        QCOMPARE(lineOf({12.5, ValidationEvent{7, 1.25, 30}}),
                 std::string(R"({"event":"validation","time":12.5,"step":7,"loss":1.25,"targets":30})"));
        QCOMPARE(lineOf({1.0, ResumeEvent{20}}),
                 std::string(R"({"event":"resume","time":1.0,"from_step":20})"));
        QCOMPARE(lineOf({1.0, ValidationEvent{1, std::nan(""), 0}}),
                 std::string(R"({"event":"validation","time":1.0,"step":1,"loss":null,"targets":0})"));
    }

    void whatIsWrittenIsRead()
    {
        Result<EventLog> log = EventLog::open(path());
        QVERIFY2(log, reason(log));
        MetricEvent metric;
        metric.step = 3;
        metric.loss = 0.1 + 0.2;  // a number that needs 17 digits
        metric.memoryBytes = int64_t{1} << 40;
        QVERIFY(log->append({5, metric}));
        QVERIFY(log->append({6, SampleEvent{3, "What?", "cat.png", "A \"cat\"\nand a line"}}));
        EventReader reader(path());
        const Result<std::vector<RunEvent>> events = reader.poll();
        QVERIFY2(events, reason(events));
        QCOMPARE(events->size(), size_t{2});
        const auto& read = std::get<MetricEvent>((*events)[0].what);
        QCOMPARE(read.loss, metric.loss);
        QCOMPARE(read.memoryBytes, metric.memoryBytes);
        QCOMPARE(std::get<SampleEvent>((*events)[1].what).text, std::string("A \"cat\"\nand a line"));
    }

    void aGrowingLogIsFollowedByWholeLines()
    {
        EventReader reader(path());
        QVERIFY(reader.poll()->empty());  // not there yet
        append(path(), "{\"event\":\"resume\",\"from_step\":1}\n{\"event\":\"resu");
        QCOMPARE(reader.poll()->size(), size_t{1});
        append(path(), "me\",\"from_step\":2}\n");
        const auto events = *reader.poll();
        QCOMPARE(events.size(), size_t{1});
        QCOMPARE(std::get<ResumeEvent>(events[0].what).fromStep, int64_t{2});
    }

    void whatIsUnknownIsPassedOverAndCounted()
    {
        append(path(),
               "{\"event\":\"of a later version\"}\nno JSON\n[1]\n\n{\"event\":\"metric\",\"step\":\"x\"}\n"
               "{\"event\":\"metric\",\"step\":2,\"new\":1}\n");
        EventReader reader(path());
        QCOMPARE(reader.poll()->size(), size_t{1});
        QCOMPARE(reader.numUnknown(), int64_t{4});
    }

    void halfALineOfACrashSpoilsNothing()
    {
        append(path(), "{\"event\":\"metric\",\"st");
        Result<EventLog> log = EventLog::open(path());
        QVERIFY(log->append({1, ResumeEvent{4}}));
        EventReader reader(path());
        QCOMPARE(reader.poll()->size(), size_t{1});
        QCOMPARE(reader.numUnknown(), int64_t{1});
    }

    void aFullDiskIsAnErrorAndNotTheEnd()
    {
        const Result<EventLog> opened = EventLog::open("/dev/full");
        if (!opened)
            QSKIP("there is no /dev/full here");
        EventLog log = *EventLog::open("/dev/full");
        const Result<void> written = log.append({1, ResumeEvent{4}});
        QVERIFY(!written);
        QCOMPARE(written.error().message, std::string("cannot write /dev/full: No space left on device"));
    }

    void resumingDropsLaterStepsOfEarlierAttempts()
    {
        const auto metric = [](int64_t step, double loss) {
            MetricEvent event;
            event.step = step;
            event.loss = loss;
            return RunEvent{0, event};
        };
        std::vector<RunEvent> history;
        addEvents(history, {metric(1, 9), metric(2, 8), metric(3, 7)});
        addEvents(history, {{0, WarningEvent{3, "stays"}}, {0, ResumeEvent{1}}, metric(2, 6)});
        std::vector<std::pair<int64_t, double>> losses;
        for (const RunEvent& event : history)
            if (const auto* found = std::get_if<MetricEvent>(&event.what))
                losses.emplace_back(found->step, found->loss);
        QCOMPARE(losses, (std::vector<std::pair<int64_t, double>>{{1, 9}, {2, 6}}));
        QCOMPARE(history.size(), size_t{4});
    }
};

QTEST_GUILESS_MAIN(EventLogTest)
#include "event_log_test.moc"
