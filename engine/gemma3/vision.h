#pragma once

// From pixels to what stands in the text for a picture: the SigLIP tower and the projector.

#include "core/gemma3/config.h"
#include "engine/gemma3/linear.h"
#include "engine/gemma3/run_layer.h"
#include "engine/gemma3/trace.h"

#include <vector>

namespace facet::engine::gemma3 {

struct LayerNormWeights {
    at::Tensor weight;  // [E]
    at::Tensor bias;    // [E]
};

struct VisionLayerWeights {
    LayerNormWeights attnNorm;
    Linear q, k, v, out;  // [E, E]
    LayerNormWeights mlpNorm;
    Linear fc1;  // [F, E]
    Linear fc2;  // [E, F]
};

struct VisionWeights {
    Linear patchEmbedding;         // [E, 3 * patch * patch]
    at::Tensor positionEmbedding;  // [P, E]
    std::vector<VisionLayerWeights> layers;
    LayerNormWeights postNorm;
    at::Tensor softEmbeddingNorm;  // [E]
    at::Tensor projection;         // [E, D], in x out: the only weight stored this way round
};

/// The features that stand in the text for each picture.
///
/// Shapes  pixel_I3SS, S the side of the picture in pixels, values in [-1, 1] -> [I, tokensPerImage, D].
/// Types   the weights' type; layer norms and softmax in float inside.
/// Source  arXiv:2303.15343 (SigLIP); transformers 5.17, modeling_siglip.py and Gemma3MultiModalProjector.
at::Tensor imageFeatures(const at::Tensor& pixel_I3SS, const VisionWeights& weights,
                         const core::gemma3::Config& config, const Trace& trace = {},
                         const RunLayer& runLayer = {});

}  // namespace facet::engine::gemma3
