// The int8 and int4 formats: what they keep of weights. Bounds come from the formats themselves.

#include "kernels/quantize.h"

#include "tests/kernels/every_isa.h"

#include <cmath>

using namespace facet::kernels;

class QuantizeTest final : public QObject {
    Q_OBJECT

    static std::vector<float> throughInt8(const std::vector<float>& row)
    {
        const auto width = static_cast<int64_t>(row.size());
        std::vector<int8_t> values(size_t(filledWidth(width)), 99);
        std::vector<uint16_t> scales(size_t(filledWidth(width) / kGroup), 99);
        std::vector<float> back(row.size());
        quantizeInt8(values.data(), scales.data(), row.data(), width);
        for (size_t i = row.size(); i < values.size(); ++i)
            [&] { QCOMPARE(int(values[i]), 0); }();
        dequantizeInt8(back.data(), values.data(), scales.data(), width);
        return back;
    }

    static std::vector<float> throughInt4(const std::vector<float>& row)
    {
        const auto width = static_cast<int64_t>(row.size());
        std::vector<uint8_t> values(size_t(filledWidth(width) / 2), 99);
        std::vector<uint16_t> scales(size_t(filledWidth(width) / kGroup), 99);
        std::vector<float> back(row.size());
        quantizeInt4(values.data(), scales.data(), row.data(), width);
        dequantizeInt4(back.data(), values.data(), scales.data(), width);
        return back;
    }

    /// The largest magnitude of the group that weight i is in.
    static float largestAround(const std::vector<float>& row, size_t i)
    {
        const size_t begin = i / size_t(kGroup) * size_t(kGroup);
        float largest = 0;
        for (size_t j = begin; j < std::min(row.size(), begin + size_t(kGroup)); ++j)
            largest = std::max(largest, std::fabs(row[j]));
        return largest;
    }

private Q_SLOTS:
    void widths_data()
    {
        QTest::addColumn<int>("width");
        QTest::addColumn<float>("deviation");
        for (const int width : {1, 31, 32, 33, 64, 100, 640, 1152})
            for (const float deviation : {1e-30f, 1e-6f, 0.02f, 1e5f})
                QTest::newRow(qPrintable(QString("%1 of %2").arg(width).arg(double(deviation))))
                    << width << deviation;
    }

    void widths()
    {
        QFETCH(const int, width);
        QFETCH(const float, deviation);
        const std::vector<float> row = randomFloats(width, deviation, 7);
        const std::vector<float> by8 = throughInt8(row), by4 = throughInt4(row);
        for (size_t i = 0; i < row.size(); ++i) {
            // Half a step of 1/127, which the scale's rounding up makes at most 1/128 wider.
            QVERIFY(std::fabs(by8[i] - row[i]) <= 0.5f * largestAround(row, i) / 127 * 1.0079f);
            // Steps of at most 1/7.1; the side that was cut loses up to 1.6 steps.
            QVERIFY(std::fabs(by4[i] - row[i]) <= 0.24f * largestAround(row, i));
        }
    }

    void theErrorOfGaussianWeightsIsThatOfTheirBits()
    {
        const std::vector<float> row = randomFloats(64 * 1024, 0.02f, 8);
        const auto error = [&](const std::vector<float>& back) {
            double sum = 0, all = 0;
            for (size_t i = 0; i < row.size(); ++i) {
                sum += std::pow(double(back[i]) - double(row[i]), 2);
                all += std::pow(double(row[i]), 2);
            }
            return std::sqrt(sum / all);
        };
        // A group's largest weight is about 2.07 deviations: a step of 2.07 / 127 has a root mean square of 1
        // / sqrt(12).
        QVERIFY(error(throughInt8(row)) < 0.0055);
        QVERIFY2(error(throughInt4(row)) < 0.085, std::to_string(error(throughInt4(row))).c_str());
    }

    void zerosStayZeros()
    {
        const std::vector<float> row(96, 0.0f);
        QCOMPARE(throughInt8(row), row);
        QCOMPARE(throughInt4(row), row);
    }

    void wholeNumbersOfTheRangeStayAsTheyAre()
    {
        std::vector<float> by8, by4;
        for (int i = 0; i < 32; ++i) {
            by8.push_back(i == 0 ? 127.0f : float(i * 7 - 100));
            by4.push_back(float(i % 16 - 8));
        }
        QCOMPARE(throughInt8(by8), by8);
        QCOMPARE(throughInt4(by4), by4);
    }
};

QTEST_GUILESS_MAIN(QuantizeTest)
#include "quantize_test.moc"
