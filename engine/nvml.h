#pragma once

#include <cstdint>
#include <memory>
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

/// What one GPU does at this moment; parts that the driver does not tell are 0.
struct GpuLoad {
    double utilization = 0;  ///< of the last second or so, 0 to 1
    int64_t memoryBytes = 0;
    double watts = 0;
    double celsius = 0;
};

/// Asks the driver about one GPU again and again; keeps NVML open meanwhile.
class GpuWatch {
public:
    /// `pciAddress` as "0000:17:00.0": CUDA's numbers of GPUs are not NVML's. Nothing if there is no driver
    /// or no such GPU.
    static std::unique_ptr<GpuWatch> open(const std::string& pciAddress);
    ~GpuWatch();

    GpuLoad now() const;

private:
    struct Functions;
    explicit GpuWatch(std::unique_ptr<Functions> functions);
    std::unique_ptr<Functions> m_functions;
};

}  // namespace facet::engine
