#pragma once

// Samples as one step computes them: one after another, without padding, none seeing another.

#include "engine/gemma3/attention.h"
#include "engine/lora/lora_layer.h"

#include <vector>

namespace facet::engine {

/// One document to learn from.
struct TrainingSample {
    std::vector<int64_t> ids;
    std::vector<bool> isTarget;          ///< of each id: whether to predict it is to be learned
    std::vector<at::Tensor> pixels_3SS;  ///< of its pictures, in their order
    uint64_t seed = 0;                   ///< of its dropout

    /// The first id has nothing before it that could predict it.
    int64_t numTargets() const;
};

struct PackedBatch {
    at::Tensor token_T;   // int64
    at::Tensor target_T;  // int64, on the CPU: the next id, or kNoTarget
    std::vector<gemma3::Segment> segments;
    at::Tensor pixel_I3SS;  // undefined without pictures
    RowSeeds rowSeeds;
    int64_t numTargets = 0;

    int64_t numTokens() const { return token_T.numel(); }
};

/// The same tensor on `device`; a GPU goes on computing meanwhile.
at::Tensor sentTo(at::Device device, const at::Tensor& cpu);

/// Places samples one after another. Positions start anew in each, and attention stays inside it.
PackedBatch packed(const std::vector<TrainingSample>& samples, int64_t imageTokenId, at::Device device);

}  // namespace facet::engine
