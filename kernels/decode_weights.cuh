#pragma once

// A warp's part of a product with stored weights: 16 rows by 8 tokens on the tensor cores (m16n8k16). Which
// 16 of the k an instruction takes does not matter as long as weights and tokens agree, so lane c of the four
// that share a row takes 8 neighbours, one load of 16 bytes, where the instruction's own order would make it
// loads of 4.

#include "kernels/gpu_common.cuh"
#include "kernels/quantize.h"

namespace facet::kernels {

constexpr int kStep = 64;  // of the width, in one round of a warp
constexpr int kRows = 16;  // of a warp's tile

/// Rounds whose weights are under way: about as many bytes in each format.
__host__ __device__ constexpr int depthOf(GpuFormat format)
{
    return format == GpuFormat::BFloat16 ? 3 : format == GpuFormat::Int8 ? 4 : 6;
}

struct Sums {
    float at[4] = {};  // row lane / 4 (+ 8 for 2 and 3), token 2 * (lane % 4) (+ 1 for 1 and 3)
};

__device__ inline uint4 loadOnce(const void* address)
{
    uint4 value;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
                 : "l"(address));
    return value;
}

__device__ inline uint2 loadOnce8(const void* address)
{
    uint2 value;
    asm volatile("ld.global.nc.L1::no_allocate.v2.u32 {%0, %1}, [%2];"
                 : "=r"(value.x), "=r"(value.y)
                 : "l"(address));
    return value;
}

__device__ inline uint32_t loadOnce4(const void* address)
{
    uint32_t value;
    asm volatile("ld.global.nc.u32 %0, [%1];" : "=r"(value) : "l"(address));
    return value;
}

__device__ inline void multiply(Sums& sums, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,
                                uint32_t b1)
{
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, "
        "%3};"
        : "+f"(sums.at[0]), "+f"(sums.at[1]), "+f"(sums.at[2]), "+f"(sums.at[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/// Four integers from -128 to 127, plus 128 each, become two pairs of bfloat16, exactly.
__device__ inline uint2 toBf16Pairs(uint32_t bytes)
{
    // A float of 2^23 + n holds n in its lowest bits; small integers need the upper half of a float only.
    constexpr uint32_t kMagic = 0x4B000000U;
    constexpr float kOffset = 8388608.0F + 128.0F;
    const uint32_t f0 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7540)) - kOffset);
    const uint32_t f1 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7541)) - kOffset);
    const uint32_t f2 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7542)) - kOffset);
    const uint32_t f3 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7543)) - kOffset);
    return {__byte_perm(f0, f1, 0x7632), __byte_perm(f2, f3, 0x7632)};
}

/// What one lane reads of rows r and r + 8 in a round, and their product with the tokens' two pieces of 8:
/// those of the first 32 of the width and those of the others.
template <GpuFormat kFormat>
struct Weights;

template <>
struct Weights<GpuFormat::BFloat16> {
    uint4 low[2], high[2];  // of both rows

    __device__ void load(const GpuMatrix& w, int64_t row0, int64_t row1, int step, int c)
    {
        const Bf16* base = static_cast<const Bf16*>(w.values) + step * kStep + c * 8;
        low[0] = loadOnce(base + row0 * w.width);
        low[1] = loadOnce(base + row1 * w.width);
        high[0] = loadOnce(base + row0 * w.width + 32);
        high[1] = loadOnce(base + row1 * w.width + 32);
    }

    __device__ void addTo(Sums& sums, const uint4& x0, const uint4& x1) const
    {
        multiply(sums, low[0].x, low[1].x, low[0].y, low[1].y, x0.x, x0.y);
        multiply(sums, low[0].z, low[1].z, low[0].w, low[1].w, x0.z, x0.w);
        multiply(sums, high[0].x, high[1].x, high[0].y, high[1].y, x1.x, x1.y);
        multiply(sums, high[0].z, high[1].z, high[0].w, high[1].w, x1.z, x1.w);
    }
};

__device__ inline void addScaled(Sums& sums, const Sums& part, float scale0, float scale1)
{
    sums.at[0] += scale0 * part.at[0];
    sums.at[1] += scale0 * part.at[1];
    sums.at[2] += scale1 * part.at[2];
    sums.at[3] += scale1 * part.at[3];
}

/// The product of 8 integers of both rows, given plus 128, by a piece of the tokens.
__device__ inline Sums productOf(uint2 row0, uint2 row1, const uint4& x)
{
    Sums part;
    uint2 a = toBf16Pairs(row0.x), b = toBf16Pairs(row1.x);
    multiply(part, a.x, b.x, a.y, b.y, x.x, x.y);
    a = toBf16Pairs(row0.y), b = toBf16Pairs(row1.y);
    multiply(part, a.x, b.x, a.y, b.y, x.z, x.w);
    return part;
}

__device__ inline float lowerScale(uint32_t pair)
{
    return __uint_as_float(pair << 16);
}

__device__ inline float upperScale(uint32_t pair)
{
    return __uint_as_float(pair & 0xffff0000U);
}

template <>
struct Weights<GpuFormat::Int8> {
    uint2 low[2], high[2];
    uint32_t scales[2];  // of both groups

    __device__ void load(const GpuMatrix& w, int64_t row0, int64_t row1, int step, int c)
    {
        const auto* base = static_cast<const int8_t*>(w.values) + step * kStep + c * 8;
        low[0] = loadOnce8(base + row0 * w.width);
        low[1] = loadOnce8(base + row1 * w.width);
        high[0] = loadOnce8(base + row0 * w.width + 32);
        high[1] = loadOnce8(base + row1 * w.width + 32);
        scales[0] = loadOnce4(w.scales + row0 * (w.width / kGroup) + 2 * step);
        scales[1] = loadOnce4(w.scales + row1 * (w.width / kGroup) + 2 * step);
    }

    __device__ void addTo(Sums& sums, const uint4& x0, const uint4& x1) const
    {
        const auto plus128 = [](uint2 v) { return uint2{v.x ^ 0x80808080U, v.y ^ 0x80808080U}; };
        addScaled(sums, productOf(plus128(low[0]), plus128(low[1]), x0), lowerScale(scales[0]),
                  lowerScale(scales[1]));
        addScaled(sums, productOf(plus128(high[0]), plus128(high[1]), x1), upperScale(scales[0]),
                  upperScale(scales[1]));
    }
};

/// A small integer as a bfloat16, exactly.
__host__ __device__ constexpr uint32_t bf16OfInteger(int value)
{
    if (value == 0)
        return 0;
    const uint32_t magnitude = value < 0 ? -value : value;
    int exponent = 7;
    while ((magnitude >> exponent) == 0)
        --exponent;
    return (value < 0 ? 0x8000U : 0U) | uint32_t(127 + exponent) << 7 |
           ((magnitude << (7 - exponent)) & 0x7fU);
}

/// The lower or upper bytes (`shift` 0 or 8) of four of kLevels as bfloat16, from `first` on.
__host__ __device__ constexpr uint32_t levelBytes(int first, int shift)
{
    uint32_t word = 0;
    for (int i = 0; i < 4; ++i)
        word |= ((bf16OfInteger(kLevels[first + i]) >> shift) & 0xffU) << (8 * i);
    return word;
}

/// Byte `kShift` of four levels: `within8` has their indices' lower three bits in its lower half, `choice`
/// picks from the lower or the upper eight levels by the fourth.
template <int kShift>
__device__ inline uint32_t lookUp(uint32_t within8, uint32_t choice)
{
    const uint32_t lower = __byte_perm(levelBytes(0, kShift), levelBytes(4, kShift), within8);
    const uint32_t upper = __byte_perm(levelBytes(8, kShift), levelBytes(12, kShift), within8);
    return __byte_perm(lower, upper, choice);
}

/// The level of one index.
__device__ inline float levelOf(uint32_t index)
{
    const uint32_t within8 = index & 7U, choice = (index & 8U) >> 1;
    return toFloat(
        static_cast<Bf16>((lookUp<0>(within8, choice) & 0xffU) | (lookUp<8>(within8, choice) & 0xffU) << 8));
}

template <>
struct Weights<GpuFormat::Int4> {
    uint2 both[2];
    uint32_t scales[2];

    __device__ void load(const GpuMatrix& w, int64_t row0, int64_t row1, int step, int c)
    {
        const auto* base = static_cast<const uint8_t*>(w.values) + step * (kStep / 2) + c * 8;
        both[0] = loadOnce8(base + row0 * (w.width / 2));
        both[1] = loadOnce8(base + row1 * (w.width / 2));
        scales[0] = loadOnce4(w.scales + row0 * (w.width / kGroup) + 2 * step);
        scales[1] = loadOnce4(w.scales + row1 * (w.width / kGroup) + 2 * step);
    }

    /// Four bytes hold four weights of either group, in turn: lower half, upper half. To pairs of bfloat16.
    __device__ static void split(uint32_t word, uint32_t (&lower)[2], uint32_t (&upper)[2])
    {
        const uint32_t within8 = word & 0x77777777U, choice = 0x32103210U | ((word & 0x88888888U) >> 1);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const uint32_t low = lookUp<0>(within8 >> (16 * half), choice >> (16 * half)),
                           high = lookUp<8>(within8 >> (16 * half), choice >> (16 * half));
            lower[half] = __byte_perm(low, high, 0x6240);
            upper[half] = __byte_perm(low, high, 0x7351);
        }
    }

    __device__ void addTo(Sums& sums, const uint4& x0, const uint4& x1) const
    {
        uint32_t low[2][4], high[2][4];
#pragma unroll
        for (int row = 0; row < 2; ++row) {
            uint32_t lower[2], upper[2];
            split(both[row].x, lower, upper);
            low[row][0] = lower[0], low[row][1] = lower[1], high[row][0] = upper[0], high[row][1] = upper[1];
            split(both[row].y, lower, upper);
            low[row][2] = lower[0], low[row][3] = lower[1], high[row][2] = upper[0], high[row][3] = upper[1];
        }
        Sums part0, part1;
        multiply(part0, low[0][0], low[1][0], low[0][1], low[1][1], x0.x, x0.y);
        multiply(part1, high[0][0], high[1][0], high[0][1], high[1][1], x1.x, x1.y);
        multiply(part0, low[0][2], low[1][2], low[0][3], low[1][3], x0.z, x0.w);
        multiply(part1, high[0][2], high[1][2], high[0][3], high[1][3], x1.z, x1.w);
        addScaled(sums, part0, lowerScale(scales[0]), lowerScale(scales[1]));
        addScaled(sums, part1, upperScale(scales[0]), upperScale(scales[1]));
    }
};

}  // namespace facet::kernels
