// Draws have the bits of others' code: SplitMix64's well-known first numbers, and the quantiles of
// Python 3.11's statistics.NormalDist, which computes AS 241, too.

#include "core/base/draws.h"

#include <QTest>

#include <cmath>
#include <set>

using namespace facet::core;

class DrawsTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bitsAreSplitMix64s()
    {
        // The generator of prng.di.unimi.it, with this seed.
        const uint64_t expected[] = {6457827717110365317U, 3203168211198807973U, 9817491932198370423U,
                                     4593380528125082431U, 16408922859458223821U};
        for (uint64_t index = 0; index < std::size(expected); ++index)
            QCOMPARE(drawBits(1234567, index), expected[index]);
    }

    void quantilesAreThoseOfPython_data()
    {
        QTest::addColumn<double>("probability");
        QTest::addColumn<double>("expected");
        QTest::newRow("half") << 0.5 << 0.0;
        QTest::newRow("middle") << 0.3 << -0.5244005127080407;
        QTest::newRow("edge of the middle") << 0.075 << -1.4395314709384557;
        QTest::newRow("beside it") << 0.0749 << -1.4402382675279632;
        QTest::newRow("above") << 0.9 << 1.2815515655446008;
        QTest::newRow("near tail") << 1e-3 << -3.090232306167813;
        QTest::newRow("far tail") << 1e-15 << -7.941345326170995;
        QTest::newRow("upper tail") << 0.999999999999 << 7.0344869100478356;
    }
    void quantilesAreThoseOfPython()
    {
        QFETCH(const double, probability);
        QFETCH(const double, expected);
        QVERIFY(std::abs(normalQuantile(probability) - expected) <= 4e-16 * std::abs(expected));
    }

    void aDrawIsTheSameOnEveryMachine()
    {
        // float(NormalDist().inv_cdf(((splitmix64(42, index) >> 12) + 0.5) / 2**52)), by Python
        const std::pair<uint64_t, float> expected[] = {{0, 0.648177361328852F},
                                                       {1, -0.9948262318051991F},
                                                       {2, -0.5870021533389611F},
                                                       {1000, -0.4299919347192481F},
                                                       {1'000'000'000'000, -0.8894920519865888F}};
        for (const auto& [index, number] : expected)
            QCOMPARE(static_cast<float>(normalQuantile(drawUniform(42, index))), number);
    }

    void drawsLieWhereTheyShould()
    {
        constexpr uint64_t kCount = 100'000;
        double sum = 0, squares = 0;
        std::set<double> seen;
        for (uint64_t index = 0; index < kCount; ++index) {
            const double uniform = drawUniform(3, index);
            QVERIFY(uniform > 0 && uniform < 1);
            seen.insert(uniform);
            const double normal = normalQuantile(uniform);
            sum += normal;
            squares += normal * normal;
        }
        QCOMPARE(seen.size(), size_t{kCount});
        QVERIFY(std::abs(sum / kCount) < 5 / std::sqrt(double(kCount)));
        QVERIFY(std::abs(squares / kCount - 1) < 5 * std::sqrt(2.0 / kCount));
    }
};

QTEST_GUILESS_MAIN(DrawsTest)
#include "draws_test.moc"
