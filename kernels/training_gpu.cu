#include "kernels/training_gpu.h"

#include "kernels/gpu_common.cuh"

#include <algorithm>
#include <type_traits>

namespace facet::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int64_t kMostPartials = 512;

/// kCount neighbours as floats, by loads of 16 bytes.
template <typename T, int kCount>
struct Vector;

template <int kCount>
struct Vector<float, kCount> {
    static __device__ void load(float (&to)[kCount], const float* from)
    {
        for (int i = 0; i < kCount; i += 4) {
            const float4 part = *reinterpret_cast<const float4*>(from + i);
            to[i] = part.x, to[i + 1] = part.y, to[i + 2] = part.z, to[i + 3] = part.w;
        }
    }
    static __device__ void store(float* to, const float (&from)[kCount])
    {
        for (int i = 0; i < kCount; i += 4)
            *reinterpret_cast<float4*>(to + i) = {from[i], from[i + 1], from[i + 2], from[i + 3]};
    }
};

template <int kCount>
struct Vector<Bf16, kCount> {
    static_assert(kCount == 4 || kCount == 8);
    using Word = std::conditional_t<kCount == 8, uint4, uint2>;

    static __device__ void load(float (&to)[kCount], const Bf16* from)
    {
        const Word words = *reinterpret_cast<const Word*>(from);
        const auto* word = reinterpret_cast<const uint32_t*>(&words);
        for (int i = 0; i < kCount / 2; ++i) {
            to[2 * i] = __uint_as_float(word[i] << 16);
            to[2 * i + 1] = __uint_as_float(word[i] & 0xffff0000U);
        }
    }
    static __device__ void store(Bf16* to, const float (&from)[kCount])
    {
        Word words;
        auto* word = reinterpret_cast<uint32_t*>(&words);
        for (int i = 0; i < kCount / 2; ++i)
            word[i] = toBf16(from[2 * i]) | uint32_t{toBf16(from[2 * i + 1])} << 16;
        *reinterpret_cast<Word*>(to) = words;
    }
};

/// What a row's norm and the gradient through it need: with y = x * unit * g and g = 1 + weight,
///     dx = unit * g * dy - x * pull,  unit = 1 / sqrt(mean(x^2) + eps),  pull = unit^3 * sum(dy * g * x) /
///     width.
struct RowSums {
    float unit, pull;

    __device__ RowSums(float squares, float dot, int width, float eps)
    {
        unit = rsqrtf(warpSum(squares) / width + eps);
        pull = warpSum(dot) * unit * unit * unit / width;
    }
};

/// A row for each warp.
template <typename T>
__global__ void normBackward(T* dx, float* units, const T* dy, const T* x, const T* weight, int64_t numRows,
                             int width, float eps)
{
    using V = Vector<T, 8>;
    const int64_t row = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
    if (row >= numRows)
        return;
    const int lane = threadIdx.x % kWarp;
    const T *inX = x + row * width, *inDy = dy + row * width;
    float a[8], b[8], w[8];

    float squares = 0, dot = 0;
    for (int i = 8 * lane; i < width; i += 8 * kWarp) {
        V::load(a, inX + i);
        V::load(b, inDy + i);
        V::load(w, weight + i);
        for (int j = 0; j < 8; ++j) {
            squares += a[j] * a[j];
            dot += b[j] * (1 + w[j]) * a[j];
        }
    }
    const RowSums sums(squares, dot, width, eps);
    if (lane == 0)
        units[row] = sums.unit;
    for (int i = 8 * lane; i < width; i += 8 * kWarp) {
        V::load(a, inX + i);
        V::load(b, inDy + i);
        V::load(w, weight + i);
        for (int j = 0; j < 8; ++j)
            a[j] = sums.unit * (1 + w[j]) * b[j] - a[j] * sums.pull;
        V::store(dx + row * width + i, a);
    }
}

/// Rows for each y of the grid, 8 columns for each thread: partial sums of dy * x * unit.
template <typename T>
__global__ void normWeightBackward(float* partials, const float* units, const T* dy, const T* x,
                                   int64_t numRows, int width)
{
    using V = Vector<T, 8>;
    const int column = 8 * (blockIdx.x * kThreads + threadIdx.x);
    if (column >= width)
        return;
    float sum[8] = {}, a[8], b[8];
    for (int64_t row = blockIdx.y; row < numRows; row += gridDim.y) {
        const float unit = units[row];
        V::load(a, x + row * width + column);
        V::load(b, dy + row * width + column);
        for (int j = 0; j < 8; ++j)
            sum[j] += b[j] * a[j] * unit;
    }
    Vector<float, 8>::store(partials + int64_t{blockIdx.y} * width + column, sum);
}

/// Turns the gradient of a rotated pair back: in, of the result; out, of what was rotated.
__device__ inline void rotateBack(float& first, float& second, float cosine, float sine)
{
    const float turned = first * cosine + second * sine;
    second = second * cosine - first * sine;
    first = turned;
}

/// A head for each warp.
template <typename T>
__global__ void normRotateBackward(T* dx, float* units, const T* dy, const T* x, const T* weight,
                                   const float* cosines, const float* sines, int64_t numTokens, int numHeads,
                                   int headDim, float eps)
{
    using V = Vector<T, 4>;
    const int64_t index = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
    if (index >= numTokens * numHeads)
        return;
    const int lane = threadIdx.x % kWarp, half = headDim / 2;
    const T *inX = x + index * headDim, *inDy = dy + index * headDim;
    const float *cosine = cosines + index / numHeads * half, *sine = sines + index / numHeads * half;
    float a1[4], a2[4], b1[4], b2[4], w1[4], w2[4], c[4], s[4];
    const auto read = [&](int i) {
        V::load(a1, inX + i);
        V::load(a2, inX + half + i);
        V::load(b1, inDy + i);
        V::load(b2, inDy + half + i);
        V::load(w1, weight + i);
        V::load(w2, weight + half + i);
        Vector<float, 4>::load(c, cosine + i);
        Vector<float, 4>::load(s, sine + i);
        for (int j = 0; j < 4; ++j)
            rotateBack(b1[j], b2[j], c[j], s[j]);
    };

    float squares = 0, dot = 0;
    for (int i = 4 * lane; i < half; i += 4 * kWarp) {
        read(i);
        for (int j = 0; j < 4; ++j) {
            squares += a1[j] * a1[j] + a2[j] * a2[j];
            dot += b1[j] * (1 + w1[j]) * a1[j] + b2[j] * (1 + w2[j]) * a2[j];
        }
    }
    const RowSums sums(squares, dot, headDim, eps);
    if (lane == 0)
        units[index] = sums.unit;
    for (int i = 4 * lane; i < half; i += 4 * kWarp) {
        read(i);
        for (int j = 0; j < 4; ++j) {
            a1[j] = sums.unit * (1 + w1[j]) * b1[j] - a1[j] * sums.pull;
            a2[j] = sums.unit * (1 + w2[j]) * b2[j] - a2[j] * sums.pull;
        }
        V::store(dx + index * headDim + i, a1);
        V::store(dx + index * headDim + half + i, a2);
    }
}

/// Heads for each block, a pair of columns for each thread.
template <typename T>
__global__ void normRotateWeightBackward(float* partials, const float* units, const T* dy, const T* x,
                                         const float* cosines, const float* sines, int64_t numTokens,
                                         int numHeads, int headDim)
{
    const int half = headDim / 2, column = threadIdx.x;
    float first = 0, second = 0;
    for (int64_t index = blockIdx.x; index < numTokens * numHeads; index += gridDim.x) {
        const int64_t place = index * headDim + column, angle = index / numHeads * half + column;
        float b1 = wide(dy[place]), b2 = wide(dy[place + half]);
        rotateBack(b1, b2, cosines[angle], sines[angle]);
        first += b1 * wide(x[place]) * units[index];
        second += b2 * wide(x[place + half]) * units[index];
    }
    partials[int64_t{blockIdx.x} * headDim + column] = first;
    partials[int64_t{blockIdx.x} * headDim + half + column] = second;
}

template <typename T>
__global__ void gateBackward(T* dGate, T* dUp, const T* dy, const T* gate, const T* up, int64_t count)
{
    using V = Vector<T, 8>;
    constexpr float kBeta = 0.7978845608028654F, kCubic = 0.044715F;  // as in geluTanh()
    const int64_t step = int64_t{gridDim.x} * kThreads * 8;
    for (int64_t i = (int64_t{blockIdx.x} * kThreads + threadIdx.x) * 8; i < count; i += step) {
        float g[8], u[8], d[8], ofGate[8], ofUp[8];
        V::load(g, gate + i);
        V::load(u, up + i);
        V::load(d, dy + i);
        for (int j = 0; j < 8; ++j) {
            const float x = g[j], t = tanhf(kBeta * (x + kCubic * x * x * x));
            const float slope = 0.5F * (1 + t) + 0.5F * x * (1 - t * t) * kBeta * (1 + 3 * kCubic * x * x);
            ofGate[j] = d[j] * u[j] * slope;
            ofUp[j] = d[j] * 0.5F * x * (1 + t);
        }
        V::store(dGate + i, ofGate);
        V::store(dUp + i, ofUp);
    }
}

/// Joins two pairs of the largest of some numbers and the sum of e^(number - largest).
__device__ inline void addExponentials(float& largest, float& sum, float otherLargest, float otherSum)
{
    const float both = fmaxf(largest, otherLargest);
    if (both == -INFINITY)
        return;
    sum = sum * __expf(largest - both) + otherSum * __expf(otherLargest - both);
    largest = both;
}

/// A row for each block.
template <typename T, int kBlock>
__global__ void crossEntropyRows(float* loss, T* scores, const int64_t* targets, int64_t width,
                                 bool isGradientWanted)
{
    using V = Vector<T, 8>;
    __shared__ float largestOf[kBlock / kWarp], sumOf[kBlock / kWarp], sharedLogSum;
    T* row = scores + int64_t{blockIdx.x} * width;
    const int64_t target = targets[blockIdx.x];
    float value[8];

    float largest = -INFINITY, sum = 0;
    for (int64_t i = threadIdx.x * 8; i < width; i += kBlock * 8) {
        V::load(value, row + i);
        float partLargest = value[0], partSum = 0;
        for (int j = 1; j < 8; ++j)
            partLargest = fmaxf(partLargest, value[j]);
        for (int j = 0; j < 8; ++j)
            partSum += __expf(value[j] - partLargest);
        addExponentials(largest, sum, partLargest, partSum);
    }
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
    for (int step = kWarp / 2; step > 0; step /= 2)
        addExponentials(largest, sum, __shfl_xor_sync(0xffffffffU, largest, step),
                        __shfl_xor_sync(0xffffffffU, sum, step));
    if (lane == 0)
        largestOf[warp] = largest, sumOf[warp] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int other = 1; other < kBlock / kWarp; ++other)
            addExponentials(largest, sum, largestOf[other], sumOf[other]);
        sharedLogSum = largest + logf(sum);
        loss[blockIdx.x] = sharedLogSum - wide(row[target]);
    }
    __syncthreads();
    if (!isGradientWanted)
        return;
    const float logSum = sharedLogSum;
    for (int64_t i = threadIdx.x * 8; i < width; i += kBlock * 8) {
        V::load(value, row + i);
        for (int j = 0; j < 8; ++j)
            value[j] = __expf(value[j] - logSum) - (i + j == target ? 1.0F : 0.0F);
        V::store(row + i, value);
    }
}

unsigned blocksFor(int64_t count, int64_t each)
{
    return static_cast<unsigned>((count + each - 1) / each);
}

}  // namespace

int64_t numWeightPartials(int64_t numRows)
{
    return std::clamp<int64_t>(numRows / 16, 1, kMostPartials);
}

cudaError_t rmsNormBackwardGpu(void* dx, float* weightPartials, float* unit, const void* dy, const void* x,
                               const void* weight, int64_t numRows, int64_t width, float eps, GpuType type,
                               cudaStream_t stream)
{
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        const auto numColumns = static_cast<int>(width);
        const auto* in = static_cast<const T*>(x);
        const auto* gradient = static_cast<const T*>(dy);
        normBackward<T><<<blocksFor(numRows, kWarps), kThreads, 0, stream>>>(
            static_cast<T*>(dx), unit, gradient, in, static_cast<const T*>(weight), numRows, numColumns, eps);
        if (weightPartials)
            normWeightBackward<T>
                <<<dim3(blocksFor(width, 8 * kThreads), static_cast<unsigned>(numWeightPartials(numRows))),
                   kThreads, 0, stream>>>(weightPartials, unit, gradient, in, numRows, numColumns);
    });
}

cudaError_t rmsNormRotateBackwardGpu(void* dx, float* weightPartials, float* unit, const void* dy,
                                     const void* x, const void* weight, const float* cos, const float* sin,
                                     int64_t numTokens, int64_t numHeads, int64_t headDim, float eps,
                                     GpuType type, cudaStream_t stream)
{
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        const auto N = static_cast<int>(numHeads), H = static_cast<int>(headDim);
        const auto* in = static_cast<const T*>(x);
        const auto* gradient = static_cast<const T*>(dy);
        normRotateBackward<T><<<blocksFor(numTokens * numHeads, kWarps), kThreads, 0, stream>>>(
            static_cast<T*>(dx), unit, gradient, in, static_cast<const T*>(weight), cos, sin, numTokens, N, H,
            eps);
        if (weightPartials)
            normRotateWeightBackward<T>
                <<<static_cast<unsigned>(numWeightPartials(numTokens * numHeads)), H / 2, 0, stream>>>(
                    weightPartials, unit, gradient, in, cos, sin, numTokens, N, H);
    });
}

cudaError_t gatedGeluBackwardGpu(void* dGate, void* dUp, const void* dy, const void* gate, const void* up,
                                 int64_t count, GpuType type, cudaStream_t stream)
{
    constexpr int64_t kMostBlocks = 132 * 16;
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        const auto blocks = std::min<int64_t>(kMostBlocks, blocksFor(count, 8 * kThreads));
        gateBackward<T><<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(
            static_cast<T*>(dGate), static_cast<T*>(dUp), static_cast<const T*>(dy),
            static_cast<const T*>(gate), static_cast<const T*>(up), count);
    });
}

cudaError_t crossEntropyGpu(float* loss, void* scores, const int64_t* target, int64_t numRows, int64_t width,
                            bool isGradientWanted, GpuType type, cudaStream_t stream)
{
    constexpr int kBlock = 1024;
    return withType(type, [&](auto zero) {
        using T = decltype(zero);
        crossEntropyRows<T, kBlock><<<static_cast<unsigned>(numRows), kBlock, 0, stream>>>(
            loss, static_cast<T*>(scores), target, width, isGradientWanted);
    });
}

}  // namespace facet::kernels
