#include "engine/gemma3/vision.h"

#include "engine/gemma3/layers.h"

#include <cmath>

namespace facet::engine::gemma3 {
namespace {

at::Tensor layerNorm(const at::Tensor& x_IPE, const LayerNormWeights& w, double eps)
{
    return at::layer_norm(x_IPE, {x_IPE.size(-1)}, w.weight, w.bias, eps);
}

/// A convolution whose stride is its width is a linear layer over patches.
at::Tensor embedPatches(const at::Tensor& pixel_I3SS, const VisionWeights& weights, int64_t patchSize)
{
    const int64_t I = pixel_I3SS.size(0), C = pixel_I3SS.size(1), side = pixel_I3SS.size(2) / patchSize;
    const at::Tensor patch_IPX = pixel_I3SS.view({I, C, side, patchSize, side, patchSize})
                                     .permute({0, 2, 4, 1, 3, 5})
                                     .reshape({I, side * side, C * patchSize * patchSize});
    return weights.patchEmbedding(patch_IPX) + weights.positionEmbedding;
}

at::Tensor attention(const at::Tensor& x_IPE, const VisionLayerWeights& w, int64_t numHeads)
{
    const int64_t I = x_IPE.size(0), P = x_IPE.size(1), E = x_IPE.size(2);
    const auto heads_INPH = [&](const Linear& linear) {
        return linear(x_IPE).view({I, P, numHeads, E / numHeads}).transpose(1, 2);
    };
    const at::Tensor mixed_INPH =
        at::scaled_dot_product_attention(heads_INPH(w.q), heads_INPH(w.k), heads_INPH(w.v));
    return w.out(mixed_INPH.transpose(1, 2).reshape({I, P, E}));
}

at::Tensor feedForward(const at::Tensor& x_IPE, const VisionLayerWeights& w)
{
    return w.fc2(at::gelu(w.fc1(x_IPE), "tanh"));
}

at::Tensor block(at::Tensor x_IPE, const VisionLayerWeights& w, const core::gemma3::VisionConfig& vision)
{
    x_IPE = x_IPE + attention(layerNorm(x_IPE, w.attnNorm, vision.layerNormEps), w, vision.numHeads);
    return x_IPE + feedForward(layerNorm(x_IPE, w.mlpNorm, vision.layerNormEps), w);
}

/// Averages squares of patches until tokensPerImage are left, then brings them to the text's width.
at::Tensor project(const at::Tensor& x_IPE, const VisionWeights& weights, const core::gemma3::Config& config)
{
    const int64_t I = x_IPE.size(0), E = x_IPE.size(2), side = config.vision->patchesPerSide();
    const auto tokensPerSide = std::lround(std::sqrt(double(config.tokensPerImage)));
    const int64_t kernel = side / tokensPerSide;
    const at::Tensor map_IESS = x_IPE.transpose(1, 2).reshape({I, E, side, side});
    const at::Tensor pooled_ITE =
        at::avg_pool2d(map_IESS, {kernel, kernel}, {kernel, kernel}).flatten(2).transpose(1, 2);
    return at::matmul(rmsNorm(pooled_ITE, weights.softEmbeddingNorm, config.vision->layerNormEps),
                      weights.projection);
}

}  // namespace

at::Tensor imageFeatures(const at::Tensor& pixel_I3SS, const VisionWeights& weights,
                         const core::gemma3::Config& config, const Trace& trace, const RunLayer& runLayer)
{
    const core::gemma3::VisionConfig& vision = *config.vision;
    at::Tensor x_IPE =
        embedPatches(pixel_I3SS.to(weights.positionEmbedding.scalar_type()), weights, vision.patchSize);
    if (trace)
        trace("vision.embeddings", x_IPE);

    for (size_t layer = 0; layer < weights.layers.size(); ++layer) {
        const VisionLayerWeights& w = weights.layers[layer];
        const auto layerBlock = [&w, &vision](const at::Tensor& x) { return block(x, w, vision); };
        x_IPE = runLayer ? runLayer(layerBlock, x_IPE) : layerBlock(x_IPE);
        if (trace)
            trace("vision.layer." + std::to_string(layer), x_IPE);
    }
    x_IPE = layerNorm(x_IPE, weights.postNorm, vision.layerNormEps);
    if (trace)
        trace("vision.post_layernorm", x_IPE);

    const at::Tensor feature_ITD = project(x_IPE, weights, config);
    if (trace)
        trace("vision.projected", feature_ITD);
    return feature_ITD;
}

}  // namespace facet::engine::gemma3
