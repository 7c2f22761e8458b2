#include "kernels/read_memory.h"

namespace facet::kernels {

#if defined(__x86_64__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
uint64_t
readMemory(const uint64_t* words, int64_t count) noexcept
{
    uint64_t sum[64] = {};
    for (int64_t i = 0; i < count; i += 64) {
        for (int64_t line = 0; line < 64; line += 8)
            __builtin_prefetch(words + i + line + 1024);  // 8 KB ahead, as weight_product_simd.h does
        for (int64_t j = 0; j < 64; ++j)
            sum[j] += words[i + j];
    }
    uint64_t total = 0;
    for (const uint64_t part : sum)
        total += part;
    return total;
}

}  // namespace facet::kernels
