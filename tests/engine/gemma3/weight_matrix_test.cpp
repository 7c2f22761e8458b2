// A matrix in each format: what it gives back, how large it is, and that products by kernels are those by
// LibTorch.

#include "engine/gemma3/weight_matrix.h"

#include "engine/tensor_file.h"
#include "tests/engine/gemma3/golden_model.h"

using namespace facet;
using namespace facet::engine;
using core::gemma3::WeightFormat;
using gemma3::WeightMatrix;

Q_DECLARE_METATYPE(core::gemma3::WeightFormat)

class WeightMatrixTest final : public QObject {
    Q_OBJECT

    const c10::InferenceMode m_noGradients;

    static at::TensorOptions float32() { return at::dtype(at::kFloat).device(at::kCPU); }

    static void addFormats()
    {
        QTest::addColumn<WeightFormat>("format");
        for (const WeightFormat format : core::gemma3::kWeightFormats)
            QTest::newRow(std::string(nameOf(format)).c_str()) << format;
    }

    static double errorOf(WeightFormat format)  // of weights, relative to the largest of a row
    {
        return format == WeightFormat::Float32    ? 0
               : format == WeightFormat::BFloat16 ? 1.0 / 256
               : format == WeightFormat::Int8     ? 0.51 / 127
               : format == WeightFormat::Int4     ? 0.24
                                                  : 0.16;  // half of 0.304, between the lowest two levels
    }

private Q_SLOTS:
    /// golden/make_normal_float.py: every bit of what bitsandbytes stores and widens.
    void normalFloatsAreBitsandbytesOwn_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name :
             {"many_groups", "blocks_across_rows", "odd_count", "zero_blocks", "all_zero", "wide_range"})
            QTest::newRow(name) << name;
    }
    void normalFloatsAreBitsandbytesOwn()
    {
        QFETCH(const QString, name);
        const auto golden = *readTensors(kGoldenFolder / "normal_float.safetensors");
        const auto value = [&](const char* what) { return golden.at(name.toStdString() + "." + what); };
        const WeightMatrix matrix(value("source"), WeightFormat::NormalFloat4, float32(), true);
        const auto [values, scaleCodes] = matrix.storedTensors();
        const at::Tensor expected = value("values");
        QVERIFY(at::equal(values.slice(0, 0, expected.numel()), expected));
        QVERIFY(at::equal(scaleCodes, value("scale_codes")));
        QVERIFY(at::equal(matrix.dense(0, matrix.numRows()), value("dense")));
    }

    void init() { at::manual_seed(5); }

    void rowsReadBack_data() { addFormats(); }
    void rowsReadBack()
    {
        QFETCH(const WeightFormat, format);
        for (const int64_t width : {24, 64, 100, 640})
            for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
                const at::Tensor source_OI = (0.05 * at::randn({37, width})).to(type);
                const WeightMatrix matrix(source_OI, format, float32(), true);
                QCOMPARE(matrix.numRows(), 37);
                QCOMPARE(matrix.numColumns(), width);
                QVERIFY(matrix.format() == format);
                QCOMPARE(matrix.numBytes(), core::gemma3::bytesOf(format, 37, width));
                const at::Tensor dense_OI = matrix.dense(0, 37);
                QVERIFY(dense_OI.scalar_type() == at::kFloat);
                QVERIFY(largestDifference(dense_OI, source_OI) <=
                        errorOf(format) * source_OI.abs().max().item<double>());
                QVERIFY(at::equal(matrix.dense(5, 9), dense_OI.slice(0, 5, 9)));
                const at::Tensor index_T = at::tensor({36, 0, 17, 17}, at::kLong);
                QVERIFY(at::equal(matrix.rowsAt(index_T), dense_OI.index_select(0, index_T)));
            }
    }

    void bfloat16LosesNothingOfABFloat16Checkpoint()
    {
        const at::Tensor source_OI = at::randn({9, 70}).to(at::kBFloat16);
        QVERIFY(at::equal(WeightMatrix(source_OI, WeightFormat::BFloat16, float32(), true).dense(0, 9),
                          source_OI.to(at::kFloat)));
    }

    void kernelsMultiplyAsLibTorchDoes_data() { addFormats(); }
    void kernelsMultiplyAsLibTorchDoes()
    {
        QFETCH(const WeightFormat, format);
        const bool rounds = format == WeightFormat::Int8 || format == WeightFormat::Int4;
        for (const int64_t width : {100, 640})
            for (const int64_t rows : {3, 1500}) {
                const at::Tensor source_OI = 0.05 * at::randn({rows, width});
                const WeightMatrix fast(source_OI, format, float32(), true);
                const WeightMatrix plain(source_OI, format, float32(), false);
                QVERIFY(at::equal(fast.dense(0, rows), plain.dense(0, rows)));
                for (std::vector<int64_t> sizes :
                     std::vector<std::vector<int64_t>>{{1}, {4}, {9}, {2, 70}, {0}}) {
                    sizes.push_back(width);
                    const at::Tensor x = at::randn(sizes), y = fast(x), expected = plain(x);
                    QVERIFY(y.sizes() == expected.sizes());
                    if (y.numel() == 0)
                        continue;
                    // Activations in steps of 1/127 of the largest of 32, which is about 2.1 deviations.
                    const double allowed = rounds ? 0.03 : 1e-5;
                    QVERIFY2(largestDifference(y, expected) <= allowed * expected.std().item<double>() * 2,
                             std::to_string(largestDifference(y, expected)).c_str());
                }
                const at::Tensor strided = at::randn({width, 5}).t();
                QVERIFY(largestDifference(fast(strided), fast(strided.contiguous())) <= 1e-5);
            }
    }

    /// As on a GPU, where the arithmetic is in bfloat16 and integers are widened for each product.
    void arithmeticInBFloat16()
    {
        const at::Tensor source_OI = 0.05 * at::randn({200, 128}), x = at::randn({3, 128});
        for (const WeightFormat format : core::gemma3::kWeightFormats) {
            if (format == WeightFormat::Float32)
                continue;
            const WeightMatrix matrix(source_OI, format, at::dtype(at::kBFloat16).device(at::kCPU), false);
            const at::Tensor y = matrix(x.to(at::kBFloat16));
            QVERIFY(y.scalar_type() == at::kBFloat16);
            QCOMPARE(matrix.numBytes(), core::gemma3::bytesOf(format, 200, 128));
            const WeightMatrix exact(source_OI, format, float32(), false);
            QVERIFY(largestDifference(y, exact(x)) <= 0.03);
        }
    }
};

QTEST_GUILESS_MAIN(WeightMatrixTest)
#include "weight_matrix_test.moc"
