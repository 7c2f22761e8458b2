// Smoothing against numbers of TensorBoard's formula, thinning against all points.

#include "ui/runs/curve_math.h"

#include <QElapsedTimer>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace facet::ui;

class CurveMathTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void smoothingIsTensorBoards()
    {
        // By hand from resmoothDataset with weight 0.6: last = 0.6 last + 0.4 value, shown last / (1 -
        // 0.6^n).
        const std::vector<double> values = {3, 1, std::nan(""), 2, 8};
        const std::vector<double> result = smoothed(values, 0.6);
        QCOMPARE(result[0], 3.0);
        QCOMPARE(result[1], (0.6 * 1.2 + 0.4) / (1 - 0.36));
        QVERIFY(std::isnan(result[2]));
        QCOMPARE(result[3], (0.6 * 1.12 + 0.8) / (1 - 0.216));
        QCOMPARE(result[4], (0.6 * 1.472 + 3.2) / (1 - 0.1296));
        QCOMPARE(smoothed(values, 0)[4], 8.0);
        QCOMPARE(smoothed(std::vector<double>{5, 5, 5}, 0.9)[2], 5.0);
        QVERIFY(smoothed({}, 0.5).empty());
    }

    void thinningKeepsTheGreatestAndTheLeastOfEachColumn()
    {
        constexpr size_t kCount = 1'000'000;
        std::vector<double> x(kCount), y(kCount), thinX, thinY;
        for (size_t i = 0; i < kCount; ++i) {
            x[i] = double(i + 1);
            y[i] = std::sin(double(i) / 1000) + double(i * 2654435761U % 1000) / 5000;
        }
        y[777'777] = 50;
        y[123'456] = -50;
        y[5] = std::numeric_limits<double>::infinity();
        constexpr int kColumns = 1000;
        QElapsedTimer timer;
        qint64 best = std::numeric_limits<qint64>::max();
        for (int i = 0; i < 5; ++i) {
            timer.start();
            decimate(x, y, 1, kCount, kColumns, thinX, thinY);
            best = std::min(best, timer.nsecsElapsed());
        }
        qInfo("a million points thinned in %.1f ms to %zu", double(best) / 1e6, thinX.size());
        QVERIFY(thinX.size() <= 4 * kColumns + 8);
        QVERIFY(std::ranges::is_sorted(thinX));
        QCOMPARE(*std::ranges::max_element(thinY), 50.0);
        QCOMPARE(*std::ranges::min_element(thinY), -50.0);
        // Zoomed in, each point is there, with one more at each side.
        decimate(x, y, 1000, 1100, kColumns, thinX, thinY);
        QCOMPARE(thinX.size(), size_t(103));
        QCOMPARE(thinX.front(), 999.0);
    }

    void aRangeLeavesOutliersOut()
    {
        std::vector<double> values(1000, 1.0);
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = 1 + double(i) / 1000;
        values[10] = 1e9;
        values[11] = -1;
        const auto [least, greatest] = rangeWithoutOutliers(values, false);
        QVERIFY(least > 0.9 && least < 1.1);
        QVERIFY(greatest > 1.9 && greatest < 2.2);
        QVERIFY(rangeWithoutOutliers(values, true).first > 0);
    }
};

QTEST_GUILESS_MAIN(CurveMathTest)
#include "curve_math_test.moc"
