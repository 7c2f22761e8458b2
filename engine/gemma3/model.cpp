#include "engine/gemma3/model.h"

#include <cmath>
#include <map>

// Read it from the end: hiddenStates() is the whole model in calling order, the details are above it.

namespace facet::engine::gemma3 {
namespace {

using core::gemma3::LayerKind;
using core::gemma3::TextConfig;

/// Where each token stands in its own sequence.
at::Tensor positions_T(const std::vector<Segment>& segments, at::Device device)
{
    std::map<const KvCache*, int64_t> next;
    std::vector<int64_t> position;
    for (const Segment& segment : segments) {
        int64_t first = segment.numBefore;
        if (segment.cache)
            first = next.try_emplace(segment.cache, segment.cache->numTokens()).first->second;
        for (int64_t index = 0; index < segment.numTokens; ++index)
            position.push_back(first + index);
        next[segment.cache] = first + segment.numTokens;
    }
    return at::tensor(position, at::kLong).to(device, /*non_blocking=*/true);
}

/// The rows of a step that are pictures'.
std::vector<int64_t> imageRows(const std::vector<Segment>& segments)
{
    std::vector<int64_t> rows;
    int64_t row = 0;
    for (const Segment& segment : segments) {
        for (int64_t end = row + segment.numTokens; row < end; ++row)
            if (segment.isImage)
                rows.push_back(row);
    }
    return rows;
}

/// Looks tokens up and puts the features of pictures in the place of theirs.
at::Tensor embed(const Step& step, const WeightMatrix& embedding)
{
    // The placeholder of pictures may lie outside the table; what is looked up for it is replaced below.
    const at::Tensor token_T = step.token_T.masked_fill(step.token_T >= embedding.numRows(), 0);
    at::Tensor x_TD = embedding.rowsAt(token_T);
    // The factor is rounded to the type of the arithmetic first, as in training; in bf16 that matters.
    // Features of pictures are not scaled.
    x_TD = x_TD * at::scalar_tensor(std::sqrt(double(embedding.numColumns()))).to(x_TD.scalar_type()).item();

    if (const std::vector<int64_t> rows = imageRows(step.segments); !rows.empty())
        x_TD.index_copy_(0, at::tensor(rows, at::kLong).to(x_TD.device(), /*non_blocking=*/true),
                         step.feature_XD.narrow(0, 0, std::ssize(rows)).to(x_TD.scalar_type()));
    return x_TD;
}

at::Tensor feedForward(const at::Tensor& x_TD, const LayerWeights& w, const Operations& operations)
{
    return w.ffnDown(operations.gatedGelu(w.ffnGate(x_TD), w.ffnUp(x_TD)));
}

at::Tensor block(at::Tensor x_TD, const std::vector<Segment>& segments, const Rotation& rotation,
                 const LayerWeights& w, const Operations& operations, const TextConfig& config, int64_t layer,
                 const Trace& trace)
{
    const auto norm = [&](const at::Tensor& weight) {
        return operations.norm(x_TD, weight, config.rmsNormEps);
    };
    const auto addNorm = [&](const at::Tensor& update, const at::Tensor& weight) {
        return operations.addNorm(x_TD, update, weight, config.rmsNormEps);
    };

    x_TD = addNorm(attention(norm(w.attnNorm), segments, rotation, w.attn, operations, config, layer),
                   w.attnPostNorm);
    if (trace)
        trace("layer." + std::to_string(layer) + ".after_attention", x_TD);

    x_TD = addNorm(feedForward(norm(w.ffnNorm), w, operations), w.ffnPostNorm);
    if (trace)
        trace("layer." + std::to_string(layer), x_TD);
    return x_TD;
}

}  // namespace

at::Tensor hiddenStates(const Step& step, const Weights& weights, const TextConfig& config,
                        const Trace& trace)
{
    const at::Tensor position_T = positions_T(step.segments, weights.device());
    const Rotation localRotation = rotationAt(position_T, config.ropeLocal, config.headDim);
    const Rotation globalRotation = rotationAt(position_T, config.ropeGlobal, config.headDim);

    at::Tensor x_TD = embed(step, weights.embedding);
    if (trace)
        trace("embedded", x_TD);

    for (int64_t layer = 0; layer < config.numLayers; ++layer) {
        const bool isLocal = config.layers[static_cast<size_t>(layer)] == LayerKind::Local;
        const Rotation& rotation = isLocal ? localRotation : globalRotation;
        const LayerWeights& w = weights.layers[static_cast<size_t>(layer)];
        if (step.runLayer)
            x_TD = step.runLayer(
                [=, segments = step.segments, &w, &weights, &config](const at::Tensor& x) {
                    return block(x, segments, rotation, w, weights.operations, config, layer, trace);
                },
                x_TD);
        else
            x_TD = block(x_TD, step.segments, rotation, w, weights.operations, config, layer, trace);
    }

    x_TD = weights.operations.norm(x_TD, weights.finalNorm, config.rmsNormEps);
    if (trace)
        trace("final_norm", x_TD);
    return x_TD;
}

at::Tensor logits(const at::Tensor& hidden_TD, const Weights& weights)
{
    return weights.head(hidden_TD).to(at::kFloat);
}

}  // namespace facet::engine::gemma3
