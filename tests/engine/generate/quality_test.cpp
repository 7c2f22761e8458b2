// What a format costs: perplexity from the logits that transformers computed, divergence from its definition.

#include "engine/generate/quality.h"

#include "tests/engine/gemma3/golden_model.h"
#include "tests/support/check.h"

#include <cmath>

using namespace facet;
using namespace facet::engine;
using core::gemma3::WeightFormat;

class QualityTest final : public QObject {
    Q_OBJECT

    const c10::InferenceMode m_noGradients;

    static int longestInput(const GoldenModel& golden)
    {
        int longest = 0;
        for (int input = 1; input < golden.numInputs(); ++input)
            if (golden.ids(input).size() > golden.ids(longest).size())
                longest = input;
        return longest;
    }

private Q_SLOTS:
    void perplexityIsThatOfTransformersLogits()
    {
        const GoldenModel golden = GoldenModel::open("text_small");
        const int input = longestInput(golden);
        const std::vector<int64_t> ids = golden.ids(input);
        const at::Tensor logprob_TV =
            golden.value(std::to_string(input) + ".logits").to(at::kDouble).log_softmax(-1);
        double sum = 0;
        for (size_t i = 1; i < ids.size(); ++i)
            sum -= logprob_TV[int64_t(i) - 1][ids[i]].item<double>();
        const double expected = std::exp(sum / double(ids.size() - 1));

        const core::Result<Quality> quality = compareModels(golden.model, golden.model, {ids});
        QVERIFY2(quality, reason(quality));
        QCOMPARE(quality->numTokens, int64_t(ids.size()) - 1);
        QVERIFY(std::fabs(quality->perplexity / expected - 1) < 1e-4);
        QCOMPARE(quality->referencePerplexity, quality->perplexity);
        QVERIFY(quality->meanKl < 1e-9);
        QCOMPARE(quality->sameBest, 1.0);
    }

    void divergenceIsItsDefinition()
    {
        const GoldenModel golden = GoldenModel::open("text_small");
        const GoldenModel coarse =
            GoldenModel::open("text_small", {at::kCPU, at::kFloat, WeightFormat::Int4, true});
        const int input = longestInput(golden);
        const std::vector<int64_t> ids = golden.ids(input);
        const at::Tensor p_TV = golden.logits_TV(input, 512).to(at::kDouble).softmax(-1);
        const at::Tensor q_TV = coarse.logits_TV(input, 512).to(at::kDouble).softmax(-1);
        double sum = 0;
        const auto numTokens = int64_t(ids.size()) - 1;
        for (int64_t t = 0; t < numTokens; ++t)
            for (int64_t v = 0; v < p_TV.size(1); ++v) {
                const double p = p_TV[t][v].item<double>();
                sum += p * std::log(p / q_TV[t][v].item<double>());
            }
        const core::Result<Quality> quality = compareModels(golden.model, coarse.model, {ids});
        QVERIFY2(quality, reason(quality));
        QVERIFY(sum > 0);
        QVERIFY(std::fabs(quality->meanKl / (sum / double(numTokens)) - 1) < 1e-3);
        QVERIFY(quality->kl99 >= quality->meanKl / 2);
    }

    void windowsStartWithTheirBosAndLoseNoToken()
    {
        using Windows = std::vector<std::vector<int64_t>>;
        QCOMPARE(windowsOf({5, 6, 7, 8, 9}, 2, 3, 100), (Windows{{2, 5, 6}, {2, 7, 8}, {2, 9}}));
        QCOMPARE(windowsOf({5, 6, 7, 8, 9}, 2, 3, 3), (Windows{{2, 5, 6}, {2, 7}}));
        QCOMPARE(windowsOf({}, 2, 3, 3), Windows{});
    }

    void anEmptyTextIsRefusedAndACancelledOneSaysSo()
    {
        const GoldenModel golden = GoldenModel::open("text_small");
        const core::Result<Quality> empty = compareModels(golden.model, golden.model, {});
        QVERIFY(!empty && empty.error().code == core::ErrorCode::InvalidInput);
        const std::vector<int64_t> ids = golden.ids(longestInput(golden));
        const core::Result<Quality> stopped =
            compareModels(golden.model, golden.model, {ids, ids}, [](size_t) { return false; });
        QVERIFY(!stopped && stopped.error().code == core::ErrorCode::Cancelled);
    }
};

QTEST_GUILESS_MAIN(QualityTest)
#include "quality_test.moc"
