// Schedules at 20 steps against their formulas, worked out with Python's floats. Cosine's are those of
// NeMo's CosineAnnealing (nemo/core/optim/lr_scheduler.py), typed in as it stands there.

#include "engine/train/schedule.h"

#include <QTest>

#include <array>
#include <cmath>

using namespace facet;

namespace {

using Rates = std::array<double, 20>;

constexpr Rates kCosine = {0.00016666666666666666,
                           0.0003333333333333333,
                           0.0005,
                           0.0006666666666666666,
                           0.0008333333333333334,
                           0.001,
                           0.0009891830623632338,
                           0.0009572050015330874,
                           0.000905463412215599,
                           0.0008362196501476349,
                           0.0007525,
                           0.000657963412215599,
                           0.0005567415893174885,
                           0.00045325841068251166,
                           0.0003520365877844011,
                           0.00025750000000000013,
                           0.00017378034985236535,
                           0.00010453658778440107,
                           5.279499846691251e-05,
                           2.0816937636766185e-05};
constexpr Rates kCosineConstant = {0.0,
                                   0.0002,
                                   0.0004,
                                   0.0006000000000000001,
                                   0.0008,
                                   0.001,
                                   0.0009799490219391763,
                                   0.0009214204987514347,
                                   0.0008291560633029162,
                                   0.0007106304314359338,
                                   0.0005754458449452762,
                                   0.0004345541550547239,
                                   0.0002993695685640663,
                                   0.00018084393669708394,
                                   8.857950124856524e-05,
                                   3.0050978060823858e-05,
                                   1e-05,
                                   1e-05,
                                   1e-05,
                                   1e-05};
constexpr Rates kLinear = {0.00016666666666666666,
                           0.0003333333333333333,
                           0.0005,
                           0.0006666666666666666,
                           0.0008333333333333334,
                           0.001,
                           0.000934,
                           0.000868,
                           0.000802,
                           0.000736,
                           0.0006699999999999999,
                           0.000604,
                           0.0005380000000000001,
                           0.00047200000000000003,
                           0.000406,
                           0.00033999999999999997,
                           0.00027400000000000005,
                           0.000208,
                           0.000142,
                           7.6e-05};
constexpr Rates kConstant = {0.00016666666666666666,
                             0.0003333333333333333,
                             0.0005,
                             0.0006666666666666666,
                             0.0008333333333333334,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001,
                             0.001};
constexpr Rates kStableDecay = {0.00016666666666666666,
                                0.0003333333333333333,
                                0.0005,
                                0.0006666666666666666,
                                0.0008333333333333334,
                                0.001,
                                0.001,
                                0.001,
                                0.001,
                                0.001,
                                0.001,
                                0.001,
                                0.001,
                                0.0008762500000000001,
                                0.0007525,
                                0.00062875,
                                0.000505,
                                0.00038125,
                                0.0002575,
                                0.00013375};

}  // namespace

class ScheduleTest final : public QObject {
    Q_OBJECT

    static void compare(const jobs::Schedule& schedule, const Rates& expected)
    {
        for (int64_t step = 0; step < 20; ++step) {
            const double rate = engine::learningRate(schedule, 1e-3, step, 20);
            QVERIFY2(std::abs(rate - expected[static_cast<size_t>(step)]) < 1e-15,
                     qPrintable(QString("step %1: %2").arg(step).arg(rate, 0, 'g', 17)));
        }
    }

private Q_SLOTS:
    void cosine() { compare({jobs::ScheduleKind::Cosine, 5, 0, 0, 1e-5}, kCosine); }
    void cosineWithConstantEnd() { compare({jobs::ScheduleKind::Cosine, 5, 4, 0, 1e-5}, kCosineConstant); }
    void linear() { compare({jobs::ScheduleKind::Linear, 5, 0, 0, 1e-5}, kLinear); }
    void constant() { compare({jobs::ScheduleKind::Constant, 5, 0, 0, 1e-5}, kConstant); }
    void warmupStableDecay()
    {
        compare({jobs::ScheduleKind::WarmupStableDecay, 5, 0, 8, 1e-5}, kStableDecay);
        // Where it is not said, the last tenth decays: two of 20 steps.
        const jobs::Schedule byDefault = {jobs::ScheduleKind::WarmupStableDecay, 5, 0, 0, 0};
        QCOMPARE(engine::learningRate(byDefault, 1e-3, 18, 20), 1e-3);
        QCOMPARE(engine::learningRate(byDefault, 1e-3, 19, 20), 5e-4);
    }

    void withoutWarmupTheFirstStepIsTheFullRate()
    {
        QCOMPARE(engine::learningRate({jobs::ScheduleKind::Cosine, 0, 0, 0, 0}, 1e-3, 0, 20), 1e-3);
    }

    void pastTheEndTheRateIsTheLeast()
    {
        for (const auto kind :
             {jobs::ScheduleKind::Cosine, jobs::ScheduleKind::Linear, jobs::ScheduleKind::WarmupStableDecay})
            QCOMPARE(engine::learningRate({kind, 5, 0, 0, 1e-5}, 1e-3, 100, 20), 1e-5);
    }
};

QTEST_GUILESS_MAIN(ScheduleTest)
#include "schedule_test.moc"
