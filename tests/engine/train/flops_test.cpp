// Counts against the table of Gemma 3's sizes that was worked out by hand from the report's shapes
// (body and head parameters, attention with windows): GFLOP a token of full training at 2,048 and 8,192
// tokens, and of LoRA at 4,096. And what is said of steps that look wrong.

#include "engine/train/flops.h"
#include "core/gemma3/tensor_names.h"
#include "engine/train/trouble.h"
#include "jobs/model_shape.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace facet;
using namespace facet::engine;

namespace {

PackedBatch document(int64_t length)
{
    PackedBatch batch;
    batch.token_T = at::zeros({length}, at::kLong);
    batch.rowSeeds.tokens = {{length, 0}};
    batch.numTargets = length;
    return batch;
}

std::set<std::string> allText(const core::gemma3::Config& config)
{
    std::set<std::string> names;
    for (const auto& [name, shape] : core::gemma3::expectedTensors(config))
        names.insert(name);
    return names;
}

}  // namespace

class FlopsTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void fullTrainingAndLora_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("length");
        QTest::addColumn<bool>("isLora");
        QTest::addColumn<double>("gigaflops");
        QTest::newRow("1B, 2k") << "gemma-3-1b-pt" << 2048 << false << 6.17;
        QTest::newRow("1B, 8k") << "gemma-3-1b-pt" << 8192 << false << 6.33;
        QTest::newRow("4B, 2k") << "gemma-3-4b-pt" << 2048 << false << 23.96;
        QTest::newRow("27B, 8k") << "gemma-3-27b-pt" << 8192 << false << 166.5;
        QTest::newRow("1B, LoRA, 4k") << "gemma-3-1b-pt" << 4096 << true << 4.23;
        QTest::newRow("12B, LoRA, 4k") << "gemma-3-12b-pt" << 4096 << true << 49.6;
    }
    void fullTrainingAndLora()
    {
        QFETCH(const QString, model);
        QFETCH(const int, length);
        QFETCH(const bool, isLora);
        QFETCH(const double, gigaflops);
        core::gemma3::Config config = *jobs::publicShape(model.toStdString());
        config.vision.reset();
        const std::set<std::string> lora = {"language_model.layers.0.self_attn.q_proj"};
        const TrainingFlops flops(config, isLora ? std::set<std::string>() : allText(config),
                                  isLora ? lora : std::set<std::string>());
        const double counted = flops.ofBatch(document(length)) / length / 1e9;
        QVERIFY2(std::abs(counted - gigaflops) < 0.006 * gigaflops, qPrintable(QString::number(counted)));
    }

    void aPictureCostsWhatItsTowerDoes()
    {
        // 5.46 TFLOP forward, with the patches' own 0.006 and the projector not counted.
        const core::gemma3::Config config = *jobs::publicShape("gemma-3-4b-pt");
        PackedBatch with = document(300), without = document(300);
        with.pixel_I3SS = at::empty({1, 3, 1, 1});
        const TrainingFlops frozen(config, {"language_model.norm.weight"}, {});
        const double teraflops = (frozen.ofBatch(with) - frozen.ofBatch(without)) / 1e12;
        QVERIFY2(std::abs(teraflops - 5.46) < 0.03, qPrintable(QString::number(teraflops)));
    }

    void whatIsFrozenBelowCostsOnlyItsForwardPass()
    {
        core::gemma3::Config config = *jobs::publicShape("gemma-3-1b-pt");
        config.vision.reset();
        const TrainingFlops top(config, {"language_model.layers.25.mlp.down_proj.weight"}, {});
        const TrainingFlops bottom(config, {"language_model.layers.0.mlp.down_proj.weight"}, {});
        QVERIFY(top.ofBatch(document(512)) < 0.7 * bottom.ofBatch(document(512)));
    }

    void aLossThatIsNoNumberLeavesTheStepOut()
    {
        TroubleWatch watch({}, {});
        QVERIFY(!watch.judge(2, 1));
        const auto trouble = watch.judge(std::numeric_limits<double>::quiet_NaN(), 1);
        QVERIFY(trouble && trouble->answer == Answer::Skip);
        QVERIFY(watch.judge(2, std::numeric_limits<double>::infinity())->answer == Answer::Skip);
        QCOMPARE(watch.recentLosses(), std::vector<double>{2});
    }

    void aJumpOfTheLossIsSaidAndAnsweredByTheRule()
    {
        for (const Answer rule : {Answer::GoOn, Answer::Skip, Answer::Stop}) {
            TroubleWatch watch({.spike = rule}, {});
            for (int step = 0; step < 30; ++step)
                QVERIFY(!watch.judge(2 + 0.1 * (step % 3), 1));
            QVERIFY(!watch.judge(2.5, 1));
            const auto trouble = watch.judge(9, 1);
            QVERIFY(trouble && trouble->answer == rule);
            QVERIFY(trouble->what.starts_with("the loss jumped to 9 from about 2.1"));
        }
    }
};

QTEST_GUILESS_MAIN(FlopsTest)
#include "flops_test.moc"
