#include "engine/nvml.h"

#include <dlfcn.h>

namespace facet::engine {
namespace {

// The few declarations of nvml.h that are needed. Its interface is stable: functions get a new suffix when
// they change.
using Handle = struct nvmlDevice_st*;
struct Memory {
    unsigned long long total, free, used;
};
constexpr unsigned kNameBytes = 96;

template <typename Function>
Function* symbol(void* library, const char* name)
{
    return reinterpret_cast<Function*>(dlsym(library, name));
}

}  // namespace

DriverReport askNvidiaDriver()
{
    DriverReport report;
    void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        report.problem = "no NVIDIA driver is installed (libnvidia-ml.so.1 is not found)";
        return report;
    }
    const auto init = symbol<int()>(library, "nvmlInit_v2");
    const auto shutdown = symbol<int()>(library, "nvmlShutdown");
    const auto errorString = symbol<const char*(int)>(library, "nvmlErrorString");
    const auto driverVersion = symbol<int(char*, unsigned)>(library, "nvmlSystemGetDriverVersion");
    const auto count = symbol<int(unsigned*)>(library, "nvmlDeviceGetCount_v2");
    const auto handleAt = symbol<int(unsigned, Handle*)>(library, "nvmlDeviceGetHandleByIndex_v2");
    const auto nameOf = symbol<int(Handle, char*, unsigned)>(library, "nvmlDeviceGetName");
    const auto memoryOf = symbol<int(Handle, Memory*)>(library, "nvmlDeviceGetMemoryInfo");
    const auto capabilityOf = symbol<int(Handle, int*, int*)>(library, "nvmlDeviceGetCudaComputeCapability");
    if (!init || !shutdown || !errorString || !driverVersion || !count || !handleAt || !nameOf || !memoryOf ||
        !capabilityOf) {
        report.problem = "the NVIDIA driver is too old (its libnvidia-ml.so.1 lacks functions)";
        dlclose(library);
        return report;
    }
    if (const int code = init(); code != 0) {
        report.problem = std::string("the NVIDIA driver does not answer: ") + errorString(code);
        dlclose(library);
        return report;
    }

    report.isLoaded = true;
    char text[kNameBytes] = {};
    if (driverVersion(text, kNameBytes) == 0)
        report.version = text;
    unsigned numGpus = 0;
    count(&numGpus);
    for (unsigned i = 0; i < numGpus; ++i) {
        Handle handle = nullptr;
        if (handleAt(i, &handle) != 0)
            continue;
        GpuReport gpu;
        Memory memory = {};
        if (nameOf(handle, text, kNameBytes) == 0)
            gpu.name = text;
        if (memoryOf(handle, &memory) == 0)
            gpu.memoryBytes = static_cast<int64_t>(memory.total);
        capabilityOf(handle, &gpu.capabilityMajor, &gpu.capabilityMinor);
        report.gpus.push_back(gpu);
    }
    shutdown();
    dlclose(library);
    return report;
}

}  // namespace facet::engine
