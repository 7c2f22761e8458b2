#include "engine/train/stopwatch.h"

#if FACET_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

#include <sys/resource.h>

namespace facet::engine {

int64_t peakMemory(c10::Device device)
{
#if FACET_CUDA
    if (device.is_cuda())
        return c10::cuda::CUDACachingAllocator::getDeviceStats(device.index())
            .allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)]
            .peak;
#endif
    struct rusage usage = {};
    return ::getrusage(RUSAGE_SELF, &usage) == 0 ? int64_t{usage.ru_maxrss} * 1024 : 0;
}

}  // namespace facet::engine
