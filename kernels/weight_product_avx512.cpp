// Compiled with -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni. Each block of 64 weights is one
// register.

#include "kernels/weight_product_isa.h"

#include <immintrin.h>

namespace facet::kernels {
namespace {

struct Simd {
    using Floats = __m512;
    static constexpr int64_t kLanes = 16;
    static constexpr int kRows = 4;
    static constexpr int kManyRows = 4;  // 4 x 6 sums, 4 weights and an activation: 29 of 32 registers
    static constexpr int kManyTokens = 6;

    static Floats zero() { return _mm512_setzero_ps(); }
    static Floats load(const float* p) { return _mm512_loadu_ps(p); }
    static void store(float* p, Floats value) { _mm512_storeu_ps(p, value); }
    static Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
    static float sum(Floats value) { return _mm512_reduce_add_ps(value); }
    static Floats loadBFloat16(const uint16_t* p)
    {
        const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
    }

    struct Weights {
        __m512i q;  // with the offset that makes them unsigned, as VNNI wants its left operand
        __m512 scale;
    };

    /// The first of two scales in 8 lanes, the second in the others.
    static __m512 loadScales(const uint16_t* scales)
    {
        int32_t both;
        __builtin_memcpy(&both, scales, sizeof both);
        const __m512i shift = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 16, 16, 16, 16, 16, 16, 16, 16);
        const __m512i upper = _mm512_sllv_epi32(_mm512_set1_epi32(both), shift);
        return _mm512_castsi512_ps(_mm512_and_si512(upper, _mm512_set1_epi32(static_cast<int>(0xFFFF0000))));
    }

    static Weights loadInt8(const uint8_t* values, const uint16_t* scales)
    {
        const __m512i q = _mm512_loadu_si512(values);
        return {_mm512_xor_si512(q, _mm512_set1_epi8(static_cast<char>(0x80))), loadScales(scales)};
    }

    static Weights loadInt4(const uint8_t* values, const uint16_t* scales)
    {
        const __m256i packed = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
        const __m512i shift = _mm512_set_epi64(4, 4, 4, 4, 0, 0, 0, 0);
        const __m512i shifted = _mm512_srlv_epi64(_mm512_broadcast_i64x4(packed), shift);
        return {_mm512_and_si512(shifted, _mm512_set1_epi8(15)), loadScales(scales)};
    }

    /// sum + w * x. `kOffset` is the logarithm of what was added to the weights.
    template <int kOffset>
    static Floats add(Floats sum, const Weights& w, const ActivationBlock& x)
    {
        const __m512i start = _mm512_slli_epi32(_mm512_load_si512(x.minusSum), kOffset);
        const __m512i products = _mm512_dpbusd_epi32(start, w.q, _mm512_load_si512(x.q));
        return fma(_mm512_cvtepi32_ps(products), _mm512_mul_ps(w.scale, _mm512_load_ps(x.scale)), sum);
    }
    static Floats addInt8(Floats sum, const Weights& w, const ActivationBlock& x)
    {
        return add<7>(sum, w, x);
    }
    static Floats addInt4(Floats sum, const Weights& w, const ActivationBlock& x)
    {
        return add<3>(sum, w, x);
    }

    static void quantize(ActivationBlock& block, const float* x)
    {
        for (int half = 0; half < 2; ++half) {
            const __m512 a = load(x + 32 * half), b = load(x + 32 * half + 16);
            const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
            const __m512 inverse = _mm512_set1_ps(largest == 0 ? 0 : 127 / largest);
            auto* q = reinterpret_cast<__m128i*>(block.q + 32 * half);
            _mm_store_si128(q, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(a, inverse))));
            _mm_store_si128(q + 1, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(b, inverse))));
            _mm256_store_ps(block.scale + 8 * half, _mm256_set1_ps(largest / 127));
        }
        const __m512i sum =
            _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), _mm512_load_si512(block.q));
        _mm512_store_si512(block.minusSum, _mm512_sub_epi32(_mm512_setzero_si512(), sum));
    }
};

}  // namespace
}  // namespace facet::kernels

#include "kernels/weight_product_simd.h"

namespace facet::kernels {

const ProductFunctions kAvx512Products = {fewBFloat16, fewInt8, fewInt4, manyBFloat16, roundActivations};

}  // namespace facet::kernels
