#pragma once

// The int8 and int4 formats of weights: a row is cut into groups of 32 neighbours, each with a scale of its
// own, and w = scale * q. Scales are bfloat16 (the upper half of a float): no range is too small for them,
// and since q is chosen for the rounded scale, its rounding costs nothing.
//
//   rowWidth of values and scales is `width` rounded up to 64 weights; what is filled up is 0.
//   int8  q in [-127, 127], one byte each                                                           8.5 bits
//   a weight int4  q + 8 in [0, 15]; of each 64 weights, byte j holds weight j low and weight j + 32
//   high    4.5 bits a weight
//
// So 32 bytes of int4 become 64 neighbours with one shift and one mask.

#include <cstdint>

namespace facet::kernels {

inline constexpr int64_t kGroup = 32;
inline constexpr int64_t kBlock = 64;

constexpr int64_t filledWidth(int64_t width)
{
    return (width + kBlock - 1) / kBlock * kBlock;
}

inline float fromBfloat16(uint16_t bits)
{
    const uint32_t wide = uint32_t{bits} << 16;
    float value;
    __builtin_memcpy(&value, &wide, sizeof value);
    return value;
}

/// Shapes  values [filledWidth], scales [filledWidth / 32], row [width].
void quantizeInt8(int8_t* values, uint16_t* scales, const float* row, int64_t width) noexcept;

/// Shapes  values [filledWidth / 2], scales [filledWidth / 32], row [width].
/// Cost    tries several scales for each group and keeps the one with the least squared error.
void quantizeInt4(uint8_t* values, uint16_t* scales, const float* row, int64_t width) noexcept;

/// Shapes  row [width].
void dequantizeInt8(float* row, const int8_t* values, const uint16_t* scales, int64_t width) noexcept;
void dequantizeInt4(float* row, const uint8_t* values, const uint16_t* scales, int64_t width) noexcept;

}  // namespace facet::kernels
