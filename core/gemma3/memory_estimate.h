#pragma once

// How much memory a model will take, from its config.json alone, so that what does not fit is refused before
// gigabytes are read, and with what would fit.

#include "core/base/result.h"
#include "core/gemma3/config.h"
#include "core/gemma3/weight_format.h"

#include <cstdint>
#include <set>
#include <string>

namespace facet::core::gemma3 {

/// Tokens of a prompt in one step: on a CPU few, for others wait that long for their next token; on a GPU as
/// many as its products need to be fast.
constexpr int64_t promptChunk(bool isGpu)
{
    return isGpu ? 2048 : 512;
}

/// How a model is to be run.
struct MemoryRequest {
    WeightFormat weights = WeightFormat::BFloat16;
    int64_t context = 8192;     ///< tokens that each sequence may grow to
    int64_t numSlots = 1;       ///< sequences at once
    int64_t bytesPerValue = 4;  ///< of the arithmetic: 4 on a CPU, 2 for bfloat16 on a GPU
    bool isGpu = false;
    std::set<std::string> inFull =
        {};  ///< matrices in the arithmetic's type, by canonical name: trained ones
};

struct MemoryEstimate {
    int64_t weights = 0;  ///< bytes
    int64_t cache = 0;    ///< keys and values: all tokens in global layers, the window's in local ones
    int64_t workspace =
        0;  ///< activations of a step, of a picture, and what LibTorch and CUDA take for themselves
    int64_t total() const { return weights + cache + workspace; }
};

/// Upper bounds: weights are exact, a cache that grows by doubling is counted as grown.
MemoryEstimate estimateMemory(const Config& config, const MemoryRequest& request);

/// Whether the model fits into `availableBytes`.
///
/// Errors  OutOfMemory: one sentence with what is needed, what there is, and which format or context would
/// fit:
///         "it needs 55.1 GB (bfloat16 weights, 8192 tokens of context) and cuda:0 has 23.4 GB free:
///         --weights int4 would fit (17.0 GB)".
Result<void> checkMemory(const Config& config, const MemoryRequest& request, int64_t availableBytes,
                         const std::string& device);

/// What would fit into `availableBytes`, as a half sentence: "--weights int4 would fit (17.0 GB)"; "" if
/// `request` does.
std::string memoryAdvice(const Config& config, const MemoryRequest& request, int64_t availableBytes);

}  // namespace facet::core::gemma3
