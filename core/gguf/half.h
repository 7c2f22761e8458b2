#pragma once

// 16-bit floats and 32-bit ones: g++ 12 has no such type in C++.

#include <bit>
#include <cstdint>

namespace facet::core {

inline float floatOfHalf(uint16_t half)
{
    const uint32_t sign = uint32_t{half & 0x8000u} << 16;
    const uint32_t exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    if (exponent == 0x1F)  // infinities and NaNs
        return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
    if (exponent == 0) {
        const float value = static_cast<float>(fraction) * 0x1p-24f;  // exact
        return sign ? -value : value;
    }
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

/// Rounded to the nearest, ties to even; what is too large becomes infinite.
inline uint16_t halfOfFloat(float value)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000)
        return sign | 0x7E00;
    if (magnitude >= 0x477FF000)  // 65520 rounds up to infinity
        return sign | 0x7C00;
    if (magnitude < 0x38800000) {  // below 2^-14 halves are multiples of 2^-24, as floats from 0.5 to 1 are
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000u));
    }
    const uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
    return static_cast<uint16_t>(sign | (rounded - 0x38000000u) >> 13);
}

inline float floatOfBFloat16(uint16_t value)
{
    return std::bit_cast<float>(uint32_t{value} << 16);
}

/// Rounded to the nearest, ties to even. NaNs stay NaNs.
inline uint16_t bfloat16OfFloat(float value)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return static_cast<uint16_t>(bits >> 16 | 0x40);
    return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

}  // namespace facet::core
