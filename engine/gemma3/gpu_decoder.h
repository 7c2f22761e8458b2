#pragma once

// Decoding on a GPU: one token for each of a few sequences by the kernels of kernels/decode_*.h, captured as
// a CUDA graph for each number of sequences. The host keeps the books of the caches and sends where they lie
// along with each step, so nothing in a step waits for the device.

#include "engine/gemma3/kv_cache.h"

#include <ATen/ATen.h>

#include <memory>
#include <span>

namespace facet::engine::gemma3 {

struct Weights;

/// Thread  one step at a time. It shares the weights' memory.
class GpuDecoder {
public:
    static constexpr int kMaxSequences = 8;

    /// None if the kernels do not take these weights: they want bfloat16 arithmetic, widths that are
    /// multiples of 64, heads of 64, 128 or 256, matrices in bfloat16, int8 or int4, and no CPU.
    static std::shared_ptr<GpuDecoder> make(const Weights& weights, const core::gemma3::TextConfig& config);

    ~GpuDecoder();

    /// Puts a token into each cache and gives the scores of what follows.
    ///
    /// Shapes  ids: one [1] int64 on the device for each of 1 to kMaxSequences caches, none of them empty
    ///         -> [B, V] float, which the next step overwrites.
    /// Cost    the first step of each B captures its graph: some milliseconds.
    /// Errors  throws c10::Error.
    at::Tensor step(std::span<const at::Tensor> ids, std::span<KvCache* const> caches);

private:
    class CapturedSteps;
    explicit GpuDecoder(std::unique_ptr<CapturedSteps> steps);
    std::unique_ptr<CapturedSteps> m_steps;
};

}  // namespace facet::engine::gemma3
