// Against transformers' Gemma3ImageProcessor: golden/make_crops.py.

#include "core/image/pan_and_scan.h"
#include "tests/support/check.h"

#include <QTest>

#include <fstream>
#include <nlohmann/json.hpp>

using namespace facet::core;
using Json = nlohmann::json;

class PanAndScanTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cropsAreThoseOfTransformers()
    {
        std::ifstream file(SOURCE_DIR "/tests/core/image/golden/pan_and_scan.json");
        const Json rows = Json::parse(file, nullptr, false);
        QVERIFY2(rows.is_array() && rows.size() >= 300, "pan_and_scan.json is missing");
        for (const Json& row : rows) {
            std::vector<CropRect> expected;
            for (const Json& r : row[5])
                expected.push_back({r[0], r[1], r[2], r[3]});
            const auto crops = panAndScanCrops(row[0], row[1], row[2], row[3], row[4]);
            QVERIFY2(crops == expected, row.dump().c_str());
        }
    }

    void theDefaultsAreThoseOfGemma3()
    {
        QCOMPARE(panAndScanCrops(1000, 500), panAndScanCrops(1000, 500, 256, 4, 1.2));
        QCOMPARE(panAndScanCrops(5000, 500).size(), size_t{4});
    }

    void senselessSizesHaveNoCrops()
    {
        QVERIFY(panAndScanCrops(0, 100).empty());
        QVERIFY(panAndScanCrops(100, -1).empty());
        QVERIFY(panAndScanCrops(1000, 100, 0, 0, 1.2).empty());
    }
};

QTEST_GUILESS_MAIN(PanAndScanTest)
#include "pan_and_scan_test.moc"
