#pragma once

#include "kernels/dropout.h"
#include "kernels/text_layer_gpu.h"

namespace facet::kernels {

/// Neighbouring rows of one sample, from its first row on.
struct SampleRows {
    int64_t count = 0;
    uint64_t seed = 0;
};

/// dropout() of all rows of a step, sample after sample, with its very draws.
///
/// Shapes  x and y [sum of the counts, width], of `type`; samples [numSamples], on the host.
cudaError_t dropoutGpu(void* y, const void* x, const SampleRows* samples, int64_t numSamples, int64_t width,
                       const Dropout& how, GpuType type, cudaStream_t stream);

}  // namespace facet::kernels
