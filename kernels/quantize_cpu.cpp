#include "kernels/quantize.h"

#include <algorithm>
#include <cmath>
#include <utility>

// Loading a model quantises all of it, so these are compiled for wide vectors, too.
#if defined(__x86_64__)
#define FACET_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FACET_WIDE
#endif

namespace facet::kernels {
namespace {

/// Rounds to even, below 2^22: adding 1.5 * 2^23 pushes the fraction out.
inline float rounded(float value)
{
    constexpr float kShift = 12'582'912;
    return (value + kShift) - kShift;
}

/// The nearest bfloat16 that is not nearer to 0, so that the largest weight is never cut.
uint16_t awayFromZero(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return static_cast<uint16_t>((bits + 0xFFFF) >> 16);
}

uint16_t nearest(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

/// One group of a row, filled up with 0.
struct Group {
    float weights[kGroup] = {};

    Group(const float* row, int64_t begin, int64_t width)
    {
        std::copy_n(row + begin, std::clamp<int64_t>(width - begin, 0, kGroup), weights);
    }
};

/// Where weights begin to be nearer to level I + 1 than to level I.
template <size_t I>
constexpr float kMiddle = 0.5f * float(kLevels[I] + kLevels[I + 1]);

/// The level next to x. A fold and not a loop, so that the compiler makes vectors of what calls it.
template <size_t... I>
inline float levelAt(float x, std::index_sequence<I...>)
{
    return (float(kLevels[0]) + ... + (x > kMiddle<I> ? float(kLevels[I + 1] - kLevels[I]) : 0.0f));
}

template <size_t... I>
inline int indexAt(float x, std::index_sequence<I...>)
{
    return (0 + ... + int(x > kMiddle<I>));
}

constexpr std::make_index_sequence<15> kSteps;

/// The squared error of weights with a scale, each at its nearest level.
inline float errorWith(float scale, const float* weights)
{
    const float inverse = scale == 0 ? 0 : 1 / scale;
    float error = 0;
#pragma omp simd reduction(+ : error)
    for (int64_t i = 0; i < kGroup; ++i) {
        const float difference = weights[i] - levelAt(weights[i] * inverse, kSteps) * scale;
        error += difference * difference;
    }
    return error;
}

}  // namespace

FACET_WIDE void quantizeInt8(int8_t* values, uint16_t* scales, const float* row, int64_t width) noexcept
{
    for (int64_t begin = 0; begin < filledWidth(width); begin += kGroup) {
        const Group group(row, begin, width);
        float largest = 0;
        for (const float weight : group.weights)
            largest = std::max(largest, std::fabs(weight));
        const uint16_t scale = awayFromZero(largest / 127);
        scales[begin / kGroup] = scale;
        const float inverse = largest == 0 ? 0 : 1 / fromBfloat16(scale);
        for (int64_t i = 0; i < kGroup; ++i)
            values[begin + i] = static_cast<int8_t>(static_cast<int>(rounded(group.weights[i] * inverse)));
    }
}

FACET_WIDE void quantizeInt4(uint8_t* values, uint16_t* scales, const float* row, int64_t width) noexcept
{
    for (int64_t begin = 0; begin < filledWidth(width); begin += kGroup) {
        const Group group(row, begin, width);
        float extreme = 0;
        for (const float weight : group.weights)
            if (std::fabs(weight) > std::fabs(extreme))
                extreme = weight;

        // The weight farthest from 0 comes to about the lowest level or, with the other sign, the highest.
        uint16_t best = 0;
        float leastError = INFINITY;
        for (const float end : {float(kLevels[0]), float(kLevels[15])})
            for (const float stretch : {0.90f, 0.96f, 1.02f, 1.08f}) {
                const uint16_t scale = nearest(extreme / (end * stretch));
                const float error = errorWith(fromBfloat16(scale), group.weights);
                if (error < leastError) {
                    leastError = error;
                    best = scale;
                }
            }

        scales[begin / kGroup] = best;
        const float inverse = extreme == 0 ? 0 : 1 / fromBfloat16(best);
        uint8_t* block = values + begin / kBlock * kGroup;
        const bool isUpper = begin % kBlock != 0;
        for (int64_t i = 0; i < kGroup; ++i) {
            const int index = indexAt(group.weights[i] * inverse, kSteps);
            block[i] = static_cast<uint8_t>(isUpper ? block[i] | (index << 4) : index);
        }
    }
}

void dequantizeInt8(float* row, const int8_t* values, const uint16_t* scales, int64_t width) noexcept
{
    for (int64_t begin = 0; begin < width; begin += kGroup) {
        const float scale = fromBfloat16(scales[begin / kGroup]);
        for (int64_t i = begin; i < std::min(begin + kGroup, width); ++i)
            row[i] = scale * float(values[i]);
    }
}

void dequantizeInt4(float* row, const uint8_t* values, const uint16_t* scales, int64_t width) noexcept
{
    for (int64_t begin = 0; begin < width; begin += kGroup) {
        const float scale = fromBfloat16(scales[begin / kGroup]);
        const uint8_t* block = values + begin / kBlock * kGroup;
        const int shift = begin % kBlock != 0 ? 4 : 0;
        for (int64_t i = 0; i < std::min(kGroup, width - begin); ++i)
            row[begin + i] = scale * float(kLevels[(block[i] >> shift) & 15]);
    }
}

}  // namespace facet::kernels
