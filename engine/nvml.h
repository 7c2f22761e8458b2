#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace facet::engine {

/// What the NVIDIA driver says of one GPU.
struct GpuReport {
    std::string name;
    int64_t memoryBytes = 0;
    int capabilityMajor = 0;
    int capabilityMinor = 0;
};

struct DriverReport {
    bool isLoaded = false;        ///< libnvidia-ml.so.1 was found and answers
    std::string problem;          ///< if not: why
    std::string version;          ///< "580.65.06"
    std::vector<GpuReport> gpus;  ///< in PCI bus order
};

/// Asks NVML, opened at run time: Facet neither needs it to build nor to start.
/// Source  https://docs.nvidia.com/deploy/nvml-api
DriverReport askNvidiaDriver();

}  // namespace facet::engine
