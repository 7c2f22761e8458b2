#include "kernels/dropout_gpu.h"

#include "kernels/gpu_common.cuh"

namespace facet::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 4;     // elements of a thread: those of one counter
constexpr int kAtOnce = 64;  // samples of a launch, which go to the GPU as its argument

struct Samples {
    int count = 0;
    int64_t firstElement[kAtOnce + 1] = {};  // of each, and where the last one ends
    uint64_t seed[kAtOnce] = {};
};

template <typename T>
__global__ void drop(T* y, const T* x, Samples samples, Dropout how)
{
    const int64_t begin = (int64_t{blockIdx.x} * kThreads + threadIdx.x) * kEach;
    int sample = 0;
    Drawn drawn{};
    for (int64_t i = begin; i < begin + kEach && i < samples.firstElement[samples.count]; ++i) {
        const bool isNew = i == begin || i == samples.firstElement[sample + 1];
        while (i >= samples.firstElement[sample + 1])
            ++sample;
        const auto element = static_cast<uint64_t>(i - samples.firstElement[sample]);
        if (isNew || element % 4 == 0)
            drawn = philox(element / 4, how.stream, samples.seed[sample]);
        y[i] = drawn.at[element % 4] < how.threshold ? T{} : narrow<T>(wide(x[i]) * how.scale);
    }
}

template <typename T>
cudaError_t dropAll(T* y, const T* x, const SampleRows* rows, int64_t numSamples, int64_t width,
                    const Dropout& how, cudaStream_t stream)
{
    for (int64_t first = 0; first < numSamples; first += kAtOnce) {
        Samples samples;
        for (int64_t i = first; i < numSamples && i < first + kAtOnce; ++i) {
            samples.seed[samples.count] = rows[i].seed;
            samples.firstElement[samples.count + 1] =
                samples.firstElement[samples.count] + rows[i].count * width;
            ++samples.count;
        }
        const int64_t numElements = samples.firstElement[samples.count];
        if (numElements == 0)
            continue;
        const int64_t perBlock = kThreads * kEach;
        drop<<<static_cast<unsigned>((numElements + perBlock - 1) / perBlock), kThreads, 0, stream>>>(
            y, x, samples, how);
        if (const cudaError_t error = cudaGetLastError())
            return error;
        y += numElements;
        x += numElements;
    }
    return cudaSuccess;
}

}  // namespace

cudaError_t dropoutGpu(void* y, const void* x, const SampleRows* samples, int64_t numSamples, int64_t width,
                       const Dropout& how, GpuType type, cudaStream_t stream)
{
    if (type == GpuType::Float)
        return dropAll(static_cast<float*>(y), static_cast<const float*>(x), samples, numSamples, width, how,
                       stream);
    return dropAll(static_cast<Bf16*>(y), static_cast<const Bf16*>(x), samples, numSamples, width, how,
                   stream);
}

}  // namespace facet::kernels
