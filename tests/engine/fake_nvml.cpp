// A driver's libnvidia-ml.so.1 with one GPU, at 0000:17:00.0, in the units of NVML's documentation
// (https://docs.nvidia.com/deploy/nvml-api): percent, bytes, milliwatts, degrees.

#include <cstring>

extern "C" {

constexpr int kSuccess = 0, kNotFound = 6;
static int gpu;

int nvmlInit_v2()
{
    return kSuccess;
}
int nvmlShutdown()
{
    return kSuccess;
}
const char* nvmlErrorString(int)
{
    return "an error";
}

int nvmlSystemGetDriverVersion(char* text, unsigned size)
{
    std::strncpy(text, "580.65.06", size);
    return kSuccess;
}

int nvmlDeviceGetCount_v2(unsigned* count)
{
    *count = 1;
    return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned, void** handle)
{
    *handle = &gpu;
    return kSuccess;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** handle)
{
    *handle = &gpu;
    return std::strcmp(address, "0000:17:00.0") == 0 ? kSuccess : kNotFound;
}

int nvmlDeviceGetName(void*, char* text, unsigned size)
{
    std::strncpy(text, "NVIDIA Test 9000", size);
    return kSuccess;
}

int nvmlDeviceGetMemoryInfo(void*, unsigned long long* totalFreeUsed)
{
    totalFreeUsed[0] = 24'000'000'000;
    totalFreeUsed[1] = 18'000'000'000;
    totalFreeUsed[2] = 6'000'000'000;
    return kSuccess;
}

int nvmlDeviceGetCudaComputeCapability(void*, int* major, int* minor)
{
    *major = 8;
    *minor = 9;
    return kSuccess;
}

int nvmlDeviceGetUtilizationRates(void*, unsigned* gpuMemory)
{
    gpuMemory[0] = 87;
    gpuMemory[1] = 40;
    return kSuccess;
}

int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts)
{
    *milliwatts = 412'500;
    return kSuccess;
}

int nvmlDeviceGetTemperature(void*, int, unsigned*)
{
    return kNotFound;
}  // some cards do not tell

}  // extern "C"
