// Smoothing against numbers of TensorBoard's formula, thinning against all points.

#include "ui/runs/curve_math.h"
#include "ui/runs/growing_curve.h"

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

    void aGrowingCurveComputesEachPointOnce()
    {
        facet::core::StepTable table;
        table.columns = {{"loss", {}}, {"tokens", {}}};
        const auto add = [&table](int64_t step, double time) {
            table.steps.push_back(step);
            table.times.push_back(time);
            table.columns[0].values.push_back(1 + std::sin(double(step) + time));
            table.columns[1].values.push_back(double(step) * 100);
        };
        for (int64_t step = 1; step <= 100'000; ++step)
            add(step, 1000 + double(step));
        GrowingCurve curve("loss", AxisKind::Tokens, 0.9, 2);
        curve.follow(table, table);
        const GrowingCurve::Values x = curve.x();
        for (int64_t step = 100'001; step <= 100'010; ++step) {
            add(step, 1000 + double(step));
            curve.follow(table, table);
        }
        QCOMPARE(curve.numComputed(), size_t(100'010));
        QCOMPARE(x->back(), 100'010.0 * 100);  // it is the same one, which grew
        std::vector<double> doubled = table.columns[0].values;
        for (double& value : doubled)
            value *= 2;
        QVERIFY(*curve.y() == doubled);
        QVERIFY(*curve.smooth() == smoothed(doubled, 0.9));

        // A resume writes the same steps again, with other times.
        table.cutAfter(99'000);
        for (int64_t step = 99'001; step <= 100'020; ++step)
            add(step, 5000 + double(step));
        curve.follow(table, table);
        QCOMPARE(curve.y()->size(), table.size());
        QCOMPARE(curve.y()->back(), 2 * table.columns[0].values.back());
        QVERIFY(*curve.smooth() != smoothed(doubled, 0.9));
        QCOMPARE(x->size(), size_t(100'010));  // a plot that still draws the old one may go on
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
