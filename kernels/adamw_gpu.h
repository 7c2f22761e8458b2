#pragma once

// A step of AdamW on a GPU in one pass over memory, for moments in any format: where they have fewer bits
// they are widened, and rounded again, on the way. Its reference is engine/train/adamw.cpp by LibTorch.

#include "kernels/gpu.h"

namespace facet::kernels {

/// One of AdamW's two moments as engine/train/moment.h keeps it: floats or bfloat16 if there is no scale,
/// else indices of `levels`, a rising list, and a scale for each kMomentBlock of them.
struct GpuMoment {
    void* values = nullptr;
    GpuType type = GpuType::Float;  ///< without a scale
    float* scales = nullptr;
    const float* levels = nullptr;
    int numLevels = 0;  ///< at most 256
};

constexpr int kMomentBlock = 256;

struct AdamWStep {
    float lr = 0;
    float beta1 = 0, beta2 = 0, eps = 0, weightDecay = 0;
    const float* step = nullptr;  ///< on the device: which step it is, from 1 on
};

/// One step for `count` parameters. Both moments are of the same format.
///
/// Shapes  parameters, gradients [count] of `type`.
/// Source  arXiv:1711.05101; rounding of moments to levels as arXiv:2110.02861, block by block.
cudaError_t adamWGpu(void* parameters, const void* gradients, const GpuMoment& first, const GpuMoment& second,
                     const AdamWStep& step, int64_t count, GpuType type, cudaStream_t stream);

}  // namespace facet::kernels
