// The sampler's distribution against that of transformers' logits processors
// (tests/engine/golden/make_sampling.py), and its draws against the distribution.

#include "engine/generate/sampler.h"

#include "core/base/json.h"
#include "core/safetensors/safetensors_file.h"
#include "engine/tensor_view.h"

#include <QTest>

using namespace facet;
using namespace facet::engine;

static const std::string kFolder = std::string(SOURCE_DIR) + "/tests/engine/golden/sampling/";

static SamplingOptions optionsOf(const nlohmann::json& json)
{
    SamplingOptions options;
    options.temperature = json.value("temperature", 1.0);
    options.topK = json.value("top_k", int64_t{0});
    options.topP = json.value("top_p", 1.0);
    options.minP = json.value("min_p", 0.0);
    options.repetitionPenalty = json.value("repetition_penalty", 1.0);
    options.presencePenalty = json.value("presence_penalty", 0.0);
    options.frequencyPenalty = json.value("frequency_penalty", 0.0);
    return options;
}

/// Scores under which `id` is drawn for certain.
static at::Tensor certain_V(int64_t id, int64_t vocabSize)
{
    return at::zeros({vocabSize}).index_fill_(0, at::tensor({id}), 1e6);
}

class SamplerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theDistributionIsThatOfTransformers()
    {
        const core::SafetensorsFile values = *core::SafetensorsFile::open(kFolder + "golden.safetensors");
        const nlohmann::json cases = nlohmann::json::parse(*core::readFile(kFolder + "cases.json", 1 << 20));
        QVERIFY(cases.size() >= 40);
        for (size_t i = 0; i < cases.size(); ++i) {
            const auto value = [&](const char* name) {
                return asTensor(values.tensors().at(std::to_string(i) + "." + name));
            };
            const at::Tensor logit_V = value("logits"), prompt = value("prompt"),
                             generated = value("generated");
            const int64_t V = logit_V.size(0);
            const std::vector<int64_t> promptIds(prompt.data_ptr<int64_t>(),
                                                 prompt.data_ptr<int64_t>() + prompt.numel());
            Sampler sampler(optionsOf(cases[i]), promptIds, {}, V, at::kCPU);
            for (int64_t t = 0; t < generated.numel(); ++t)
                sampler.sample(certain_V(generated[t].item<int64_t>(), V));
            const double difference =
                (sampler.distribution_V(logit_V) - value("probabilities")).abs().max().item<double>();
            QVERIFY2(difference <= 1e-5,
                     (cases[i].dump() + " differs by " + std::to_string(difference)).c_str());
        }
    }

    void drawsFollowTheDistribution()
    {
        SamplingOptions options;
        options.temperature = 1;
        options.seed = 7;
        Sampler sampler(options, {}, {}, 4, at::kCPU);
        const at::Tensor probability_V = at::tensor({0.5, 0.3, 0.15, 0.05}, at::kFloat);
        at::Tensor count_V = at::zeros({4});
        constexpr int kDraws = 20'000;
        for (int i = 0; i < kDraws; ++i)
            count_V[sampler.sample(probability_V.log()).id.item<int64_t>()] += 1;
        // Chi-square with 3 degrees of freedom: beyond 16.3 once in a thousand seeds.
        const at::Tensor expected_V = probability_V * kDraws;
        QVERIFY(((count_V - expected_V).square() / expected_V).sum().item<double>() < 16.3);
    }

    void aSeedRepeatsItself()
    {
        const at::Tensor logit_V = at::arange(50, at::kFloat) / 50;
        const auto draw = [&](uint64_t seed) {
            SamplingOptions options;
            options.temperature = 1;
            options.seed = seed;
            Sampler sampler(options, {}, {}, 50, at::kCPU);
            std::vector<int64_t> ids;
            for (int i = 0; i < 20; ++i)
                ids.push_back(sampler.sample(logit_V).id.item<int64_t>());
            return ids;
        };
        QCOMPARE(draw(3), draw(3));
        QVERIFY(draw(3) != draw(4));
    }

    void forbiddenIdsAreNeverChosen()
    {
        SamplingOptions options;
        Sampler sampler(options, {}, {2, 99}, 3, at::kCPU);
        QCOMPARE(sampler.sample(at::tensor({1.0, 2.0, 9.0})).id.item<int64_t>(), 1);
    }

    void logprobsAreTheModelsOwn()
    {
        SamplingOptions options;
        options.temperature = 0;
        options.repetitionPenalty = 100;  // takes the best token away, and leaves log-probabilities alone
        options.numLogprobs = 2;
        Sampler sampler(options, {2}, {}, 3, at::kCPU);
        const at::Tensor logit_V = at::tensor({0.0, 1.0, 2.0}, at::kFloat);
        const SampledToken token = sampler.sample(logit_V);
        QCOMPARE(token.id.item<int64_t>(), 1);
        // log(e^1 / (e^0 + e^1 + e^2)) and log(e^2 / ...), by hand
        QVERIFY(std::abs(token.logprob.item<double>() - -1.4076060) < 1e-5);
        QCOMPARE(token.topIds[0].item<int64_t>(), 2);
        QVERIFY(std::abs(token.topLogprobs[0].item<double>() - -0.4076060) < 1e-5);
    }
};

QTEST_GUILESS_MAIN(SamplerTest)
#include "sampler_test.moc"
