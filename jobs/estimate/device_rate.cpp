#include "jobs/estimate/device_rate.h"

#include "core/base/file.h"
#include "core/base/json.h"

#include <nlohmann/json.hpp>

namespace facet::jobs {
namespace {

std::filesystem::path fileIn(const std::filesystem::path& home)
{
    return home / "cache" / "device-rates.json";
}

std::string nameOf(const Gpu& device)
{
    return device.isCpu ? "cpu" : device.name;
}

const char* typeOf(const Gpu& device, Precision precision)
{
    return device.isCpu || precision == Precision::Fp32 ? "fp32" : "bf16";
}

}  // namespace

double rememberedRate(const std::filesystem::path& home, const Gpu& device, Precision precision)
{
    const core::Result<nlohmann::json> rates = core::readJsonObject(fileIn(home));
    if (!rates)
        return 0;
    const nlohmann::json ofDevice = rates->value(nameOf(device), nlohmann::json());
    const auto rate = ofDevice.find(typeOf(device, precision));
    return rate != ofDevice.end() && rate->is_number() ? rate->get<double>() : 0;
}

core::Result<void> rememberRate(const std::filesystem::path& home, const Gpu& device, Precision precision,
                                double flopsPerSecond)
{
    const std::filesystem::path file = fileIn(home);
    const core::Result<nlohmann::json> rates = core::readJsonObject(file);
    nlohmann::json all = rates ? *rates : nlohmann::json::object();  // a damaged file is begun anew
    all[nameOf(device)][typeOf(device, precision)] = flopsPerSecond;
    std::error_code failure;
    std::filesystem::create_directories(file.parent_path(), failure);
    return core::writeFileAtomically(file, all.dump(2) + "\n");
}

}  // namespace facet::jobs
