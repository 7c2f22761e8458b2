#include "kernels/quantize.h"

#include <algorithm>
#include <cmath>

namespace facet::kernels {
namespace {

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

/// q of each weight for a scale, and the squared error that they leave.
float quantizeWith(float scale, const float* weights, float* q)
{
    const float inverse = scale == 0 ? 0 : 1 / scale;
    float error = 0;
    for (int64_t i = 0; i < kGroup; ++i) {
        // Rounds to even: adding 1.5 * 2^23 pushes the fraction out.
        constexpr float kRound = 12'582'912;
        q[i] = std::min(7.0f, std::max(-8.0f, (weights[i] * inverse + kRound) - kRound));
        const float difference = weights[i] - q[i] * scale;
        error += difference * difference;
    }
    return error;
}

}  // namespace

void quantizeInt8(int8_t* values, uint16_t* scales, const float* row, int64_t width) noexcept
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
            values[begin + i] = static_cast<int8_t>(std::lrint(group.weights[i] * inverse));
    }
}

void quantizeInt4(uint8_t* values, uint16_t* scales, const float* row, int64_t width) noexcept
{
    for (int64_t begin = 0; begin < filledWidth(width); begin += kGroup) {
        const Group group(row, begin, width);
        float extreme = 0;  // the weight farthest from 0, which becomes -8: that side has one step more
        for (const float weight : group.weights)
            if (std::fabs(weight) > std::fabs(extreme))
                extreme = weight;

        float best[kGroup] = {}, leastError = INFINITY;
        uint16_t bestScale = 0;
        for (int step = 0; step < 8; ++step) {
            const uint16_t scale = nearest(extreme / (-9.2f + 0.3f * float(step)));  // -9.2 ... -7.1
            float q[kGroup];
            const float error = quantizeWith(fromBfloat16(scale), group.weights, q);
            if (error < leastError) {
                leastError = error;
                bestScale = scale;
                std::copy_n(q, kGroup, best);
            }
        }

        scales[begin / kGroup] = bestScale;
        uint8_t* block = values + begin / kBlock * kGroup;
        const bool isHigh = begin % kBlock != 0;
        for (int64_t i = 0; i < kGroup; ++i) {
            const int nibble = static_cast<int>(best[i]) + 8;
            block[i] = static_cast<uint8_t>(isHigh ? block[i] | (nibble << 4) : nibble);
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
            row[begin + i] = scale * float(((block[i] >> shift) & 15) - 8);
    }
}

}  // namespace facet::kernels
