// Holds every value on the way through the model against what Hugging Face transformers computed in fp32 for
// the same weights and inputs (tests/engine/golden/make_golden.py), then the ways of computing it against
// each other.

#include "tests/engine/gemma3/golden_model.h"

#include <QTest>

using namespace facet;
using namespace facet::engine;

class GoldenTest final : public QObject {
    Q_OBJECT

    static void addCases()
    {
        QTest::addColumn<std::string>("name");
        for (const std::string& name : goldenCases())
            QTest::newRow(name.c_str()) << name;
    }

    /// Runs all of an input at once and compares each traced value.
    static void compareTrace(const GoldenModel& golden, int input)
    {
        int numCompared = 0;
        const gemma3::Trace trace = [&](const std::string& name, const at::Tensor& value) {
            const std::string full = std::to_string(input) + "." + name;
            if (!golden.has(full))
                return;
            const double difference = largestDifference(value, golden.value(full));
            QVERIFY2(difference <= 1e-4, (full + " differs by " + std::to_string(difference)).c_str());
            ++numCompared;
        };
        const c10::InferenceMode noGradients;
        gemma3::KvCache cache(golden.model.config.text);
        const std::vector<int64_t> ids = golden.ids(input);
        const gemma3::Step step = {at::tensor(ids, at::kLong),
                                   segmentsOf(ids, golden.model.config.imageTokenId, cache),
                                   golden.features_XD(input, trace)};
        const at::Tensor hidden_TD =
            gemma3::hiddenStates(step, golden.model.weights, golden.model.config.text, trace);
        const double difference = largestDifference(gemma3::logits(hidden_TD, golden.model.weights),
                                                    golden.value(std::to_string(input) + ".logits"));
        QVERIFY2(difference <= 1e-3, ("logits differ by " + std::to_string(difference)).c_str());
        QVERIFY(numCompared >= 2 + 2 * golden.model.config.text.numLayers);
    }

private Q_SLOTS:
    void thereAreGoldenModels() { QVERIFY(goldenCases().size() >= 15); }

    void everyValueIsThatOfTransformers_data() { addCases(); }
    void everyValueIsThatOfTransformers()
    {
        QFETCH(const std::string, name);
        const GoldenModel golden = GoldenModel::open(name);
        QVERIFY(golden.numInputs() > 0);
        for (int input = 0; input < golden.numInputs(); ++input)
            compareTrace(golden, input);
    }

    void anyChunkingGivesTheSame_data() { addCases(); }
    void anyChunkingGivesTheSame()
    {
        QFETCH(const std::string, name);
        const c10::InferenceMode noGradients;
        const GoldenModel golden = GoldenModel::open(name);
        for (int input = 0; input < golden.numInputs(); ++input)
            for (const int64_t maxTokens : {1, 2, 3, 7, 16}) {  // 1 is decoding token by token
                const double difference = largestDifference(golden.logits_TV(input, maxTokens),
                                                            golden.value(std::to_string(input) + ".logits"));
                QVERIFY2(difference <= 1e-3,
                         ("input " + std::to_string(input) + " in chunks of " + std::to_string(maxTokens) +
                          " differs by " + std::to_string(difference))
                             .c_str());
            }
    }

    void sequencesInOneStepDoNotSeeEachOther_data() { addCases(); }
    void sequencesInOneStepDoNotSeeEachOther()
    {
        QFETCH(const std::string, name);
        const c10::InferenceMode noGradients;
        const GoldenModel golden = GoldenModel::open(name);
        const gemma3::Model& model = golden.model;

        std::vector<gemma3::KvCache> caches(static_cast<size_t>(golden.numInputs()),
                                            gemma3::KvCache(model.config.text));
        gemma3::Step step;
        std::vector<int64_t> ids;
        std::vector<at::Tensor> features, expected;
        for (int input = 0; input < golden.numInputs(); ++input) {
            const std::vector<int64_t> own = golden.ids(input);
            ids.insert(ids.end(), own.begin(), own.end());
            for (const gemma3::Segment& segment :
                 segmentsOf(own, model.config.imageTokenId, caches[static_cast<size_t>(input)]))
                step.segments.push_back(segment);
            if (const at::Tensor feature_XD = golden.features_XD(input); feature_XD.defined())
                features.push_back(feature_XD);
            expected.push_back(golden.value(std::to_string(input) + ".logits"));
        }
        step.token_T = at::tensor(ids, at::kLong);
        if (!features.empty())
            step.feature_XD = at::cat(features);
        const at::Tensor logit_TV =
            gemma3::logits(gemma3::hiddenStates(step, model.weights, model.config.text), model.weights);
        QVERIFY(largestDifference(logit_TV, at::cat(expected)) <= 1e-3);
    }
};

QTEST_GUILESS_MAIN(GoldenTest)
#include "golden_test.moc"
