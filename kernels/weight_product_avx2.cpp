// Compiled with -mavx2 -mfma. Each block of 64 weights is two registers, one for each scale.

#include "kernels/weight_product_isa.h"

#include <immintrin.h>

namespace facet::kernels {
namespace {

struct Simd {
    using Floats = __m256;
    static constexpr int64_t kLanes = 8;
    static constexpr int kRows = 2;
    static constexpr int kManyRows = 3;  // 3 x 4 sums, 3 weights and an activation: all 16 registers
    static constexpr int kManyTokens = 4;

    static Floats zero() { return _mm256_setzero_ps(); }
    static Floats load(const float* p) { return _mm256_loadu_ps(p); }
    static void store(float* p, Floats value) { _mm256_storeu_ps(p, value); }
    static Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
    static float sum(Floats value)
    {
        __m128 half = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
        half = _mm_add_ps(half, _mm_movehl_ps(half, half));
        return _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps(half, half, 1)));
    }
    static Floats loadBFloat16(const uint16_t* p)
    {
        const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
    }
    static __m256i loadBytes(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }

    struct Weights {
        __m256i q[2];
        __m256 scale[2];
    };

    static Weights loadInt8(const uint8_t* values, const uint16_t* scales)
    {
        return {{loadBytes(values), loadBytes(values + 32)},
                {_mm256_set1_ps(fromBfloat16(scales[0])), _mm256_set1_ps(fromBfloat16(scales[1]))}};
    }

    static Weights loadInt4(const uint8_t* values, const uint16_t* scales)
    {
        const __m256i packed = loadBytes(values), mask = _mm256_set1_epi8(15);
        return {{_mm256_and_si256(packed, mask), _mm256_and_si256(_mm256_srli_epi16(packed, 4), mask)},
                {_mm256_set1_ps(fromBfloat16(scales[0])), _mm256_set1_ps(fromBfloat16(scales[1]))}};
    }

    /// Products of unsigned and signed bytes, summed by four. Limits: two of them fit into 16 bits.
    static __m256i multiply(__m256i unsignedBytes, __m256i signedBytes)
    {
        return _mm256_madd_epi16(_mm256_maddubs_epi16(unsignedBytes, signedBytes), _mm256_set1_epi16(1));
    }

    static Floats addScaled(Floats sum, __m256i products, __m256 scale, const float* x)
    {
        return fma(_mm256_cvtepi32_ps(products), _mm256_mul_ps(scale, load(x)), sum);
    }

    static Floats addInt8(Floats sum, const Weights& w, const ActivationBlock& x)
    {
        for (int half = 0; half < 2; ++half) {
            // The sign moves from the weight to the activation; -128 does not occur, so nothing overflows.
            const __m256i q = loadBytes(x.q + 32 * half);
            const __m256i products =
                multiply(_mm256_sign_epi8(w.q[half], w.q[half]), _mm256_sign_epi8(q, w.q[half]));
            sum = addScaled(sum, products, w.scale[half], x.scale + 8 * half);
        }
        return sum;
    }

    static Floats addInt4(Floats sum, const Weights& w, const ActivationBlock& x)
    {
        for (int half = 0; half < 2; ++half) {
            const __m256i start = _mm256_slli_epi32(loadBytes(x.minusSum + 8 * half), 3);
            const __m256i products = multiply(w.q[half], loadBytes(x.q + 32 * half));
            sum = addScaled(sum, _mm256_add_epi32(start, products), w.scale[half], x.scale + 8 * half);
        }
        return sum;
    }

    static void quantize(ActivationBlock& block, const float* x)
    {
        for (int half = 0; half < 2; ++half) {
            const float* from = x + 32 * half;
            __m256 most = _mm256_setzero_ps();
            for (int i = 0; i < 32; i += 8)
                most = _mm256_max_ps(most, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), load(from + i)));
            alignas(32) float lanes[8];
            store(lanes, most);
            float largest = 0;
            for (const float lane : lanes)
                largest = lane > largest ? lane : largest;
            const __m256 inverse = _mm256_set1_ps(largest == 0 ? 0 : 127 / largest);
            __m256i q[4];
            for (int i = 0; i < 4; ++i)
                q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(load(from + 8 * i), inverse));
            // Packing works within halves of a register; the last step puts its 4-byte pieces in order.
            const __m256i packed =
                _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
            const __m256i bytes =
                _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
            _mm256_store_si256(reinterpret_cast<__m256i*>(block.q + 32 * half), bytes);
            store(block.scale + 8 * half, _mm256_set1_ps(largest / 127));
            const __m256i sum = multiply(_mm256_set1_epi8(1), bytes);
            _mm256_store_si256(reinterpret_cast<__m256i*>(block.minusSum + 8 * half),
                               _mm256_sub_epi32(_mm256_setzero_si256(), sum));
        }
    }
};

}  // namespace
}  // namespace facet::kernels

#include "kernels/weight_product_simd.h"

namespace facet::kernels {

const ProductFunctions kAvx2Products = {fewBFloat16, fewInt8, fewInt4, manyBFloat16, roundActivations};

}  // namespace facet::kernels
