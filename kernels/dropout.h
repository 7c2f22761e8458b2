#pragma once

// Dropout by counters: whether an element is dropped follows from its sample's seed, the layer's stream and
// its place in the sample, so the same elements are dropped on a CPU and on a GPU, in one pass and in many,
// forward and backward, and nothing is kept.
//
// Source  Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; one counter
//         gives four elements.

#include <cstdint>

#ifdef __CUDACC__
#define FACET_HOST_DEVICE __host__ __device__
#else
#define FACET_HOST_DEVICE
#endif

namespace facet::kernels {

struct Drawn {
    uint32_t at[4];
};

/// Philox4x32-10 of a counter (128 bits, its low half first) and a key.
FACET_HOST_DEVICE inline Drawn philox(uint64_t counterLow, uint64_t counterHigh, uint64_t key)
{
    uint32_t c0 = static_cast<uint32_t>(counterLow), c1 = static_cast<uint32_t>(counterLow >> 32);
    uint32_t c2 = static_cast<uint32_t>(counterHigh), c3 = static_cast<uint32_t>(counterHigh >> 32);
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = uint64_t{0xD2511F53U} * c0, b = uint64_t{0xCD9E8D57U} * c2;
        c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
        c1 = static_cast<uint32_t>(b);
        c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
        c3 = static_cast<uint32_t>(a);
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    return {{c0, c1, c2, c3}};
}

/// How much is dropped, and by which draws.
struct Dropout {
    uint32_t threshold = 0;  ///< draws below it drop
    float scale = 1;         ///< what is kept is multiplied by it
    uint64_t stream = 0;     ///< tells layers apart

    Dropout(double share, uint64_t stream_)
        : threshold(static_cast<uint32_t>(share * 4294967296.0)),
          scale(static_cast<float>(1 / (1 - share))),
          stream(stream_)
    {
    }
};

/// Elements [first, first + count) of a sample. Shapes  x and y [count]; they may be one.
void dropout(float* y, const float* x, int64_t first, int64_t count, uint64_t seed,
             const Dropout& how) noexcept;

}  // namespace facet::kernels
