// The model with kernels, and with its weights in each format, against the plain path.

#include "core/gemma3/memory_estimate.h"
#include "tests/engine/gemma3/golden_model.h"

using namespace facet;
using namespace facet::engine;
using core::gemma3::WeightFormat;

class WeightsTest final : public QObject {
    Q_OBJECT

    const c10::InferenceMode m_noGradients;

    static void addCases()
    {
        QTest::addColumn<std::string>("name");
        for (const std::string& name : goldenCases())
            QTest::newRow(name.c_str()) << name;
    }

    static GoldenModel opened(const std::string& name, WeightFormat format, bool useKernels)
    {
        return GoldenModel::open(name, {at::kCPU, at::kFloat, format, useKernels});
    }

private Q_SLOTS:
    void kernelsGiveTheLogitsOfTransformers_data() { addCases(); }
    void kernelsGiveTheLogitsOfTransformers()
    {
        QFETCH(const std::string, name);
        const GoldenModel golden = opened(name, WeightFormat::Float32, true);
        for (int input = 0; input < golden.numInputs(); ++input)
            for (const int64_t maxTokens : {1, 3, 512})
                QVERIFY(largestDifference(golden.logits_TV(input, maxTokens),
                                          golden.value(std::to_string(input) + ".logits")) <= 1e-3);
    }

    void bfloat16WeightsGiveTheLogitsOfTheirWidenedValues_data() { addCases(); }
    void bfloat16WeightsGiveTheLogitsOfTheirWidenedValues()
    {
        QFETCH(const std::string, name);
        const GoldenModel golden = opened(name, WeightFormat::BFloat16, true);
        const GoldenModel plain = opened(name, WeightFormat::BFloat16, false);
        for (int input = 0; input < golden.numInputs(); ++input)
            for (const int64_t maxTokens : {1, 3, 512})
                QVERIFY(largestDifference(golden.logits_TV(input, maxTokens),
                                          plain.logits_TV(input, maxTokens)) <= 1e-3);
    }

    /// Rounding activations costs about as much as int8 weights do: both are small beside the logits
    /// themselves.
    void integerWeightsStayNear_data() { addCases(); }
    void integerWeightsStayNear()
    {
        QFETCH(const std::string, name);
        const GoldenModel plain = GoldenModel::open(name);
        for (const WeightFormat format : {WeightFormat::Int8, WeightFormat::Int4}) {
            const GoldenModel golden = opened(name, format, true);
            const at::Tensor exact_TV = plain.logits_TV(0, 512), logit_TV = golden.logits_TV(0, 512);
            const double error = (logit_TV - exact_TV).norm().item<double>() / exact_TV.norm().item<double>();
            QVERIFY2(error <= (format == WeightFormat::Int8 ? 0.05 : 0.5), std::to_string(error).c_str());
            QVERIFY(largestDifference(golden.logits_TV(0, 1), logit_TV) <=
                    0.05 * exact_TV.abs().max().item<double>());
        }
    }

    void whatIsLoadedIsAsLargeAsEstimated_data() { addCases(); }
    void whatIsLoadedIsAsLargeAsEstimated()
    {
        QFETCH(const std::string, name);
        for (const WeightFormat format : core::gemma3::kWeightFormats) {
            const gemma3::Model model = opened(name, format, true).model;
            const gemma3::Weights& w = model.weights;
            int64_t bytes = w.embedding.numBytes() + int64_t(w.finalNorm.nbytes());
            const auto add = [&](std::initializer_list<const gemma3::Linear*> linears,
                                 std::initializer_list<const at::Tensor*> tensors) {
                for (const gemma3::Linear* linear : linears)
                    bytes += linear->weight.numBytes() +
                             (linear->bias.defined() ? int64_t(linear->bias.nbytes()) : 0);
                for (const at::Tensor* tensor : tensors)
                    bytes += int64_t(tensor->nbytes());
            };
            for (const gemma3::LayerWeights& l : w.layers)
                add({&l.attn.q, &l.attn.k, &l.attn.v, &l.attn.out, &l.ffnGate, &l.ffnUp, &l.ffnDown},
                    {&l.attnNorm, &l.attn.qNorm, &l.attn.kNorm, &l.attnPostNorm, &l.ffnNorm, &l.ffnPostNorm});
            if (w.vision) {
                const gemma3::VisionWeights& v = *w.vision;
                add({&v.patchEmbedding}, {&v.positionEmbedding, &v.postNorm.weight, &v.postNorm.bias,
                                          &v.softEmbeddingNorm, &v.projection});
                for (const gemma3::VisionLayerWeights& l : v.layers)
                    add({&l.q, &l.k, &l.v, &l.out, &l.fc1, &l.fc2},
                        {&l.attnNorm.weight, &l.attnNorm.bias, &l.mlpNorm.weight, &l.mlpNorm.bias});
            }
            QCOMPARE(bytes, core::gemma3::estimateMemory(model.config, {format, 512, 1, 4, false}).weights);
        }
    }
};

QTEST_GUILESS_MAIN(WeightsTest)
#include "weights_test.moc"
