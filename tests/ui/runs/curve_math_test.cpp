// Smoothing against numbers of TensorBoard's formula, thinning against all points.

#include "ui/runs/curve_math.h"
#include "ui/runs/growing_curve.h"

#include <nlohmann/json.hpp>

#include <QElapsedTimer>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

using namespace facet::ui;

class CurveMathTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void smoothingIsTensorBoards()
    {
        // What the JavaScript in tensorboard's wheel made of them: golden/smoothing.py.
        std::ifstream file(SOURCE_DIR "/tests/ui/runs/golden/smoothing.json");
        const nlohmann::json golden = nlohmann::json::parse(file, nullptr, false);
        QVERIFY(golden["cases"].size() >= 30);
        for (const nlohmann::json& each : golden["cases"]) {
            std::vector<double> values;
            for (const nlohmann::json& value : each["values"])
                values.push_back(value.is_null() ? std::nan("") : value.get<double>());
            const std::vector<double> result = smoothed(values, each["weight"]);
            QCOMPARE(result.size(), values.size());
            for (size_t i = 0; i < result.size(); ++i) {
                const nlohmann::json& wanted = each["smoothed"][i];
                const bool isSame = wanted.is_null() ? !std::isfinite(result[i])
                                                     : std::abs(result[i] - wanted.get<double>()) <=
                                                           1e-12 * std::abs(wanted.get<double>());
                QVERIFY2(isSame, qPrintable(QStringLiteral("%1, weight %2, point %3: %4 instead of %5")
                                                .arg(QString::fromStdString(each["name"]))
                                                .arg(each["weight"].get<double>())
                                                .arg(i)
                                                .arg(result[i], 0, 'g', 17)
                                                .arg(QString::fromStdString(wanted.dump()))));
            }
        }
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

        // Another smoothing takes the same points.
        curve.setWeight(0.5);
        QVERIFY(*curve.smooth() == smoothed(doubled, 0.5));
        curve.setWeight(0);
        QVERIFY(curve.smooth() == curve.y());
        curve.setWeight(0.9);
        QCOMPARE(curve.numComputed(), size_t(100'010));
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
