// Values of blocks have the bits that gguf-py gives them: golden/make_golden.py.

#include "core/gguf/blocks.h"
#include "core/gguf/gguf_file.h"
#include "core/gguf/half.h"
#include "tests/support/check.h"

#include <QTest>

#include <cstring>
#include <limits>

using namespace facet::core;

class GgufBlocksTest : public QObject {
    Q_OBJECT

    std::optional<GgufFile> m_golden;

    /// A tensor that is stored as floats.
    std::vector<float> floats(const std::string& name) const
    {
        const TensorView& view = m_golden->tensors().at(name);
        std::vector<float> values(view.bytes.size() / sizeof(float));
        std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
        return values;
    }

private Q_SLOTS:
    void initTestCase()
    {
        auto file = GgufFile::open(SOURCE_DIR "/tests/core/gguf/golden/types.gguf");
        QVERIFY2(file, reason(file));
        m_golden = *std::move(file);
    }

    void valuesAreThoseOfGgufPy_data()
    {
        QTest::addColumn<QByteArray>("name");
        for (const char* name : {"Q4_0", "Q5_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "F16", "BF16"})
            QTest::newRow(name) << QByteArray(name);
    }
    void valuesAreThoseOfGgufPy()
    {
        QFETCH(const QByteArray, name);
        const TensorView& view = m_golden->tensors().at(name.toStdString());
        QCOMPARE(nameOf(view.dtype), std::string_view(name.constData()));
        QVERIFY(hasValues(view.dtype));
        const std::vector<float> expected = floats(name.toStdString() + " values");
        std::vector<float> values(expected.size());
        valuesOf(view.dtype, view.bytes, values);
        QVERIFY(!expected.empty());
        QCOMPARE(std::memcmp(values.data(), expected.data(), 4 * expected.size()), 0);
    }

    void whatIsStoredIsThatOfGgufPy_data()
    {
        QTest::addColumn<QByteArray>("name");
        for (const char* name : {"Q8_0", "F16", "BF16"})
            QTest::newRow(name) << QByteArray(name);
    }
    void whatIsStoredIsThatOfGgufPy()
    {
        QFETCH(const QByteArray, name);
        const TensorView& expected = m_golden->tensors().at(name.toStdString() + " of source");
        QVERIFY(canStore(expected.dtype));
        std::vector<std::byte> bytes(expected.bytes.size());
        storeValues(expected.dtype, floats("source"), bytes);
        QVERIFY(std::ranges::equal(bytes, expected.bytes));
    }

    void whatIsNoNumberStaysWithinItsBlock()
    {
        std::vector<float> values(64, 1);
        values[3] = std::numeric_limits<float>::quiet_NaN();
        values[32] = std::numeric_limits<float>::infinity();
        std::vector<std::byte> bytes(68);
        storeValues(DType::Q8_0, values, bytes);
        QCOMPARE(bytes[2 + 3], std::byte{0});
        QCOMPARE(bytes[2 + 4], std::byte{127});
        QVERIFY(std::isnan(floatOfHalf(halfOfFloat(values[3]))));
        QVERIFY(std::isnan(floatOfBFloat16(bfloat16OfFloat(values[3]))));
        QCOMPARE(floatOfHalf(halfOfFloat(values[32])), values[32]);
        QCOMPARE(floatOfHalf(halfOfFloat(65520)), values[32]);
    }

    void everyHalfComesBack()
    {
        for (uint32_t word = 0; word < 65536; ++word) {
            const auto half = static_cast<uint16_t>(word);
            if ((half & 0x7FFF) <= 0x7C00)  // NaNs have many names
                QCOMPARE(halfOfFloat(floatOfHalf(half)), half);
        }
    }

    void sizesAreWholeBlocks()
    {
        QCOMPARE(byteSize(DType::Q8_0, std::vector<int64_t>{3, 64}), std::optional<uint64_t>(204));
        QVERIFY(!byteSize(DType::Q8_0, std::vector<int64_t>{64, 3}));
        QVERIFY(!byteSize(DType::Q4_K, std::vector<int64_t>{}));
        QVERIFY(!dtypeNamed("Q8_0"));  // no safetensors file has it
    }
};

QTEST_GUILESS_MAIN(GgufBlocksTest)
#include "gguf_blocks_test.moc"
