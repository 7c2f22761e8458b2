#include "jobs/estimate/estimate.h"

#include "jobs/estimate/cost_model.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace facet::jobs {
namespace {

using core::gemma3::TextConfig;
using core::gemma3::VisionConfig;

double elementBytes(const ResolvedJob& job)
{
    return job.job.precision == Precision::Fp32 ? 4 : 2;
}

double optimizerBytes(const ResolvedJob& job)
{
    const OptimizerKind kind = job.job.optimizer.kind;
    const double moments = kind == OptimizerKind::AdamW8bit   ? kAdam8bitBytes
                           : kind == OptimizerKind::AdamWBf16 ? kAdamBf16Bytes
                                                              : kAdamBytes;
    return moments + (job.job.precision == Precision::Bf16Mixed ? kMasterBytes : 0);
}

/// How many of a part's parameters one GPU holds.
double share(const ResolvedJob& job, ParameterPart part)
{
    const auto tensor = static_cast<double>(job.job.parallel.tensor.value_or(1));
    const auto pipeline = static_cast<double>(job.job.parallel.pipeline.value_or(1));
    switch (part) {
        case ParameterPart::LanguageLayers:
        case ParameterPart::Adapters:
            return 1 / (tensor * pipeline);
        case ParameterPart::Embeddings:
            return 1 / tensor;
        case ParameterPart::LanguageNorms:
            return 1 / pipeline;
        default:
            return 1;
    }
}

/// The linear layers that QLoRA stores in 4 bits: core/gemma3/weight_format.h. What is trained is not.
bool isNf4(const ResolvedJob& job, const ParameterTable::Row& row)
{
    return job.job.method == Method::Qlora && row.trained == 0 &&
           (row.part == ParameterPart::LanguageLayers || row.part == ParameterPart::VisionTower);
}

double languageLayerElements(const TextConfig& text, Checkpointing checkpointing)
{
    const auto D = static_cast<double>(text.hiddenSize);
    const auto F = static_cast<double>(text.intermediateSize);
    const auto NH = static_cast<double>(text.numHeads * text.headDim);
    const auto KH = static_cast<double>(text.numKvHeads * text.headDim);
    return checkpointing == Checkpointing::Full ? D : 6 * D + 3 * NH + 3 * KH + 3 * F;
}

/// What dropout keeps more of all language layers together: each adapter's own share of its input, where
/// those of q, k and v, and of gate and up, would be one. The input of o is kept by attention all the same.
double droppedElements(const ResolvedJob& job, Checkpointing checkpointing)
{
    if (job.job.lora.dropout == 0 || checkpointing == Checkpointing::Full)
        return 0;
    double elements = 0;
    std::set<std::pair<int64_t, std::string>> seen;
    for (const Adapter& adapter : job.adapters) {
        const LinearModule& module = adapter.module;
        if (module.tower != Tower::Language)
            continue;
        const bool isFirst = seen.insert({module.layer, module.nemoShort}).second;
        if (module.nemoShort == "linear_proj" || !isFirst)
            elements += static_cast<double>(module.numInputs);
    }
    return elements;
}

double visionLayerElements(const VisionConfig& vision, Checkpointing checkpointing)
{
    const auto E = static_cast<double>(vision.hiddenSize);
    return checkpointing == Checkpointing::Full ? E
                                                : 8 * E + 2 * static_cast<double>(vision.intermediateSize);
}

bool trainsVision(const ResolvedJob& job)
{
    return job.parameters.trainedOf(ParameterPart::VisionTower) > 0 ||
           job.parameters.trainedOf(ParameterPart::VisionNorms) > 0 ||
           std::ranges::any_of(job.adapters,
                               [](const Adapter& each) { return each.module.tower == Tower::Vision; });
}

int64_t picturesOf(const ResolvedJob& job)
{
    const bool isTextOnly = std::ranges::all_of(job.job.data.sources, [](const DataSource& source) {
        return source.path == "mock:text" || source.format == SourceFormat::Text;
    });
    return job.config.vision && !isTextOnly ? kPicturesPerSample : 0;
}

/// The largest value in [1, most] that passes a test which only smaller values pass; 0 if none does.
int64_t largest(int64_t most, const std::function<bool(int64_t)>& passes)
{
    int64_t good = 0;
    int64_t bad = most + 1;
    while (bad - good > 1) {
        const int64_t middle = good + (bad - good) / 2;
        (passes(middle) ? good : bad) = middle;
    }
    return good;
}

/// The least checkpointing with which it fits, of those that the job allows; the most if none does.
Checkpointing choose(const ResolvedJob& job, double memoryBytes,
                     const std::function<double(Checkpointing)>& bytesWith)
{
    if (job.job.checkpointing != Checkpointing::Auto)
        return job.job.checkpointing;
    if (memoryBytes <= 0)
        return Checkpointing::Selective;
    for (const Checkpointing each : {Checkpointing::None, Checkpointing::Selective})
        if (bytesWith(each) <= memoryBytes)
            return each;
    return Checkpointing::Full;
}

}  // namespace

MemoryByPart memoryOf(const ResolvedJob& job, int64_t microBatch, int64_t sequenceLength,
                      Checkpointing checkpointing, int64_t picturesPerSample)
{
    const TextConfig& text = job.config.text;
    const ParallelLayout& layout = job.job.parallel;
    const double b = elementBytes(job);
    const auto tensor = static_cast<double>(layout.tensor.value_or(1));
    const int64_t pipeline = layout.pipeline.value_or(1);
    const auto T =
        static_cast<double>(microBatch * sequenceLength) / static_cast<double>(layout.context.value_or(1));

    MemoryByPart memory;
    double numTrained = 0, trainedEmbeddings = 0;
    for (const ParameterTable::Row& row : job.parameters.rows) {
        const double held = share(job, row.part);
        const double trained = static_cast<double>(row.trained) * held;
        const double stored = isNf4(job, row) ? kNf4BytesPerWeight : b;
        (row.part == ParameterPart::Adapters ? memory.adapters : memory.weights) +=
            static_cast<double>(row.total) * held * stored;
        numTrained += trained;
        if (row.part == ParameterPart::Embeddings)
            trainedEmbeddings += trained;
        memory.optimizer += trained * optimizerBytes(job) /
                            (layout.shardOptimizer ? static_cast<double>(job.dataParallel) : 1);
    }

    const int64_t layersPerStage = (text.numLayers + pipeline - 1) / pipeline;
    const auto inFlight =
        static_cast<double>(layersPerStage * std::min(pipeline, std::max<int64_t>(1, job.accumulation)));
    const double sums = 4 * static_cast<double>(text.numHeads);
    const double dropped = droppedElements(job, checkpointing) / static_cast<double>(text.numLayers);
    memory.activations =
        inFlight * T * (b * (languageLayerElements(text, checkpointing) + dropped) + sums) / tensor;
    const double oneLayer = T * b * languageLayerElements(text, Checkpointing::None) / tensor;
    // What goes into the last norm, comes out, is gathered for the loss, and its gradient; angles of
    // rotation.
    memory.activations +=
        T * (4 * b * static_cast<double>(text.hiddenSize) + 16 * static_cast<double>(text.headDim)) / tensor;
    if (job.config.vision && picturesPerSample > 0) {
        const VisionConfig& vision = *job.config.vision;
        const auto patches = static_cast<double>(microBatch * picturesPerSample * vision.patchesPerSide() *
                                                 vision.patchesPerSide());
        const double whole = patches * b * visionLayerElements(vision, Checkpointing::None);
        if (trainsVision(job))
            memory.activations += static_cast<double>(vision.numLayers) * patches * b *
                                  visionLayerElements(vision, checkpointing);
        // A frozen tower is done before the language model keeps anything.
        memory.workspace +=
            (trainsVision(job) ? whole : 0) +
            static_cast<double>(microBatch * picturesPerSample * 3 * vision.imageSize * vision.imageSize) * b;
    }
    if (job.job.method == Method::Qlora)
        memory.workspace +=
            b *
            std::min(kWidenedWeights, static_cast<double>(text.hiddenSize * text.intermediateSize) / tensor);

    memory.logits = std::min(T * static_cast<double>(text.vocabSize), kLossChunkScores) * b / tensor +
                    4 * trainedEmbeddings;

    // Three moments may be the fullest: the loss, the backward pass of the last layer, when the scores are
    // gone, and the end, when the activations are gone and all gradients are there, which join the sums one
    // by one.
    const double ofSum = job.job.precision == Precision::Bf16 ? 2 : 4;
    const bool accumulates = job.accumulation > 1;
    memory.gradients = accumulates ? ofSum * numTrained : 0;
    const double atLoss = memory.gradients + memory.activations + memory.logits;
    const double inLayer = memory.gradients + memory.activations + b * trainedEmbeddings +
                           (kLayerBackward + (checkpointing == Checkpointing::Full ? 1 : 0)) * oneLayer;
    const double atEnd = (accumulates ? ofSum + b : std::max(ofSum, b)) * numTrained;
    memory.workspace += kWorkspaceBytes + std::max(0.0, inLayer - atLoss);
    memory.gradients += std::max(0.0, atEnd - std::max(atLoss, inLayer));
    memory.overhead = kCudaContextBytes + kFragmentation * memory.total();
    return memory;
}

Estimate estimate(const ResolvedJob& asked, const Gpu& gpu)
{
    ResolvedJob job = asked;
    if (gpu.isCpu)
        job.job.precision = Precision::Fp32;
    const auto memoryWith = [&](int64_t microBatch, int64_t sequence, Checkpointing checkpointing) {
        MemoryByPart memory = memoryOf(job, microBatch, sequence, checkpointing, picturesOf(job));
        if (gpu.isCpu) {
            memory.overhead = 0;
            memory.workspace -= kWorkspaceBytes;
        }
        return memory;
    };
    const auto chosen = [&](int64_t microBatch, int64_t sequence) {
        return choose(job, gpu.memoryBytes, [&](Checkpointing checkpointing) {
            return memoryWith(microBatch, sequence, checkpointing).total();
        });
    };
    Estimate result;
    result.picturesPerSample = picturesOf(job);
    const int64_t micro = job.job.microBatch;
    const int64_t length = job.job.sequenceLength;
    result.checkpointing = chosen(micro, length);
    result.memory = memoryWith(micro, length, result.checkpointing);
    result.flops = stepFlops(job, result.checkpointing, result.picturesPerSample);
    result.tokensPerStep = static_cast<double>(job.job.globalBatch * length);
    if (const double rate = gpu.stepFlops > 0 ? gpu.stepFlops : gpu.flops * kStepEfficiency; rate > 0) {
        result.secondsPerStep =
            (result.flops.total() + result.flops.recompute) / (rate * static_cast<double>(job.numGpus));
        result.seconds = result.secondsPerStep * static_cast<double>(job.job.steps);
    }
    if (gpu.memoryBytes > 0) {
        const auto fits = [&](int64_t microBatch, int64_t sequence) {
            return memoryWith(microBatch, sequence, chosen(microBatch, sequence)).total() <= gpu.memoryBytes;
        };
        result.isFitKnown = true;
        result.fits = fits(micro, length);
        constexpr int64_t kStep = 64;
        const int64_t most = job.job.globalBatch / job.dataParallel;
        result.largestMicroBatch = largest(most, [&](int64_t value) { return fits(value, length); });
        while (result.largestMicroBatch > 0 && most % result.largestMicroBatch != 0)
            --result.largestMicroBatch;
        result.largestSequence = kStep * largest(job.config.text.maxPositions / kStep,
                                                 [&](int64_t value) { return fits(micro, kStep * value); });
    }
    return result;
}

}  // namespace facet::jobs
