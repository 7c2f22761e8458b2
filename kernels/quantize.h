#pragma once

// The int8 and int4 formats of weights: a row is cut into groups of 32 neighbours, each with a scale of its
// own, and w = scale * q. Scales are bfloat16 (the upper half of a float): no range is too small for them,
// and since q is chosen for the rounded scale, its rounding costs nothing.
//
//   rowWidth of values and scales is `width` rounded up to 64 weights; what is filled up is 0.
//   int8  q in [-127, 127], one byte each                                                8.5 bits a weight
//   int4  an index i with q = kLevels[i]; of each 64 weights, byte j holds that of
//         weight j in its lower half and that of weight j + 32 in its upper half         4.5 bits a weight
//
// So 32 bytes of int4 become 64 neighbours with one shift, one mask and one lookup.

#include <cstdint>

namespace facet::kernels {

inline constexpr int64_t kGroup = 32;
inline constexpr int64_t kBlock = 64;

/// The levels of int4: those with the least squared error for groups of 32 normally distributed weights,
/// found by Lloyd's iteration. Against equal steps that is an error of 7.4 % instead of 8.2 %. Level 8 is 0.
inline constexpr int8_t kLevels[16] = {-127, -99, -79, -63, -48, -36, -23, -11,
                                       0,    12,  24,  36,  49,  64,  82,  105};

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
