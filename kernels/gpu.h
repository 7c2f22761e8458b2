#pragma once

// What all kernels for NVIDIA GPUs share. They take raw pointers of the device and a stream, never wait, and
// say by a cudaError_t whether their launch was taken. Every kernel runs from compute capability 8.0 on.

#include <cuda_runtime_api.h>

#include <cstdint>

namespace facet::kernels {

/// A bfloat16 as it lies in memory: the upper half of a float.
using Bf16 = uint16_t;

/// What activations are.
enum class GpuType { Float, BFloat16 };

enum class GpuFormat { BFloat16, Int8, Int4 };

/// A weight matrix on the device, row by row. `width` is a multiple of 64. int8 and int4 lie as quantize.h
/// says, with their scales.
struct GpuMatrix {
    const void* values = nullptr;
    const Bf16* scales = nullptr;
    int64_t numRows = 0;
    int64_t width = 0;
    GpuFormat format = GpuFormat::BFloat16;
};

/// Which code of the kernels the current GPU runs: 90 is Hopper's own, 80 what every GPU from 8.0 on can run;
/// 0 if it runs none.
int gpuCodeVersion();

}  // namespace facet::kernels
