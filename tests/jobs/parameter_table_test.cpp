// Numbers of parameters. Expectations: google/gemma_pytorch's shapes added up by hand in reference tables
// (body, embedding, totals), PEFT's published counts for LoRA on all seven linears of a layer.

#include "jobs/targets/parameter_table.h"
#include "jobs/model_shape.h"
#include "jobs/targets/target_selection.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::jobs;

namespace {

double inMillions(int64_t count)
{
    return std::round(static_cast<double>(count) / 1e5) / 10;
}

}  // namespace

class ParameterTableTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void thePublicSizesHaveTheirParameters_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<double>("body");
        QTest::addColumn<double>("embeddings");
        QTest::addColumn<double>("total");
        QTest::addColumn<double>("loraOfRank32");
        QTest::newRow("270m") << "gemma-3-270m" << 100.3 << 167.8 << 268.1 << 7.6;
        QTest::newRow("1b") << "google/gemma-3-1b-pt" << 697.9 << 302.0 << 999.9 << 26.1;
        QTest::newRow("4b") << "google/gemma-3-4b-it" << 3209.0 << 671.3 << 4300.1 << 59.6;
        QTest::newRow("12b") << "gemma-3-12b-it" << 10759.2 << 1006.9 << 12187.3 << 130.9;
        QTest::newRow("27b") << "gemma-3-27b-it" << 25599.7 << 1409.6 << 27432.4 << 227.0;
    }
    void thePublicSizesHaveTheirParameters()
    {
        QFETCH(QString, model);
        const auto config = *publicShape(model.toStdString());
        const ParameterTable table = parameterTable(config, {}, 0);
        QTEST(inMillions(table.totalOf(ParameterPart::LanguageLayers) +
                         table.totalOf(ParameterPart::LanguageNorms)),
              "body");
        QTEST(inMillions(table.totalOf(ParameterPart::Embeddings)), "embeddings");
        QTEST(inMillions(table.total), "total");
        QCOMPARE(table.trained, table.total);
        int64_t lora = 0;
        for (const LinearModule& module : linearModules(config))
            lora += module.tower == Tower::Language ? module.numAdapterParameters(32, false) : 0;
        QTEST(inMillions(lora), "loraOfRank32");
    }

    void theVisionTowerHasItsParameters()
    {
        const ParameterTable table = parameterTable(*publicShape("gemma-3-4b"), {}, 0);
        QCOMPARE(table.totalOf(ParameterPart::VisionTower) + table.totalOf(ParameterPart::VisionNorms),
                 416'866'032);
    }

    void eachPartIsFrozenOnItsOwn()
    {
        const auto config = *publicShape("gemma-3-4b");
        const ParameterTable all = parameterTable(config, {}, 0);
        const ParameterTable lora =
            parameterTable(config, {.languageModel = true, .visionTower = true, .projector = true}, 1000);
        QCOMPARE(lora.trained, 1000);
        const ParameterTable onlyTable = parameterTable(
            config,
            {.languageModel = true, .visionTower = true, .projector = true, .embeddings = false, .norms = {}},
            0);
        QCOMPARE(onlyTable.trained, all.totalOf(ParameterPart::Embeddings));
        const ParameterTable withoutNorms = parameterTable(config,
                                                           {.languageModel = false,
                                                            .visionTower = false,
                                                            .projector = true,
                                                            .embeddings = {},
                                                            .norms = true},
                                                           0);
        QCOMPARE(withoutNorms.trainedOf(ParameterPart::VisionNorms), 0);
        QCOMPARE(withoutNorms.trainedOf(ParameterPart::LanguageNorms), 0);
        QCOMPARE(withoutNorms.trainedOf(ParameterPart::Projector), 0);
        QCOMPARE(withoutNorms.trainedOf(ParameterPart::VisionTower), all.totalOf(ParameterPart::VisionTower));
        // Of the projector, its norm alone: 1152 numbers.
        const ParameterTable projectorNorm = parameterTable(
            config,
            {.languageModel = true, .visionTower = true, .projector = true, .embeddings = {}, .norms = false},
            0);
        QCOMPARE(projectorNorm.trainedOf(ParameterPart::Projector), 1152);
    }
};

QTEST_GUILESS_MAIN(ParameterTableTest)
#include "parameter_table_test.moc"
