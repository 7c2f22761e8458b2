#include "kernels/text_layer_gpu.h"

#include "kernels/gpu_common.cuh"

namespace facet::kernels {
namespace {

constexpr int kThreads = 256;

/// Two neighbours of either type.
template <typename T>
struct Pair;

template <>
struct Pair<float> {
    using Packed = float2;
    static __device__ float2 wide(Packed pair) { return pair; }
    static __device__ Packed packed(float a, float b) { return {a, b}; }
};

template <>
struct Pair<Bf16> {
    using Packed = uint32_t;
    static __device__ float2 wide(Packed pair)
    {
        return {__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000U)};
    }
    static __device__ Packed packed(float a, float b) { return toBf16(a) | uint32_t{toBf16(b)} << 16; }
};

/// A row for each block. kAdd: y = x + norm(update), else y = norm(update).
template <typename T, bool kAdd>
__global__ void normRows(T* y, const T* x, const T* update, const T* weight, int width, float eps)
{
    using P = Pair<T>;
    using Packed = typename P::Packed;
    __shared__ float scratch[kWarp];
    const int64_t first = int64_t{blockIdx.x} * width;
    const auto* in = reinterpret_cast<const Packed*>(update + first);
    const auto* before = reinterpret_cast<const Packed*>(x + (kAdd ? first : 0));
    const auto* w = reinterpret_cast<const Packed*>(weight);
    auto* out = reinterpret_cast<Packed*>(y + first);

    float squares = 0;
    for (int i = threadIdx.x; i < width / 2; i += kThreads) {
        const float2 pair = P::wide(in[i]);
        squares += pair.x * pair.x + pair.y * pair.y;
    }
    const float unit = rsqrtf(blockSum(squares, scratch) / width + eps);
    for (int i = threadIdx.x; i < width / 2; i += kThreads) {
        const float2 pair = P::wide(in[i]), scale = P::wide(w[i]);
        float a = pair.x * unit * (1 + scale.x), b = pair.y * unit * (1 + scale.y);
        if constexpr (kAdd) {
            const float2 old = P::wide(before[i]);
            a += old.x;
            b += old.y;
        }
        out[i] = P::packed(a, b);
    }
}

/// A head for each warp.
template <typename T>
__global__ void normRotateHeads(T* y, const T* x, int64_t stride, const T* weight, const float* cosines,
                                const float* sines, int64_t numTokens, int numHeads, int headDim, float eps)
{
    const int64_t index = int64_t{blockIdx.x} * (kThreads / kWarp) + threadIdx.x / kWarp;
    if (index >= numTokens * numHeads)
        return;
    const int lane = threadIdx.x % kWarp, half = headDim / 2;
    const int64_t token = index / numHeads, head = index % numHeads;
    const T* in = x + token * stride + head * headDim;
    T* out = y + index * headDim;
    float squares = 0;
    for (int i = lane; i < headDim; i += kWarp)
        squares += wide(in[i]) * wide(in[i]);
    const float unit = rsqrtf(warpSum(squares) / headDim + eps);
    for (int i = lane; i < half; i += kWarp) {
        const float a = wide(in[i]) * unit * (1 + wide(weight[i]));
        const float b = wide(in[i + half]) * unit * (1 + wide(weight[i + half]));
        const float cosine = cosines[token * half + i], sine = sines[token * half + i];
        out[i] = narrow<T>(a * cosine - b * sine);
        out[i + half] = narrow<T>(b * cosine + a * sine);
    }
}

template <typename T>
__global__ void gateRows(T* y, const T* gate, const T* up, int64_t numPairs)
{
    using P = Pair<T>;
    using Packed = typename P::Packed;
    const int64_t step = int64_t{gridDim.x} * kThreads;
    for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < numPairs; i += step) {
        const float2 g = P::wide(reinterpret_cast<const Packed*>(gate)[i]);
        const float2 u = P::wide(reinterpret_cast<const Packed*>(up)[i]);
        reinterpret_cast<Packed*>(y)[i] = P::packed(geluTanh(g.x) * u.x, geluTanh(g.y) * u.y);
    }
}

}  // namespace

cudaError_t rmsNormGpu(void* y, const void* x, const void* weight, int64_t numRows, int64_t width, float eps,
                       GpuType type, cudaStream_t stream)
{
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        normRows<T, false><<<static_cast<unsigned>(numRows), kThreads, 0, stream>>>(
            static_cast<T*>(y), nullptr, static_cast<const T*>(x), static_cast<const T*>(weight),
            static_cast<int>(width), eps);
    });
}

cudaError_t addRmsNormGpu(void* y, const void* x, const void* update, const void* weight, int64_t numRows,
                          int64_t width, float eps, GpuType type, cudaStream_t stream)
{
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        normRows<T, true><<<static_cast<unsigned>(numRows), kThreads, 0, stream>>>(
            static_cast<T*>(y), static_cast<const T*>(x), static_cast<const T*>(update),
            static_cast<const T*>(weight), static_cast<int>(width), eps);
    });
}

cudaError_t rmsNormRotateGpu(void* y, const void* x, int64_t stride, const void* weight, const float* cos,
                             const float* sin, int64_t numTokens, int64_t numHeads, int64_t headDim,
                             float eps, GpuType type, cudaStream_t stream)
{
    constexpr int64_t kHeads = kThreads / kWarp;
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        normRotateHeads<T>
            <<<static_cast<unsigned>((numTokens * numHeads + kHeads - 1) / kHeads), kThreads, 0, stream>>>(
                static_cast<T*>(y), static_cast<const T*>(x), stride, static_cast<const T*>(weight), cos, sin,
                numTokens, static_cast<int>(numHeads), static_cast<int>(headDim), eps);
    });
}

cudaError_t gatedGeluGpu(void* y, const void* gate, const void* up, int64_t count, GpuType type,
                         cudaStream_t stream)
{
    constexpr int64_t kMost = 132 * 16;
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        const int64_t blocks = (count / 2 + kThreads - 1) / kThreads;
        gateRows<T><<<static_cast<unsigned>(blocks < kMost ? blocks : kMost), kThreads, 0, stream>>>(
            static_cast<T*>(y), static_cast<const T*>(gate), static_cast<const T*>(up), count / 2);
    });
}

}  // namespace facet::kernels
