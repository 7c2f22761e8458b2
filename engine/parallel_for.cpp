#include "engine/parallel_for.h"

#include <ATen/Parallel.h>

#include <algorithm>

#ifndef _OPENMP
#error "without -fopenmp all of the engine's own work would run on one thread"
#endif

namespace facet::engine {

void parallelFor(int64_t count, int64_t grain, c10::function_ref<void(int64_t begin, int64_t end)> body)
{
    at::parallel_for(0, count, grain, body);
}

void parallelForEach(int64_t count, int64_t numThreads, c10::function_ref<void(int64_t index)> body)
{
    const auto team = static_cast<int>(std::clamp<int64_t>(numThreads, 1, std::max<int64_t>(1, count)));
#pragma omp parallel for num_threads(team) schedule(dynamic, 1)
    for (int64_t index = 0; index < count; ++index)
        body(index);
}

}  // namespace facet::engine
