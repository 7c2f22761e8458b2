#include "engine/parallel_for.h"

#include <ATen/Parallel.h>

#ifndef _OPENMP
#error "without -fopenmp all of the engine's own work would run on one thread"
#endif

namespace facet::engine {

void parallelFor(int64_t count, int64_t grain, c10::function_ref<void(int64_t begin, int64_t end)> body)
{
    at::parallel_for(0, count, grain, body);
}

}  // namespace facet::engine
