#include "kernels/dropout.h"

namespace facet::kernels {

void dropout(float* y, const float* x, int64_t first, int64_t count, uint64_t seed,
             const Dropout& how) noexcept
{
    Drawn drawn{};
    for (int64_t i = 0; i < count; ++i) {
        const auto element = static_cast<uint64_t>(first + i);
        if (i == 0 || element % 4 == 0)
            drawn = philox(element / 4, how.stream, seed);
        y[i] = drawn.at[element % 4] < how.threshold ? 0.0F : x[i] * how.scale;
    }
}

}  // namespace facet::kernels
