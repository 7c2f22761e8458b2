#include "core/gemma3/memory_estimate.h"

#include "core/gemma3/tensor_names.h"

#include <algorithm>
#include <cstdio>

namespace facet::core::gemma3 {
namespace {

constexpr int64_t kOfTorchOnGpu = 700'000'000;  // CUDA's context, cuBLAS's workspace
constexpr int64_t kOfTorchOnCpu = 300'000'000;  // LibTorch's code and tables

std::string inGigabytes(int64_t bytes)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB", double(bytes) / 1e9);
    return text;
}

/// Matrices are in the format; the projector is multiplied the other way round and stays in the arithmetic's
/// type, as all that is added or normalised with.
int64_t weightBytes(const Config& config, const MemoryRequest& request)
{
    int64_t bytes = 0;
    for (const auto& [name, shape] : expectedTensors(config)) {
        int64_t numColumns = 1;
        for (size_t i = 1; i < shape.size(); ++i)
            numColumns *= shape[i];
        const bool isMatrix = shape.size() >= 2 && !name.ends_with("position_embedding.weight") &&
                              !name.ends_with("mm_input_projection_weight");
        const bool hasFormat = isMatrix && !request.inFull.contains(name);
        bytes += hasFormat ? bytesOf(formatOf(name, request.weights), shape[0], numColumns)
                           : shape[0] * numColumns * request.bytesPerValue;
    }
    return bytes;
}

/// As engine/gemma3/kv_cache.cpp makes room when it has to grow: twice what is kept, in local layers a window
/// more.
int64_t cacheBytes(const TextConfig& config, const MemoryRequest& request)
{
    int64_t numTokens = 0;
    for (const LayerKind kind : config.layers) {
        numTokens +=
            kind == LayerKind::Global
                ? 2 * request.context
                : std::min(2 * request.context, 2 * config.slidingWindow + promptChunk(request.isGpu));
    }
    return request.numSlots * numTokens * 2 * config.numKvHeads * config.headDim * request.bytesPerValue;
}

int64_t workspaceBytes(const Config& config, const MemoryRequest& request)
{
    const TextConfig& text = config.text;
    const int64_t chunk = std::min(promptChunk(request.isGpu), request.context);
    const int64_t ofText = chunk *
                           (3 * text.intermediateSize + 6 * text.hiddenSize +
                            4 * text.headDim * (text.numHeads + 2 * text.numKvHeads)) *
                           request.bytesPerValue;
    const int64_t ofLogits = 3 * request.numSlots * text.vocabSize * 4;
    int64_t ofVision = 0;
    if (config.vision) {
        const int64_t numPatches = config.vision->patchesPerSide() * config.vision->patchesPerSide();
        ofVision = numPatches * (2 * config.vision->intermediateSize + 8 * config.vision->hiddenSize) *
                   request.bytesPerValue;
    }
    return std::max(ofText + ofLogits, ofVision) + (request.isGpu ? kOfTorchOnGpu : kOfTorchOnCpu);
}

/// The largest context, a power of two, with which the request fits; 0 if none of 512 or more does.
int64_t fittingContext(const Config& config, MemoryRequest request, int64_t availableBytes)
{
    const int64_t wanted = request.context;
    for (request.context = 131'072; request.context >= 512; request.context /= 2)
        if (request.context < wanted && estimateMemory(config, request).total() <= availableBytes)
            return request.context;
    return 0;
}

}  // namespace

MemoryEstimate estimateMemory(const Config& config, const MemoryRequest& request)
{
    return {weightBytes(config, request), cacheBytes(config.text, request), workspaceBytes(config, request)};
}

std::string memoryAdvice(const Config& config, const MemoryRequest& request, int64_t availableBytes)
{
    if (estimateMemory(config, request).total() <= availableBytes)
        return "";
    MemoryRequest other = request;
    for (const WeightFormat format : kWeightFormats) {
        other.weights = format;
        const int64_t needed = estimateMemory(config, other).total();
        // NF4 takes about as much as int4 and is there for QLoRA.
        if (format > request.weights && format != WeightFormat::NormalFloat4 && needed <= availableBytes)
            return "--weights " + std::string(nameOf(format)) + " would fit (" + inGigabytes(needed) + ")";
    }
    if (const int64_t context = fittingContext(config, request, availableBytes); context > 0)
        return "a context of " + std::to_string(context) + " tokens would fit";
    other.weights = WeightFormat::Int4;
    if (const int64_t context = fittingContext(config, other, availableBytes); context > 0)
        return "--weights int4 with a context of " + std::to_string(context) + " tokens would fit";
    return "no format fits: free memory, or take a smaller model";
}

Result<void> checkMemory(const Config& config, const MemoryRequest& request, int64_t availableBytes,
                         const std::string& device)
{
    const int64_t needed = estimateMemory(config, request).total();
    if (needed <= availableBytes)
        return {};
    const std::string sequences =
        request.numSlots == 1 ? "" : " for each of " + std::to_string(request.numSlots) + " sequences";
    return Error{ErrorCode::OutOfMemory,
                 "it needs " + inGigabytes(needed) + " (" + std::string(nameOf(request.weights)) +
                     " weights, " + std::to_string(request.context) + " tokens of context" + sequences +
                     ") and " + device + " has " + inGigabytes(availableBytes) +
                     " free: " + memoryAdvice(config, request, availableBytes)};
}

}  // namespace facet::core::gemma3
