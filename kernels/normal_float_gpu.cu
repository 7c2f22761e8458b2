#include "kernels/normal_float_gpu.h"

#include "kernels/gpu_common.cuh"

namespace facet::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 8;  // weights of a thread: one load of 32 bits, all in one block of 64

/// kNormalFloatLevels for the device, which has no arrays of the host's.
struct Levels {
    float at[16];
};

template <typename T>
__global__ void widen(T* weights, NormalFloatMatrix matrix, Levels constants, const float* scaleLevels,
                      int64_t begin, int64_t end)
{
    __shared__ float levels[16];
    if (threadIdx.x < 16)
        levels[threadIdx.x] = constants.at[threadIdx.x];
    __syncthreads();

    const int64_t first = (begin / kEach + int64_t{blockIdx.x} * kThreads + threadIdx.x) * kEach;
    if (first >= end)
        return;
    const int64_t block = first / kNormalFloatBlock;
    // Rounded after the product and after the sum, as on a CPU; the compiler would make one of the two.
    const float scale = __fadd_rn(
        __fmul_rn(scaleLevels[matrix.scaleCodes[block]], matrix.groupScales[block / kNormalFloatGroup]),
        matrix.offset);
    const uint32_t bytes = reinterpret_cast<const uint32_t*>(matrix.values)[first / kEach];
    alignas(16) T widened[kEach];
    for (int i = 0; i < kEach; ++i) {
        const uint32_t pair = bytes >> (i / 2 * 8);
        widened[i] = narrow<T>(levels[(i % 2 == 0 ? pair >> 4 : pair) & 15U] * scale);
    }

    T* out = weights + (first - begin);
    if (begin % kEach == 0 && first + kEach <= end) {
        for (size_t i = 0; i < sizeof(widened) / sizeof(uint4); ++i)
            reinterpret_cast<uint4*>(out)[i] = reinterpret_cast<const uint4*>(widened)[i];
        return;
    }
    for (int i = 0; i < kEach; ++i)
        if (first + i >= begin && first + i < end)
            out[i] = widened[i];
}

}  // namespace

cudaError_t dequantizeNormalFloatGpu(void* weights, const NormalFloatMatrix& matrix, const float* scaleLevels,
                                     int64_t begin, int64_t end, GpuType type, cudaStream_t stream)
{
    if (begin >= end)
        return cudaSuccess;
    const int64_t numThreads = (end + kEach - 1) / kEach - begin / kEach;
    const auto grid = static_cast<unsigned>((numThreads + kThreads - 1) / kThreads);
    Levels levels;
    for (int i = 0; i < 16; ++i)
        levels.at[i] = kNormalFloatLevels[i];
    if (type == GpuType::Float)
        widen<<<grid, kThreads, 0, stream>>>(static_cast<float*>(weights), matrix, levels, scaleLevels, begin,
                                             end);
    else
        widen<<<grid, kThreads, 0, stream>>>(static_cast<Bf16*>(weights), matrix, levels, scaleLevels, begin,
                                             end);
    return cudaGetLastError();
}

}  // namespace facet::kernels
