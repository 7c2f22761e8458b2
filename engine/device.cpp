#include "engine/device.h"

#include "core/base/memory.h"
#include "engine/nvml.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>

#if FACET_CUDA
#include <cuda_runtime_api.h>
#endif

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <thread>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;

constexpr int kLeastDriver = 580;    // the first that runs CUDA 13
constexpr int kLeastCapability = 8;  // Ampere: bf16 in hardware

std::string cpuName()
{
    std::ifstream info("/proc/cpuinfo");
    std::string name = "CPU";
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name")) {
            name = line.substr(line.find(':') + 2);
            break;
        }
    return name + ", " + std::to_string(std::thread::hardware_concurrency()) + " threads";
}

int64_t machineMemory()
{
    return int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
}

std::string firstLine(const std::filesystem::path& path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

/// NVIDIA graphics cards on the PCI bus: they are there even when no driver is.
int numCardsOnBus()
{
    int count = 0;
    std::error_code ignored;
    for (const auto& device : std::filesystem::directory_iterator("/sys/bus/pci/devices", ignored))
        count += firstLine(device.path() / "vendor") == "0x10de" &&
                 firstLine(device.path() / "class").starts_with("0x03");
    return count;
}

/// Why a GPU that the driver knows cannot be used; "" if it can.
std::string problemOf(const GpuReport& gpu, const std::string& driver, int index)
{
    if (!FACET_CUDA)
        return "this LibTorch was built without CUDA: unset FACET_TORCH and run ./dev setup";
    if (gpu.capabilityMajor < kLeastCapability)
        return "compute capability " + std::to_string(gpu.capabilityMajor) + "." +
               std::to_string(gpu.capabilityMinor) + " is too old: 8.0 or newer";
    if (int major = 0;
        std::from_chars(driver.data(), driver.data() + driver.size(), major).ec == std::errc() &&
        major < kLeastDriver)
        return "driver " + driver + " is too old for CUDA 13: " + std::to_string(kLeastDriver) + " or newer";
    if (index >= at::detail::getCUDAHooks().deviceCount())
        return "CUDA does not offer it: look at CUDA_VISIBLE_DEVICES and at the driver's log (dmesg)";
    return "";
}

}  // namespace

std::vector<DeviceInfo> listDevices()
{
    std::vector<DeviceInfo> devices = {{"cpu", cpuName(), machineMemory(), "", "", ""}};
    const DriverReport driver = askNvidiaDriver();
    for (size_t i = 0; i < driver.gpus.size(); ++i) {
        const GpuReport& gpu = driver.gpus[i];
        devices.push_back({"cuda:" + std::to_string(i), gpu.name, gpu.memoryBytes,
                           std::to_string(gpu.capabilityMajor) + "." + std::to_string(gpu.capabilityMinor),
                           driver.version, problemOf(gpu, driver.version, static_cast<int>(i))});
    }
    if (!driver.isLoaded)
        for (int i = 0; i < numCardsOnBus(); ++i)
            devices.push_back({"cuda:" + std::to_string(i), "NVIDIA card", 0, "", "", driver.problem});
    return devices;
}

core::Result<at::Device> chooseDevice(std::string_view wish, const std::vector<DeviceInfo>& devices)
{
    if (wish == "cpu")
        return at::Device(at::kCPU);
    const bool isAuto = wish == "auto";
    if (!isAuto && wish != "cuda" && !wish.starts_with("cuda:"))
        return Error{ErrorCode::InvalidInput,
                     "device \"" + std::string(wish) + "\" is none of auto, cpu, cuda, cuda:0, cuda:1, ..."};

    std::string problem = "this machine has no NVIDIA GPU";
    for (const DeviceInfo& device : devices) {
        if (device.id == "cpu")
            continue;
        if (wish.starts_with("cuda:") && device.id != wish) {
            problem = "there is no " + std::string(wish) + " (facet-engine devices lists what there is)";
            continue;
        }
        if (device.problem.empty())
            return at::Device(device.id);
        problem = device.id + " (" + device.name + ") cannot be used: " + device.problem;
        if (device.id == wish)
            break;
    }
    if (isAuto)
        return at::Device(at::kCPU);
    return Error{ErrorCode::Unavailable, problem};
}

int64_t freeMemory(at::Device device)
{
    if (device.is_cpu())
        return core::availableMemory();
    at::globalContext().lazyInitDevice(device.type());
    const c10::DeviceIndex index = device.has_index() ? device.index() : c10::DeviceIndex{0};
    return static_cast<int64_t>(c10::getDeviceAllocator(device.type())->getMemoryInfo(index).first);
}

std::unique_ptr<GpuWatch> watchOf(at::Device device)
{
#if FACET_CUDA
    char address[32] = {};
    if (device.is_cuda() && cudaDeviceGetPCIBusId(address, sizeof(address),
                                                  device.has_index() ? device.index() : 0) == cudaSuccess)
        return GpuWatch::open(address);
#else
    static_cast<void>(device);
#endif
    return nullptr;
}

}  // namespace facet::engine
