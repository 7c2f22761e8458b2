#include "jobs/estimate/flops.h"

#include <algorithm>

namespace facet::jobs {
namespace {

using core::gemma3::LayerKind;

/// Pairs of tokens that see each other with a window of `window` tokens, their own included.
double pairs(double length, double window)
{
    if (length <= window)
        return length * (length + 1) / 2;
    return window * (window + 1) / 2 + (length - window) * window;
}

/// Weights of the language model's matrices, and of its head.
double languageWeights(const core::gemma3::TextConfig& text)
{
    const auto D = static_cast<double>(text.hiddenSize);
    const double NH = static_cast<double>(text.numHeads * text.headDim);
    const double KH = static_cast<double>(text.numKvHeads * text.headDim);
    const double layer = D * (2 * NH + 2 * KH) + 3 * D * static_cast<double>(text.intermediateSize);
    return layer * static_cast<double>(text.numLayers);
}

}  // namespace

double attentionFlops(const core::gemma3::TextConfig& text, int64_t sequenceLength)
{
    const auto S = static_cast<double>(sequenceLength);
    double seen = 0;
    for (const LayerKind kind : text.layers)
        seen += kind == LayerKind::Global ? pairs(S, S) : pairs(S, static_cast<double>(text.slidingWindow));
    return 4 * static_cast<double>(text.numHeads * text.headDim) * seen;
}

double visionFlops(const core::gemma3::VisionConfig& vision)
{
    const auto E = static_cast<double>(vision.hiddenSize);
    const auto F = static_cast<double>(vision.intermediateSize);
    const auto side = static_cast<double>(vision.patchesPerSide());
    const double patches = side * side;
    const auto pixels = static_cast<double>(vision.patchSize * vision.patchSize * vision.numChannels);
    const double layer = 2 * (4 * E * E + 2 * E * F) * patches + 4 * E * patches * patches;
    return static_cast<double>(vision.numLayers) * layer + 2 * E * pixels * patches;
}

StepFlops stepFlops(const ResolvedJob& job, Checkpointing checkpointing, int64_t picturesPerSample)
{
    const core::gemma3::TextConfig& text = job.config.text;
    const auto samples = static_cast<double>(job.job.globalBatch);
    const auto S = static_cast<double>(job.job.sequenceLength);
    const double tokens = samples * S;
    const double layers = languageWeights(text);
    const double head = static_cast<double>(text.vocabSize * text.hiddenSize);
    const bool trainsLayers = job.parameters.trainedOf(ParameterPart::LanguageLayers) > 0;
    const bool trainsHead = job.parameters.trainedOf(ParameterPart::Embeddings) > 0;
    const double attention = samples * attentionFlops(text, job.job.sequenceLength);

    StepFlops flops;
    flops.language = tokens * (layers * (trainsLayers ? 6 : 4) + head * (trainsHead ? 6 : 4)) + 3 * attention;
    if (checkpointing == Checkpointing::Full)
        flops.recompute = tokens * 2 * layers + attention;

    double visionAdapters = 0;
    for (const Adapter& adapter : job.adapters) {
        const auto parameters = static_cast<double>(adapter.module.numAdapterParameters(adapter.rank, false));
        if (adapter.module.tower == Tower::Vision)
            visionAdapters += parameters;
        else
            flops.adapters += 6 * parameters * tokens;
    }
    if (!job.config.vision || picturesPerSample == 0)
        return flops;
    const double pictures = samples * static_cast<double>(picturesPerSample);
    const double forward = pictures * visionFlops(*job.config.vision);
    const double patches =
        static_cast<double>(job.config.vision->patchesPerSide() * job.config.vision->patchesPerSide());
    const bool trainsVision = job.parameters.trainedOf(ParameterPart::VisionTower) > 0;
    flops.vision = forward * (trainsVision ? 3 : visionAdapters > 0 ? 2 : 1);
    flops.adapters += 6 * visionAdapters * pictures * patches;
    if (checkpointing == Checkpointing::Full && (trainsVision || visionAdapters > 0))
        flops.recompute += forward;
    return flops;
}

}  // namespace facet::jobs
