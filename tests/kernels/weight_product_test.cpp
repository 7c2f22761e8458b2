// Products with stored weights, for every instruction set: against sums in double over the weights as they
// read back.

#include "kernels/weight_product.h"

#include "tests/kernels/every_isa.h"

#include <cmath>
#include <functional>

using namespace facet::kernels;

namespace {

struct Shape {
    int64_t numTokens, numRows, width;
};

// One and many, full and broken blocks, tiles and pieces.
constexpr Shape kShapes[] = {{1, 1, 1},     {1, 7, 63},     {2, 9, 64},    {3, 4, 65},
                             {4, 5, 128},   {5, 8, 640},    {1, 64, 640},  {7, 13, 100},
                             {16, 6, 4304}, {13, 33, 1152}, {33, 10, 2048}};

struct Weights {
    std::vector<uint16_t> bfloat16;
    std::vector<int8_t> int8;
    std::vector<uint8_t> int4;
    std::vector<uint16_t> int8Scales, int4Scales;
    std::vector<float> fromBfloat, fromInt8, fromInt4;  ///< as they read back

    explicit Weights(const Shape& shape)
    {
        const int64_t filled = filledWidth(shape.width), groups = filled / kGroup;
        const std::vector<float> w = randomFloats(shape.numRows * shape.width, 0.03f, 3);
        for (const float value : w) {
            uint32_t bits;
            std::memcpy(&bits, &value, sizeof bits);
            bfloat16.push_back(uint16_t(bits >> 16));
            fromBfloat.push_back(facet::kernels::fromBfloat16(bfloat16.back()));
        }
        int8.resize(size_t(shape.numRows * filled));
        int4.resize(size_t(shape.numRows * filled / 2));
        int8Scales.resize(size_t(shape.numRows * groups));
        int4Scales.resize(size_t(shape.numRows * groups));
        fromInt8.resize(w.size());
        fromInt4.resize(w.size());
        for (int64_t row = 0; row < shape.numRows; ++row) {
            const float* from = w.data() + row * shape.width;
            quantizeInt8(int8.data() + row * filled, int8Scales.data() + row * groups, from, shape.width);
            quantizeInt4(int4.data() + row * filled / 2, int4Scales.data() + row * groups, from, shape.width);
            dequantizeInt8(fromInt8.data() + row * shape.width, int8.data() + row * filled,
                           int8Scales.data() + row * groups, shape.width);
            dequantizeInt4(fromInt4.data() + row * shape.width, int4.data() + row * filled / 2,
                           int4Scales.data() + row * groups, shape.width);
        }
    }
};

/// Compares each product with its sum in double; `error` is allowed for each product of two numbers, relative
/// to both.
void compare(const Shape& shape, const std::vector<float>& x, const std::vector<float>& w,
             const std::vector<float>& y, int64_t yStride, double error)
{
    for (int64_t t = 0; t < shape.numTokens; ++t)
        for (int64_t row = 0; row < yStride; ++row) {
            const float got = y[size_t(t * yStride + row)];
            if (row >= shape.numRows) {
                QCOMPARE(got, -1.0f);  // untouched
                continue;
            }
            double expected = 0, squares = 0;
            for (int64_t i = 0; i < shape.width; ++i) {
                const double product =
                    double(w[size_t(row * shape.width + i)]) * double(x[size_t(t * shape.width + i)]);
                expected += product;
                squares += product * product;
            }
            QVERIFY2(
                std::fabs(double(got) - expected) <= error * (std::sqrt(squares) + 1e-6),
                qPrintable(
                    QString("token %1, row %2: %3, not %4").arg(t).arg(row).arg(double(got)).arg(expected)));
        }
}

}  // namespace

class WeightProductTest final : public QObject {
    Q_OBJECT

    using Multiply = std::function<void(const Product&, const float* x, const Weights&)>;

    static void check(CpuIsa isa, const std::vector<float> Weights::*readBack, double error,
                      const Multiply& multiply)
    {
        for (const Shape& shape : kShapes) {
            const Weights weights(shape);
            const std::vector<float> x = randomFloats(shape.numTokens * shape.width, 2, 4);
            const int64_t yStride = shape.numRows + 3;
            std::vector<float> y(size_t(shape.numTokens * yStride), -1.0f);
            multiply({y.data(), yStride, shape.numTokens, shape.numRows, shape.width, isa}, x.data(),
                     weights);
            compare(shape, x, weights.*readBack, y, yStride, error);
            if (QTest::currentTestFailed())
                return;
        }
    }

    static std::vector<ActivationBlock> rounded(const Product& p, const float* x)
    {
        std::vector<ActivationBlock> blocks(size_t(numActivationBlocks(p.numTokens, p.width)));
        quantizeActivations(blocks.data(), x, p.numTokens, p.width, p.isa);
        return blocks;
    }

    static constexpr double kFloat = 1e-5;  // rounding of a few thousand sums
    static constexpr double kRounded =
        0.035;  // x in steps of 1/127 of the largest of 32: each off by up to 1/254 of it

private Q_SLOTS:
    void bfloat16_data() { addIsaRows(); }
    void bfloat16()
    {
        FETCH_ISA(isa);
        check(isa, &Weights::fromBfloat, kFloat, [](const Product& p, const float* x, const Weights& w) {
            multiplyBFloat16(p, x, w.bfloat16.data());
        });
    }

    void manyBFloat16_data() { addIsaRows(); }
    void manyBFloat16()
    {
        FETCH_ISA(isa);
        check(isa, &Weights::fromBfloat, kFloat, [](const Product& p, const float* x, const Weights& w) {
            multiplyManyBFloat16(p, x, w.bfloat16.data());
        });
    }

    void int8_data() { addIsaRows(); }
    void int8()
    {
        FETCH_ISA(isa);
        check(isa, &Weights::fromInt8, kRounded, [](const Product& p, const float* x, const Weights& w) {
            multiplyInt8(p, rounded(p, x).data(), w.int8.data(), w.int8Scales.data());
        });
    }

    void int4_data() { addIsaRows(); }
    void int4()
    {
        FETCH_ISA(isa);
        check(isa, &Weights::fromInt4, kRounded, [](const Product& p, const float* x, const Weights& w) {
            multiplyInt4(p, rounded(p, x).data(), w.int4.data(), w.int4Scales.data());
        });
    }

    /// Integer sums are exact, so with the activations' rounding shared only the order of float sums differs.
    void integersAgreeWithTheScalarReference_data() { addIsaRows(); }
    void integersAgreeWithTheScalarReference()
    {
        FETCH_ISA(isa);
        for (const Shape& shape : kShapes) {
            const Weights weights(shape);
            const std::vector<float> x = randomFloats(shape.numTokens * shape.width, 2, 5);
            std::vector<float> got(size_t(shape.numTokens * shape.numRows)), expected = got;
            Product p = {got.data(), shape.numRows, shape.numTokens, shape.numRows, shape.width, isa};
            Product reference = p;
            reference.y = expected.data();
            reference.isa = CpuIsa::Scalar;
            for (const bool isInt4 : {false, true}) {
                const auto run = [&](const Product& product) {
                    const std::vector<ActivationBlock> blocks = rounded(product, x.data());
                    isInt4
                        ? multiplyInt4(product, blocks.data(), weights.int4.data(), weights.int4Scales.data())
                        : multiplyInt8(product, blocks.data(), weights.int8.data(),
                                       weights.int8Scales.data());
                };
                run(p);
                run(reference);
                for (size_t i = 0; i < got.size(); ++i)
                    QVERIFY(std::fabs(got[i] - expected[i]) <= 2e-5f * (1 + std::fabs(expected[i])));
            }
        }
    }
};

QTEST_GUILESS_MAIN(WeightProductTest)
#include "weight_product_test.moc"
