// The operations of text_layer.h in loops that the compiler makes vectors of; included once for each
// instruction set. No #pragma once and no headers of the standard library: an inline function compiled here
// with AVX-512 could become the whole program's. "omp simd" lets sums be reordered; nothing else may be.

namespace facet::kernels {
namespace {

/// e^x to 2 units in the last place; x is cut to the range in which floats are normal.
inline float exponential(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float n = __builtin_rintf(x * 1.44269504f);
    // n * ln 2 in two parts, of which the first is exact.
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    // Coefficients: Cephes, expf.
    float power = 1.9875691500e-4f;
    power = power * r + 1.3981999507e-3f;
    power = power * r + 8.3334519073e-3f;
    power = power * r + 4.1665795894e-2f;
    power = power * r + 1.6666665459e-1f;
    power = power * r + 5.0000001201e-1f;
    power = power * r * r + r + 1.0f;
    const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
    float scale;
    __builtin_memcpy(&scale, &bits, sizeof scale);
    return power * scale;
}

inline float inverseRootMeanSquare(const float* x, int64_t width, float eps)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; ++i)
        sum += x[i] * x[i];
    return 1 / __builtin_sqrtf(sum / static_cast<float>(width) + eps);
}

void rmsNormRows(float* y, const float* x, const float* weight, int64_t numRows, int64_t width,
                 float eps) noexcept
{
    for (int64_t row = 0; row < numRows; ++row, x += width, y += width) {
        const float inverse = inverseRootMeanSquare(x, width, eps);
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
            y[i] = x[i] * inverse * (1 + weight[i]);
    }
}

void addRmsNormRows(float* y, const float* x, const float* update, const float* weight, int64_t numRows,
                    int64_t width, float eps) noexcept
{
    for (int64_t row = 0; row < numRows; ++row, x += width, update += width, y += width) {
        const float inverse = inverseRootMeanSquare(update, width, eps);
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
            y[i] = x[i] + update[i] * inverse * (1 + weight[i]);
    }
}

void rmsNormRotateHeads(float* y, const float* x, const float* weight, const float* cos, const float* sin,
                        int64_t numTokens, int64_t numHeads, int64_t headDim, float eps) noexcept
{
    const int64_t half = headDim / 2;
    for (int64_t token = 0; token < numTokens; ++token, cos += half, sin += half)
        for (int64_t head = 0; head < numHeads; ++head, x += headDim, y += headDim) {
            const float inverse = inverseRootMeanSquare(x, headDim, eps);
#pragma omp simd
            for (int64_t i = 0; i < half; ++i) {
                const float a = x[i] * inverse * (1 + weight[i]);
                const float b = x[half + i] * inverse * (1 + weight[half + i]);
                y[i] = a * cos[i] - b * sin[i];
                y[half + i] = b * cos[i] + a * sin[i];
            }
        }
}

void gatedGeluOf(float* y, const float* gate, const float* up, int64_t count) noexcept
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        // (1 + tanh(u)) / 2 = 1 / (1 + e^(-2u)), which loses nothing where tanh is near -1.
        const float x = gate[i];
        const float u = 0.7978845608f * (x + 0.044715f * x * x * x);  // sqrt(2 / pi)
        y[i] = x / (1 + exponential(-2 * u)) * up[i];
    }
}

void attendOneQuery(float* y, const float* q, const float* k, const float* v, float* scores, int64_t numKeys,
                    int64_t headDim, float scale) noexcept
{
    float largest = -__builtin_inff();
    for (int64_t key = 0; key < numKeys; ++key) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < headDim; ++i)
            sum += q[i] * k[key * headDim + i];
        scores[key] = sum * scale;
        largest = scores[key] > largest ? scores[key] : largest;
    }
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t key = 0; key < numKeys; ++key) {
        scores[key] = exponential(scores[key] - largest);
        total += scores[key];
    }
    // Four keys at a time, so that y is read and written a quarter as often.
    for (int64_t i = 0; i < headDim; ++i)
        y[i] = 0;
    int64_t key = 0;
    for (; key + 4 <= numKeys; key += 4) {
        const float* from = v + key * headDim;
        const float a = scores[key], b = scores[key + 1], c = scores[key + 2], d = scores[key + 3];
#pragma omp simd
        for (int64_t i = 0; i < headDim; ++i)
            y[i] +=
                a * from[i] + b * from[headDim + i] + c * from[2 * headDim + i] + d * from[3 * headDim + i];
    }
    for (; key < numKeys; ++key)
        for (int64_t i = 0; i < headDim; ++i)
            y[i] += scores[key] * v[key * headDim + i];
    const float inverse = 1 / total;
    for (int64_t i = 0; i < headDim; ++i)
        y[i] *= inverse;
}

constexpr TextLayerFunctions kTextLayer = {rmsNormRows, addRmsNormRows, rmsNormRotateHeads, gatedGeluOf,
                                           attendOneQuery};

}  // namespace
}  // namespace facet::kernels
