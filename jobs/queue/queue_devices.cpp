#include "jobs/queue/queue_devices.h"

#include "core/base/text.h"
#include "jobs/queue/run_queue.h"

#include <algorithm>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;

constexpr std::string_view kGpu = "cuda:";

std::vector<std::string> usableGpus(const std::vector<KnownDevice>& known)
{
    std::vector<std::string> gpus;
    for (const KnownDevice& each : known)
        if (each.id.starts_with(kGpu) && each.problem.empty())
            gpus.push_back(each.id);
    return gpus;
}

std::string ofAll(const std::vector<KnownDevice>& known)
{
    std::string ids;
    for (const KnownDevice& each : known)
        ids += (ids.empty() ? "" : ", ") + each.id;
    return ids;
}

Result<void> checkUsable(const std::string& id, const std::vector<KnownDevice>& known)
{
    const auto found = std::ranges::find(known, id, &KnownDevice::id);
    if (found == known.end())
        return Error{ErrorCode::Unavailable, "there is no " + id + " here; there is " + ofAll(known)};
    if (!found->problem.empty())
        return Error{ErrorCode::Unavailable, id + " cannot be used: " + found->problem};
    return {};
}

}  // namespace

Result<std::vector<std::string>> queueDevices(std::string_view wish, const std::vector<KnownDevice>& known)
{
    if (wish == "auto" || wish == "cuda") {
        const std::vector<std::string> gpus = usableGpus(known);
        if (!gpus.empty())
            return gpus;
        if (wish == "auto")
            return std::vector<std::string>{"cpu"};
        return Error{ErrorCode::Unavailable,
                     "there is no GPU here that can be used; there is " + ofAll(known)};
    }
    std::vector<std::string> devices;
    for (size_t begin = 0; begin <= wish.size();) {
        const size_t end = std::min(wish.find(',', begin), wish.size());
        std::string device(wish.substr(begin, end - begin));
        if (!device.empty() && std::ranges::all_of(device, [](char c) { return c >= '0' && c <= '9'; }))
            device.insert(0, kGpu);
        if (!isQueueDevice(device))
            return Error{ErrorCode::InvalidInput, "device " + inQuotes(device) +
                                                      " is none of auto, cuda, cpu, cuda:0, cuda:1, ...; "
                                                      "several GPUs are written cuda:0,cuda:2 or 0,2"};
        if (std::ranges::find(devices, device) != devices.end())
            return Error{ErrorCode::InvalidInput,
                         "device " + inQuotes(std::string(wish)) + " has " + device + " twice"};
        if (const Result<void> usable = checkUsable(device, known); !usable)
            return usable.error();
        devices.push_back(std::move(device));
        begin = end + 1;
    }
    if (devices.size() > 1 && std::ranges::find(devices, "cpu") != devices.end())
        return Error{ErrorCode::InvalidInput,
                     "device " + inQuotes(std::string(wish)) +
                         " has the CPU beside GPUs, and a run would differ by where it lands: take one kind"};
    return devices;
}

std::string devicesInWords(const std::vector<std::string>& devices)
{
    std::string gpus;
    for (const std::string& each : devices)
        if (each.starts_with(kGpu))
            gpus += (gpus.empty() ? "" : ", ") + each.substr(kGpu.size());
    const bool hasCpu = std::ranges::find(devices, "cpu") != devices.end();
    const std::string words = gpus.empty() ? "CPU" : "GPU " + gpus + (hasCpu ? ", CPU" : "");
    return devices.size() > 1 ? "any of " + words : words;
}

}  // namespace facet::jobs
