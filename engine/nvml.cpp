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
struct Utilization {
    unsigned gpu, memory;  // percent
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

struct GpuWatch::Functions {
    void* library = nullptr;
    Handle gpu = nullptr;
    int (*shutdown)() = nullptr;
    int (*memory)(Handle, Memory*) = nullptr;
    int (*utilization)(Handle, Utilization*) = nullptr;
    int (*power)(Handle, unsigned*) = nullptr;
    int (*temperature)(Handle, int, unsigned*) = nullptr;
};

std::unique_ptr<GpuWatch> GpuWatch::open(const std::string& pciAddress)
{
    void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return nullptr;
    const auto init = symbol<int()>(library, "nvmlInit_v2");
    const auto find = symbol<int(const char*, Handle*)>(library, "nvmlDeviceGetHandleByPciBusId_v2");
    auto functions = std::make_unique<Functions>();
    functions->library = library;
    functions->shutdown = symbol<int()>(library, "nvmlShutdown");
    functions->memory = symbol<int(Handle, Memory*)>(library, "nvmlDeviceGetMemoryInfo");
    functions->utilization = symbol<int(Handle, Utilization*)>(library, "nvmlDeviceGetUtilizationRates");
    functions->power = symbol<int(Handle, unsigned*)>(library, "nvmlDeviceGetPowerUsage");
    functions->temperature = symbol<int(Handle, int, unsigned*)>(library, "nvmlDeviceGetTemperature");
    if (!init || !find || !functions->shutdown || init() != 0) {
        dlclose(library);
        return nullptr;
    }
    std::unique_ptr<GpuWatch> watch(new GpuWatch(std::move(functions)));
    return find(pciAddress.c_str(), &watch->m_functions->gpu) == 0 ? std::move(watch) : nullptr;
}

GpuWatch::GpuWatch(std::unique_ptr<Functions> functions) : m_functions(std::move(functions)) {}

GpuWatch::~GpuWatch()
{
    m_functions->shutdown();
    dlclose(m_functions->library);
}

GpuLoad GpuWatch::now() const
{
    const Functions& ask = *m_functions;
    constexpr int kOfChip = 0;
    GpuLoad load;
    Memory memory = {};
    if (ask.memory && ask.memory(ask.gpu, &memory) == 0)
        load.memoryBytes = static_cast<int64_t>(memory.used);
    Utilization percent = {};
    if (ask.utilization && ask.utilization(ask.gpu, &percent) == 0)
        load.utilization = percent.gpu / 100.0;
    unsigned milliwatts = 0, celsius = 0;
    if (ask.power && ask.power(ask.gpu, &milliwatts) == 0)
        load.watts = milliwatts / 1000.0;
    if (ask.temperature && ask.temperature(ask.gpu, kOfChip, &celsius) == 0)
        load.celsius = celsius;
    return load;
}

}  // namespace facet::engine
