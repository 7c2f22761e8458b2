#pragma once

#include "kernels/normal_float.h"
#include "kernels/text_layer_gpu.h"

namespace facet::kernels {

/// Weights [begin, end) of a matrix on the device, with the bits of dequantizeNormalFloat(), rounded once
/// where `type` is bfloat16. `scaleLevels` are normalFloatScaleLevels() on the device.
///
/// Shapes  weights [end - begin].
cudaError_t dequantizeNormalFloatGpu(void* weights, const NormalFloatMatrix& matrix, const float* scaleLevels,
                                     int64_t begin, int64_t end, GpuType type, cudaStream_t stream);

}  // namespace facet::kernels
