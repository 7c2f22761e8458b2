#include "engine/selftest/gpu_selftest.h"

#include "core/gemma3/memory_estimate.h"
#include "engine/gemma3/random_model.h"
#include "engine/generate/decode.h"
#include "engine/generate/prefill.h"

#include <cmath>

namespace facet::engine::selftest {
namespace {

using core::gemma3::Config;
using core::gemma3::LayerKind;
using core::gemma3::WeightFormat;

struct Shape {
    const char* name;
    int64_t hidden, intermediate, heads, kvHeads, headDim, window, layers;
};

// Of the public sizes in all but the number of layers, and small ones.
constexpr Shape kShapes[] = {{"small", 192, 512, 4, 2, 64, 48, 7},
                             {"270M", 640, 2048, 4, 1, 256, 512, 7},
                             {"1B", 1152, 6912, 4, 1, 256, 512, 7},
                             {"4B", 2560, 10240, 8, 4, 256, 1024, 7},
                             {"27B", 5376, 21504, 32, 16, 128, 1024, 6}};

Config configOf(const Shape& shape)
{
    Config config;
    core::gemma3::TextConfig& text = config.text;
    text.vocabSize = 8192;
    text.hiddenSize = shape.hidden;
    text.intermediateSize = shape.intermediate;
    text.numHeads = shape.heads;
    text.numKvHeads = shape.kvHeads;
    text.headDim = shape.headDim;
    text.queryPreAttnScalar = double(shape.headDim);
    text.slidingWindow = shape.window;
    text.numLayers = shape.layers;
    text.ropeGlobal.factor = 8;
    for (int64_t layer = 1; layer <= shape.layers; ++layer)
        text.layers.push_back(layer % 6 == 0 ? LayerKind::Global : LayerKind::Local);
    return config;
}

/// The same numbers by LibTorch alone, in arithmetic of `type`.
gemma3::Model plainOf(const gemma3::Model& model, at::ScalarType type)
{
    const auto arithmetic = at::dtype(type).device(model.weights.device());
    const WeightFormat format = type == at::kFloat ? WeightFormat::Float32 : WeightFormat::BFloat16;
    gemma3::Model plain = model;
    plain.gpuDecoder = nullptr;
    plain.weights.operations = gemma3::kPlainOperations;
    const auto convert = [&](gemma3::WeightMatrix& matrix) {
        matrix = {matrix.dense(0, matrix.numRows()), format, arithmetic, /*useKernels=*/false};
    };
    convert(plain.weights.embedding);
    plain.weights.head.weight = plain.weights.embedding;
    plain.weights.finalNorm = plain.weights.finalNorm.to(type);
    for (gemma3::LayerWeights& w : plain.weights.layers) {
        for (gemma3::Linear* linear :
             {&w.attn.q, &w.attn.k, &w.attn.v, &w.attn.out, &w.ffnGate, &w.ffnUp, &w.ffnDown})
            convert(linear->weight);
        for (at::Tensor* norm :
             {&w.attnNorm, &w.attnPostNorm, &w.ffnNorm, &w.ffnPostNorm, &w.attn.qNorm, &w.attn.kNorm})
            *norm = norm->to(type);
    }
    return plain;
}

/// Scores along given tokens: of the last token of each prompt, then of each decoding step of all sequences
/// at once.
class Walk {
public:
    Walk(const gemma3::Model& model, const std::vector<std::vector<int64_t>>& prompts) : m_model(model)
    {
        for (const std::vector<int64_t>& prompt : prompts) {
            m_caches.emplace_back(std::make_unique<gemma3::KvCache>(model.config.text));
            at::Tensor last_1D;
            prefill(
                model, *m_caches.back(), prompt, {},
                [&](const at::Tensor& hidden_TD) {
                    last_1D = hidden_TD.narrow(0, hidden_TD.size(0) - 1, 1).clone();
                    return true;
                },
                700);  // so that longer prompts come in several chunks
            m_prompt_BV.push_back(gemma3::logits(last_1D, model.weights));
        }
    }

    at::Tensor promptScores() const { return at::cat(m_prompt_BV); }

    at::Tensor step(const std::vector<int64_t>& ids)
    {
        std::vector<at::Tensor> id;
        std::vector<gemma3::KvCache*> caches;
        gemma3::Step step;
        for (size_t i = 0; i < ids.size(); ++i) {
            id.push_back(at::full({1}, ids[i], at::dtype(at::kLong).device(m_model.weights.device())));
            caches.push_back(m_caches[i].get());
            step.segments.push_back({m_caches[i].get(), 1, false});
        }
        if (m_model.gpuDecoder)
            return m_model.gpuDecoder->step(id, caches).clone();
        step.token_T = at::cat(id);
        return gemma3::logits(gemma3::hiddenStates(step, m_model.weights, m_model.config.text),
                              m_model.weights);
    }

private:
    const gemma3::Model& m_model;
    std::vector<std::unique_ptr<gemma3::KvCache>> m_caches;
    std::vector<at::Tensor> m_prompt_BV;
};

double distance(const at::Tensor& a, const at::Tensor& b)
{
    return (a.to(at::kDouble) - b.to(at::kDouble)).square().sum().item<double>();
}

/// One model in three ways of counting.
struct Trio {
    gemma3::Model fast, truth, plain;
};

void checkSteps(const std::string& title, const Trio& models, int64_t numSequences, const OnCheck& onCheck)
{
    std::vector<std::vector<int64_t>> prompts;
    const auto token = [&](int64_t sequence, int64_t at) { return 10 + (sequence * 977 + at * 131) % 8000; };
    for (int64_t i = 0; i < numSequences; ++i) {
        const int64_t length = std::array{1500, 3, 47, 300, 1023, 90, 601, 12}[static_cast<size_t>(i)];
        prompts.emplace_back();
        for (int64_t at = 0; at < length; ++at)
            prompts.back().push_back(token(i, at));
    }
    Walk ours(models.fast, prompts), exact(models.truth, prompts), theirs(models.plain, prompts);
    const at::Tensor trueScores = exact.promptScores();
    onCheck(
        {title + ": prompt",
         std::sqrt(distance(ours.promptScores(), trueScores) / distance(theirs.promptScores(), trueScores)),
         1.1});
    double oursOff = 0, theirsOff = 0;
    for (int64_t step = 0; step < 24; ++step) {
        std::vector<int64_t> ids;
        for (int64_t i = 0; i < numSequences; ++i)
            ids.push_back(token(i, 5000 + step));
        const at::Tensor score_BV = exact.step(ids);
        oursOff += distance(ours.step(ids), score_BV);
        theirsOff += distance(theirs.step(ids), score_BV);
    }
    onCheck({title + ": 24 decoding steps", std::sqrt(oursOff / theirsOff), 1.1});
}

void checkModel(const Shape& shape, WeightFormat format, const char* formatName, at::Device device,
                const OnCheck& onCheck)
{
    const gemma3::Model fast = gemma3::randomModel(configOf(shape), {device, at::kBFloat16, format}, 7);
    const std::string title = std::string(shape.name) + "'s shape, " + formatName;
    onCheck({title + ": the kernels take it", fast.gpuDecoder ? 0.0 : 1.0, 0});
    if (!fast.gpuDecoder)
        return;
    const Trio models = {fast, plainOf(fast, at::kFloat), plainOf(fast, at::kBFloat16)};
    for (const int64_t numSequences : {1, 3, 8})
        checkSteps(
            title + ", " + std::to_string(numSequences) + (numSequences == 1 ? " sequence" : " sequences"),
            models, numSequences, onCheck);
}

}  // namespace

void checkGpuModels(at::Device device, const OnCheck& onCheck)
{
    const c10::InferenceMode noGradients;
    for (const Shape& shape : kShapes)
        for (const auto& [format, name] :
             {std::pair{WeightFormat::BFloat16, "bfloat16"}, std::pair{WeightFormat::Int8, "int8"},
              std::pair{WeightFormat::Int4, "int4"}})
            checkModel(shape, format, name, device, onCheck);
}

}  // namespace facet::engine::selftest
