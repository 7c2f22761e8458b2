#include "kernels/adamw_gpu.h"

#include "kernels/gpu_common.cuh"

#include <algorithm>

namespace facet::kernels {
namespace {

enum class Format { Float, BFloat16, Levels };

/// The largest value of the block's threads. All of them call it.
__device__ inline float blockMax(float value, float* scratch)
{
    for (int step = kWarp / 2; step > 0; step /= 2)
        value = fmaxf(value, __shfl_xor_sync(0xffffffffU, value, step));
    __syncthreads();  // scratch may still be read from the call before
    if (threadIdx.x % kWarp == 0)
        scratch[threadIdx.x / kWarp] = value;
    __syncthreads();
    value = scratch[0];
    for (unsigned warp = 1; warp < blockDim.x / kWarp; ++warp)
        value = fmaxf(value, scratch[warp]);
    return value;
}

/// The index of the level that is nearest; the lower one if two are.
__device__ inline int nearest(const float* levels, int numLevels, float value)
{
    int low = 0, high = numLevels - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if ((levels[middle] + levels[middle + 1]) / 2 < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

template <Format kFormat>
__device__ float load(const GpuMoment& moment, const float* levels, int64_t at, int64_t block)
{
    if constexpr (kFormat == Format::Levels)
        return levels[static_cast<const uint8_t*>(moment.values)[at]] * moment.scales[block];
    else if constexpr (kFormat == Format::BFloat16)
        return toFloat(static_cast<const Bf16*>(moment.values)[at]);
    else
        return static_cast<const float*>(moment.values)[at];
}

/// All threads of the block call it, those beyond the end with 0.
template <Format kFormat>
__device__ void store(const GpuMoment& moment, const float* levels, int64_t at, int64_t block, float value,
                      bool isIn, float* scratch)
{
    if constexpr (kFormat == Format::Levels) {
        const float scale = blockMax(fabsf(value), scratch);
        if (threadIdx.x == 0)
            moment.scales[block] = scale;
        if (isIn)
            static_cast<uint8_t*>(moment.values)[at] =
                static_cast<uint8_t>(nearest(levels, moment.numLevels, value / fmaxf(scale, 1e-38F)));
    } else if (isIn) {
        if constexpr (kFormat == Format::BFloat16)
            static_cast<Bf16*>(moment.values)[at] = toBf16(value);
        else
            static_cast<float*>(moment.values)[at] = value;
    }
}

/// Blocks of 256 numbers, a number for each thread.
template <typename T, Format kFormat>
__global__ void __launch_bounds__(kMomentBlock)
    step(T* parameters, const T* gradients, const __grid_constant__ GpuMoment first,
         const __grid_constant__ GpuMoment second, const AdamWStep how, int64_t count)
{
    __shared__ float firstLevels[256], secondLevels[256], scratch[kWarp];
    if constexpr (kFormat == Format::Levels) {
        if (threadIdx.x < first.numLevels)
            firstLevels[threadIdx.x] = first.levels[threadIdx.x];
        if (threadIdx.x < second.numLevels)
            secondLevels[threadIdx.x] = second.levels[threadIdx.x];
        __syncthreads();
    }
    const float stepSize = how.lr / (1 - powf(how.beta1, *how.step));
    const float correction = sqrtf(1 - powf(how.beta2, *how.step));
    const int64_t numBlocks = (count + kMomentBlock - 1) / kMomentBlock;
    for (int64_t block = blockIdx.x; block < numBlocks; block += gridDim.x) {
        const int64_t at = block * kMomentBlock + threadIdx.x;
        const bool isIn = at < count;
        float m = 0, v = 0;
        if (isIn) {
            const float gradient = wide(gradients[at]);
            float parameter = wide(parameters[at]);
            m = load<kFormat>(first, firstLevels, at, block);
            v = load<kFormat>(second, secondLevels, at, block);
            parameter -= how.lr * how.weightDecay * parameter;
            m = how.beta1 * m + (1 - how.beta1) * gradient;
            v = how.beta2 * v + (1 - how.beta2) * gradient * gradient;
            parameter -= stepSize * m / (sqrtf(v) / correction + how.eps);
            parameters[at] = narrow<T>(parameter);
        }
        store<kFormat>(first, firstLevels, at, block, m, isIn, scratch);
        store<kFormat>(second, secondLevels, at, block, v, isIn, scratch);
    }
}

template <typename T>
cudaError_t launch(T* parameters, const T* gradients, const GpuMoment& first, const GpuMoment& second,
                   const AdamWStep& how, int64_t count, cudaStream_t stream)
{
    const auto blocks =
        static_cast<unsigned>(std::min<int64_t>((count + kMomentBlock - 1) / kMomentBlock, 132 * 64));
    const auto with = [&](auto* kernel) {
        kernel<<<blocks, kMomentBlock, 0, stream>>>(parameters, gradients, first, second, how, count);
        return cudaGetLastError();
    };
    if (first.scales)
        return with(step<T, Format::Levels>);
    return first.type == GpuType::Float ? with(step<T, Format::Float>) : with(step<T, Format::BFloat16>);
}

}  // namespace

cudaError_t adamWGpu(void* parameters, const void* gradients, const GpuMoment& first, const GpuMoment& second,
                     const AdamWStep& step, int64_t count, GpuType type, cudaStream_t stream)
{
    if (count == 0)
        return cudaSuccess;
    if (type == GpuType::Float)
        return launch(static_cast<float*>(parameters), static_cast<const float*>(gradients), first, second,
                      step, count, stream);
    return launch(static_cast<Bf16*>(parameters), static_cast<const Bf16*>(gradients), first, second, step,
                  count, stream);
}

}  // namespace facet::kernels
