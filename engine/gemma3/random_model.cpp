#include "engine/gemma3/random_model.h"

#include <ATen/Context.h>

#include <cmath>

namespace facet::engine::gemma3 {
namespace {

using core::gemma3::WeightFormat;

class Maker {
public:
    explicit Maker(const Placement& placement)
        : m_placement(placement), m_arithmetic(at::dtype(placement.type).device(placement.device))
    {
    }

    /// Weights that keep the size of what they are multiplied with.
    WeightMatrix matrix(int64_t numRows, int64_t width) const
    {
        const bool isQuantized =
            m_placement.weights != WeightFormat::Float32 && m_placement.weights != WeightFormat::BFloat16;
        at::Tensor source_OI =
            at::randn({numRows, width}, m_arithmetic.dtype(at::kBFloat16)) / std::sqrt(double(width));
        if (isQuantized)
            source_OI = source_OI.cpu();
        return {source_OI, m_placement.weights, m_arithmetic, m_placement.useKernels};
    }

    Linear linear(int64_t out, int64_t in) const { return {matrix(out, in), {}}; }
    Linear linearWithBias(int64_t out, int64_t in) const { return {matrix(out, in), small({out})}; }
    at::Tensor small(at::IntArrayRef shape) const { return at::randn(shape, m_arithmetic) * 0.1; }
    LayerNormWeights layerNorm(int64_t width) const { return {1 + small({width}), small({width})}; }

private:
    Placement m_placement;
    at::TensorOptions m_arithmetic;
};

VisionWeights randomVision(const Maker& make, const core::gemma3::VisionConfig& vision, int64_t textWidth)
{
    const int64_t E = vision.hiddenSize, F = vision.intermediateSize, side = vision.patchesPerSide();
    VisionWeights w;
    w.patchEmbedding = make.linearWithBias(E, vision.numChannels * vision.patchSize * vision.patchSize);
    w.positionEmbedding = make.small({side * side, E});
    for (int64_t i = 0; i < vision.numLayers; ++i) {
        VisionLayerWeights layer;
        layer.attnNorm = make.layerNorm(E);
        for (Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.out})
            *linear = make.linearWithBias(E, E);
        layer.mlpNorm = make.layerNorm(E);
        layer.fc1 = make.linearWithBias(F, E);
        layer.fc2 = make.linearWithBias(E, F);
        w.layers.push_back(layer);
    }
    w.postNorm = make.layerNorm(E);
    w.softEmbeddingNorm = make.small({E});
    w.projection = make.small({E, textWidth});
    return w;
}

}  // namespace

Model randomModel(const core::gemma3::Config& config, const Placement& placement, uint64_t seed)
{
    at::manual_seed(seed);
    const Maker make(placement);
    const core::gemma3::TextConfig& text = config.text;
    const int64_t D = text.hiddenSize, F = text.intermediateSize, H = text.headDim;
    Model model = {config, {}, placement.weights};
    Weights& w = model.weights;
    w.embedding = make.matrix(text.vocabSize, D);
    w.head = {w.embedding, {}};
    for (int64_t i = 0; i < text.numLayers; ++i) {
        LayerWeights layer;
        layer.attn.q = make.linear(text.numHeads * H, D);
        layer.attn.k = make.linear(text.numKvHeads * H, D);
        layer.attn.v = make.linear(text.numKvHeads * H, D);
        layer.attn.out = make.linear(D, text.numHeads * H);
        layer.ffnGate = make.linear(F, D);
        layer.ffnUp = make.linear(F, D);
        layer.ffnDown = make.linear(D, F);
        for (at::Tensor* norm : {&layer.attnNorm, &layer.attnPostNorm, &layer.ffnNorm, &layer.ffnPostNorm})
            *norm = make.small({D});
        for (at::Tensor* norm : {&layer.attn.qNorm, &layer.attn.kNorm})
            *norm = make.small({H});
        w.layers.push_back(layer);
    }
    w.finalNorm = make.small({D});
    if (config.vision)
        w.vision = randomVision(make, *config.vision, D);
    useKernels(model, placement);
    return model;
}

}  // namespace facet::engine::gemma3
