// What the driver says, from a library in its place: fake_nvml.cpp.

#include "engine/nvml.h"

#include <QTest>

using namespace facet::engine;

class NvmlTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void driverAndGpusAreNamed()
    {
        const DriverReport report = askNvidiaDriver();
        QVERIFY2(report.isLoaded, report.problem.c_str());
        QCOMPARE(report.version, "580.65.06");
        QCOMPARE(report.gpus.size(), size_t{1});
        QCOMPARE(report.gpus.front().name, "NVIDIA Test 9000");
        QCOMPARE(report.gpus.front().memoryBytes, int64_t{24'000'000'000});
        QCOMPARE(report.gpus.front().capabilityMajor, 8);
    }

    void aGpuIsWatchedByItsPlaceOnTheBus()
    {
        const std::unique_ptr<GpuWatch> watch = GpuWatch::open("0000:17:00.0");
        QVERIFY(watch);
        const GpuLoad load = watch->now();
        QCOMPARE(load.utilization, 0.87);
        QCOMPARE(load.memoryBytes, int64_t{6'000'000'000});
        QCOMPARE(load.watts, 412.5);
        QCOMPARE(load.celsius, 0.0);  // not told
    }

    void aGpuThatIsNotThereIsNotWatched() { QVERIFY(!GpuWatch::open("0000:18:00.0")); }
};

QTEST_GUILESS_MAIN(NvmlTest)
#include "nvml_test.moc"
