// AdamW with moments in fewer bits, and on weights in bfloat16, learns as in float: a tiny model learns
// chains of tokens whose next one is known seven times out of ten.

#include "engine/gemma3/visit_weights.h"
#include "tests/engine/train/training_case.h"

#include <QTest>

#include <random>

using namespace facet;
using namespace facet::engine;

namespace {

gemma3::Model tinyModel()
{
    return *gemma3::loadModel(*core::ModelFolder::open(kGoldenFolder / "text_small"), kReference);
}

/// Everything in the model, as `type`.
TrainedModel trainedWhole(at::ScalarType type)
{
    gemma3::Model model = tinyModel();
    TrainedSelection all;
    gemma3::WeightVisitor visitor;
    visitor.tensor = [&](const std::string& name, at::Tensor& tensor) {
        tensor = tensor.to(type);
        all.tensors.insert(name);
    };
    visitor.matrix = [&](const std::string& name, gemma3::WeightMatrix& matrix) {
        matrix = gemma3::WeightMatrix::sharing(matrix.dense(0, matrix.numRows()).to(type));
        all.tensors.insert(name);
    };
    gemma3::visitWeights(model.weights, visitor);
    return *TrainedModel::make(model, all, /*seed=*/1);
}

PackedBatch chains(int64_t step)
{
    constexpr int64_t kWords = 60, kFirst = 8;
    std::mt19937_64 random(static_cast<uint64_t>(step));
    std::vector<TrainingSample> samples(3);
    for (TrainingSample& sample : samples) {
        sample.ids = {2, kFirst + static_cast<int64_t>(random() % kWords)};
        while (sample.ids.size() < 20) {
            const int64_t next = (sample.ids.back() - kFirst) * 7 + 3;
            const bool isKnown = random() % 10 < 7;
            sample.ids.push_back(kFirst +
                                 (isKnown ? next : static_cast<int64_t>(random() % kWords)) % kWords);
        }
        sample.isTarget.assign(sample.ids.size(), true);
    }
    return packed(samples, /*imageTokenId=*/-1, at::kCPU);
}

struct Lesson {
    double loss = 0;  ///< mean of the last fifty steps
    std::map<std::string, at::Tensor> state;
    TrainedModel model;
};

Lesson taught(at::ScalarType type, const AdamWSettings& settings, int numSteps)
{
    Lesson lesson = {0, {}, trainedWhole(type)};
    AdamW optimizer(lesson.model.trained(), settings);
    for (int step = 0; step < numSteps; ++step) {
        const PackedBatch batch = chains(step);
        const at::Tensor loss = lesson.model.sumOfLosses(batch) / batch.numTargets;
        loss.backward();
        optimizer.accumulate();
        optimizer.step(1e-3);
        if (step >= numSteps - 50)
            lesson.loss += loss.item<double>() / 50;
    }
    lesson.state = optimizer.state();
    return lesson;
}

}  // namespace

class OptimizerTest final : public QObject {
    Q_OBJECT

    double m_floatLoss = 0;  // after 200 steps

private Q_SLOTS:
    void initTestCase()
    {
        m_floatLoss = taught(at::kFloat, {}, 200).loss;
        QVERIFY2(m_floatLoss < 3.5, qPrintable(QString::number(m_floatLoss)));  // log 60 is 4.1
    }

    void momentsInFewerBitsLearnAsWell_data()
    {
        QTest::addColumn<int>("format");
        QTest::addColumn<double>("bytes");  // of both moments, for each number
        QTest::newRow("bfloat16") << static_cast<int>(MomentFormat::BFloat16) << 4.0;
        QTest::newRow("8 bits") << static_cast<int>(MomentFormat::Int8) << 2 * (1 + 4.0 / 256);
    }
    void momentsInFewerBitsLearnAsWell()
    {
        QFETCH(const int, format);
        QFETCH(const double, bytes);
        const Lesson lesson = taught(at::kFloat, {.moments = static_cast<MomentFormat>(format)}, 200);
        QVERIFY2(std::abs(lesson.loss / m_floatLoss - 1) < 0.01, qPrintable(QString::number(lesson.loss)));

        const std::string table = "language_model.embed_tokens.weight";
        size_t stored = 0;
        for (const auto& [name, tensor] : lesson.state)
            if (name.find("_moment." + table) != std::string::npos)
                stored += tensor.nbytes();
        const double perNumber = double(stored) / double(lesson.state.at("master." + table).numel());
        QVERIFY2(std::abs(perNumber - bytes) < 0.05, qPrintable(QString::number(perNumber)));
    }

    /// Numbers of create_dynamic_map() in bitsandbytes/functional.py, at places in its table of 256.
    void theLevelsAreThoseOfBitsandbytes()
    {
        const std::map<int, double> isSigned = {{0, -0.99296875},  {2, -0.96484375}, {60, -0.14921875},
                                                {127, 0},          {128, 5.5e-07},   {129, 3.25e-06},
                                                {200, 0.23359375}, {255, 1}};
        const std::map<int, double> isNot = {{0, 0},
                                             {1, 3.25e-07},
                                             {2, 7.75e-07},
                                             {60, 0.009296875},
                                             {127, 0.103515625},
                                             {200, 0.616796875},
                                             {254, 0.996484375},
                                             {255, 1}};
        for (const bool hasSign : {true, false}) {
            const at::Tensor level = dynamicLevels(hasSign);
            for (const auto& [place, value] : hasSign ? isSigned : isNot)
                QVERIFY2(std::abs(level[place].item<double>() - value) <= 1e-7 * std::abs(value),
                         qPrintable(QString::number(place)));
        }
    }

    void eightBitsHoldTheNearestLevel()
    {
        for (const bool isSigned : {true, false}) {
            const at::Tensor level = dynamicLevels(isSigned);
            QCOMPARE(level.numel(), int64_t{256});
            Moment moment(MomentFormat::Int8, 5000, isSigned, at::kCPU);
            const at::Tensor values = isSigned ? at::randn({5000}) : at::randn({5000}).square();
            moment.store(0, values);
            const at::Tensor loaded = moment.loaded(0, 5000);
            for (int64_t begin = 0; begin < 5000; begin += Moment::kBlock) {
                const int64_t end = std::min<int64_t>(begin + Moment::kBlock, 5000);
                const at::Tensor value = values.slice(0, begin, end);
                const at::Tensor distance =
                    (value.unsqueeze(1) - level * value.abs().max()).abs().amin(1);  // by trying all
                QVERIFY(at::allclose((value - loaded.slice(0, begin, end)).abs(), distance, 1e-4, 1e-6));
            }
            QVERIFY(at::equal(moment.loaded(256, 512), loaded.slice(0, 256, 512)));
        }
    }

    void weightsInBfloat16LearnThroughTheirMasters()
    {
        const Lesson lesson = taught(at::kBFloat16, {}, 200);
        QVERIFY2(std::abs(lesson.loss / m_floatLoss - 1) < 0.02, qPrintable(QString::number(lesson.loss)));
        for (const auto& [name, tensor] : lesson.model.trained()) {
            const at::Tensor& master = lesson.state.at("master." + name);
            QCOMPARE(master.scalar_type(), at::kFloat);
            QVERIFY(at::equal(tensor, master.to(at::kBFloat16)));
        }
    }

    void withoutMastersChangesBelowTheRoundingAreLost()
    {
        const Lesson lesson = taught(at::kBFloat16, {.hasMasters = false}, 60);
        for (const auto& [name, tensor] : lesson.model.trained())
            QVERIFY(lesson.state.at("master." + name).is_alias_of(tensor));
    }
};

QTEST_GUILESS_MAIN(OptimizerTest)
#include "optimizer_test.moc"
