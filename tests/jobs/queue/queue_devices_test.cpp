// Which devices a run may have, of a list of devices that is made up; and that runs spread over them.

#include "jobs/queue/queue_devices.h"
#include "jobs/queue/queue_report.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet;
using namespace facet::jobs;

namespace {

const std::vector<KnownDevice> kFour = {
    {"cpu", ""}, {"cuda:0", ""}, {"cuda:1", "driver 535 is too old"}, {"cuda:2", ""}, {"cuda:3", ""}};
const std::vector<KnownDevice> kNone = {{"cpu", ""}};

std::string chosen(std::string_view wish, const std::vector<KnownDevice>& known = kFour)
{
    const core::Result<std::vector<std::string>> devices = queueDevices(wish, known);
    if (!devices)
        return devices.error().message;
    std::string text;
    for (const std::string& device : *devices)
        text += device + " ";
    return text;
}

}  // namespace

class QueueDevicesTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aWishBecomesDevices()
    {
        QCOMPARE(chosen("cpu"), std::string("cpu "));
        QCOMPARE(chosen("cuda:2"), std::string("cuda:2 "));
        QCOMPARE(chosen("0,2"), std::string("cuda:0 cuda:2 "));
        QCOMPARE(chosen("cuda:3,0"), std::string("cuda:3 cuda:0 "));
        QCOMPARE(chosen("auto"), std::string("cuda:0 cuda:2 cuda:3 "));
        QCOMPARE(chosen("cuda"), std::string("cuda:0 cuda:2 cuda:3 "));
        QCOMPARE(chosen("auto", kNone), std::string("cpu "));
    }

    void aWrongWishIsRefusedInWords()
    {
        QCOMPARE(chosen("1"), std::string("cuda:1 cannot be used: driver 535 is too old"));
        QCOMPARE(chosen("0,7"),
                 std::string("there is no cuda:7 here; there is cpu, cuda:0, cuda:1, cuda:2, cuda:3"));
        QCOMPARE(chosen("cuda", kNone), std::string("there is no GPU here that can be used; there is cpu"));
        QCOMPARE(chosen("0,0"), std::string("device \"0,0\" has cuda:0 twice"));
        QVERIFY(chosen("cpu,0").starts_with("device \"cpu,0\" has the CPU beside GPUs"));
        for (const char* wrong : {"", ",", "0,", "gpu", "cuda:", "cuda:01", "00", "-1", "cuda:0;cuda:2"})
            QVERIFY2(chosen(wrong).find("is none of auto, cuda, cpu") != std::string::npos,
                     chosen(wrong).c_str());
    }

    void devicesAreSaidInWords()
    {
        QCOMPARE(devicesInWords({"cpu"}), std::string("CPU"));
        QCOMPARE(devicesInWords({"cuda:1"}), std::string("GPU 1"));
        QCOMPARE(devicesInWords({"cuda:0", "cuda:2"}), std::string("any of GPU 0, 2"));
    }

    /// Four runs over GPU 0 and 2, with the queue's file in between: each GPU gets one, the others wait for
    /// whoever has them.
    void runsSpreadOverTheChosenGpus()
    {
        QTemporaryDir home;
        const QueueFile file(home.path().toStdString());
        const core::Result<void> added = file.edit([](RunQueue& queue) -> core::Result<void> {
            for (const char* name : {"a", "b", "c", "d"}) {
                QueueEntry entry;
                entry.name = name;
                entry.folder = std::string("/runs/") + name;
                entry.host = "here";
                entry.devices = *queueDevices(*name == 'd' ? "3" : "0,2", kFour);
                if (const core::Result<int64_t> id = addEntry(queue, entry); !id)
                    return id.error();
            }
            return {};
        });
        QVERIFY2(added, reason(added));
        const core::Result<RunQueue> queue = file.read();
        QVERIFY2(queue, reason(queue));
        QueueReport report = reportOn(*queue, {}, "here");
        QCOMPARE(report.mayStart.size(), size_t(3));
        QCOMPARE(report.mayStart[0].device, std::string("cuda:0"));
        QCOMPARE(report.mayStart[1].device, std::string("cuda:2"));
        QCOMPARE(report.mayStart[2].device, std::string("cuda:3"));
        QCOMPARE(report.entries[2].words, std::string("when a or b has ended"));

        core::ObservedRun run;
        run.folder = {"/runs/a"};
        run.name = "a";
        run.condition = core::RunCondition::Running;
        run.host = "here";
        run.device = "cuda:0";
        report = reportOn(*queue, {run}, "here", {{"cuda:2", "chat"}});
        QCOMPARE(report.mayStart.size(), size_t(1));
        QCOMPARE(report.entries[1].words, std::string("when a or chat has ended"));
        run.condition = core::RunCondition::Done;
        report = reportOn(*queue, {run}, "here", {{"cuda:2", "chat"}});
        QCOMPARE(report.mayStart[0].device, std::string("cuda:0"));
        QCOMPARE(queue->entries[report.mayStart[0].entry].name, std::string("b"));
    }
};

QTEST_GUILESS_MAIN(QueueDevicesTest)
#include "queue_devices_test.moc"
