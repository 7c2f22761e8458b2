// What models need, against the sizes that the hub's index files give, and what a user is told when it is too
// much.

#include "core/gemma3/memory_estimate.h"

#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/gemma3/config_json.h"
#include "tests/support/check.h"

#include <QTest>
#include <nlohmann/json.hpp>

using namespace facet::core;
using namespace facet::core::gemma3;

class MemoryEstimateTest final : public QObject {
    Q_OBJECT

    static Config configOf(const std::string& name)
    {
        const auto text = readFile(SOURCE_DIR "/tests/core/gemma3/golden/configs.json", 1 << 20);
        const nlohmann::json golden = nlohmann::json::parse(*text);
        for (const auto& entry : golden["cases"])
            if (entry["name"] == name)
                return *parseConfig(entry["config"].dump(), false);
        qFatal("no such case");
    }

    static constexpr int64_t kGigabyte = 1'000'000'000;

    static MemoryRequest onGpu(WeightFormat weights, int64_t context = 8192)
    {
        return {weights, context, 1, 2, true};
    }

private Q_SLOTS:
    void weightsInBFloat16AreTheHubsTotalSize_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<qlonglong>("parameters");
        // "metadata": {"total_size"} of model.safetensors.index.json is twice this; of 270M and 1B the file's
        // header.
        QTest::newRow("270M") << QByteArray("270M") << 268'098'176LL;
        QTest::newRow("1B") << QByteArray("1B") << 999'885'952LL;
        QTest::newRow("4B") << QByteArray("4B") << 4'300'079'472LL;
        QTest::newRow("12B") << QByteArray("12B") << 12'187'325'040LL;
        QTest::newRow("27B") << QByteArray("27B") << 27'432'406'640LL;
    }

    void weightsInBFloat16AreTheHubsTotalSize()
    {
        QFETCH(const QByteArray, name);
        QFETCH(const qlonglong, parameters);
        const Config config = configOf(name.toStdString());
        QCOMPARE(estimateMemory(config, onGpu(WeightFormat::BFloat16)).weights, int64_t{2 * parameters});
        QCOMPARE(estimateMemory(config, {WeightFormat::Float32, 8192, 1, 4, false}).weights,
                 int64_t{4 * parameters});
    }

    void twelveAndTwentySevenBillionFitA24GigabyteCard()
    {
        const int64_t free = 24 * kGigabyte - kGigabyte / 2;
        QVERIFY(checkMemory(configOf("12B"), onGpu(WeightFormat::Int8), free, "cuda:0"));
        QVERIFY(checkMemory(configOf("27B"), onGpu(WeightFormat::Int4), free, "cuda:0"));
        QVERIFY(!checkMemory(configOf("12B"), onGpu(WeightFormat::BFloat16), free, "cuda:0"));
    }

    void aRefusalHasTheNumbersAndWhatWouldFit()
    {
        const auto refusal =
            checkMemory(configOf("27B"), onGpu(WeightFormat::BFloat16), 24 * kGigabyte, "cuda:0");
        QVERIFY(!refusal);
        QVERIFY(refusal.error().code == ErrorCode::OutOfMemory);
        const QString sentence = QString::fromStdString(refusal.error().message);
        for (const char* part :
             {"bfloat16 weights", "8192 tokens", "cuda:0 has 24.0 GB free", "--weights int4 would fit"})
            QVERIFY2(sentence.contains(QString::fromLatin1(part)), qPrintable(sentence));
    }

    void aContextThatIsTooLongIsNamedWithOneThatFits()
    {
        const std::string advice =
            memoryAdvice(configOf("4B"), onGpu(WeightFormat::Int4, 131'072), 8 * kGigabyte);
        QVERIFY2(QString::fromStdString(advice).startsWith(QStringLiteral("a context of ")), advice.c_str());
        QCOMPARE(memoryAdvice(configOf("4B"), onGpu(WeightFormat::Int4, 4096), 8 * kGigabyte), std::string());
        QVERIFY(memoryAdvice(configOf("27B"), onGpu(WeightFormat::BFloat16), kGigabyte)
                    .starts_with("no format fits"));
    }

    /// 27B: 62 layers, of which each sixth is global; 16 heads of 128, keys and values, 2 bytes.
    void localLayersKeepTheirWindowOnly()
    {
        const Config config = configOf("27B");
        const int64_t perTokenAndLayer = 2 * 16 * 128 * 2;
        const int64_t shorter = estimateMemory(config, onGpu(WeightFormat::Int4, 16'384)).cache;
        const int64_t longer = estimateMemory(config, onGpu(WeightFormat::Int4, 32'768)).cache;
        // Grown by doubling, a global layer has room for up to twice its tokens.
        QCOMPARE(longer - shorter, 10 * perTokenAndLayer * 2 * 16'384);
    }

    void slotsEachHaveACache()
    {
        MemoryRequest request = onGpu(WeightFormat::Int8);
        const Config config = configOf("4B");
        const int64_t one = estimateMemory(config, request).cache;
        request.numSlots = 5;
        QCOMPARE(estimateMemory(config, request).cache, 5 * one);
    }

    void formatsHaveNames()
    {
        for (const WeightFormat format : kWeightFormats)
            QVERIFY(weightFormatNamed(nameOf(format)) == format);
        QVERIFY(!weightFormatNamed("int3"));
        QVERIFY(!weightFormatNamed(""));
    }

    void thisMachineHasFreeMemory()
    {
        QVERIFY(availableMemory() > 100'000'000);
        QVERIFY(availableMemory() < int64_t{1} << 50);
    }
};

QTEST_GUILESS_MAIN(MemoryEstimateTest)
#include "memory_estimate_test.moc"
