#pragma once

// The places a model can run on, and why a GPU cannot be used.

#include "core/base/result.h"

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace facet::engine {

class GpuWatch;

struct DeviceInfo {
    std::string id;           ///< "cpu", "cuda:0"
    std::string name;         ///< "NVIDIA H100 80GB HBM3"; of a CPU its model and number of cores
    int64_t memoryBytes = 0;  ///< of a CPU the machine's
    std::string capability;   ///< CUDA compute capability, "9.0"; empty for a CPU
    std::string driver;       ///< NVIDIA driver, "580.65.06"; empty for a CPU
    std::string problem;      ///< why it cannot be used, a sentence; empty if it can
};

/// The CPU first, then each NVIDIA GPU of the machine, usable or not.
///
/// Cost    starts the NVIDIA driver: up to a second.
std::vector<DeviceInfo> listDevices();

/// The device that `wish` means: "auto" (the first usable GPU, else the CPU), "cpu", "cuda", "cuda:1".
///
/// Errors  InvalidInput for another word; Unavailable with the reason for a GPU that cannot be used.
core::Result<at::Device> chooseDevice(std::string_view wish, const std::vector<DeviceInfo>& devices);

/// Bytes that are free on a device now: of a CPU what the machine or this process's cgroup still has.
///
/// Errors  throws c10::Error if the GPU does not answer.
int64_t freeMemory(at::Device device);

/// The driver's view of a GPU while it works (nvml.h); nothing for a CPU, or if the driver tells nothing.
std::unique_ptr<GpuWatch> watchOf(at::Device device);

}  // namespace facet::engine
