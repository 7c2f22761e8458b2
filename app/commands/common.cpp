#include "app/commands/common.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace facet::app {
namespace {

/// A number with its largest fitting unit; three digits at most.
std::string withUnit(double value, const std::array<const char*, 5>& units)
{
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    char text[64];
    const int decimals = unit == 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
    std::snprintf(text, sizeof text, "%.*f%s", decimals, value, units[unit]);
    return text;
}

}  // namespace

int failed(const core::Error& error)
{
    std::cout.flush();
    std::cerr << "facet-engine: " << error.message << '\n';
    return error.code == core::ErrorCode::InvalidInput ? 2 : 1;
}

std::filesystem::path resourcesFolder()
{
    if (const char* set = std::getenv("FACET_RESOURCES"); set && *set)
        return set;
    std::error_code ignored;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    const std::filesystem::path installed = program.parent_path().parent_path() / "share/facet";
    return std::filesystem::exists(installed, ignored) ? installed : std::filesystem::path(FACET_RESOURCES);
}

core::Result<core::ResolvedModel> findModel(const std::string& argument)
{
    return core::resolveModel(argument, builtInModels());
}

std::vector<core::BuiltInModel> builtInModels()
{
    return {{"demo", resourcesFolder() / "demo-model"}};
}

void printJson(const nlohmann::ordered_json& json)
{
    std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

void showPercent(const char* doing, int64_t done, int64_t all)
{
    static const bool isTerminal = ::isatty(STDERR_FILENO) == 1;
    // A program that starts this one and shows how far it is sets that; a line for each per cent is enough.
    static const bool isWatched = !isTerminal && std::getenv("FACET_PROGRESS");
    if (isWatched && all > 0) {
        static std::string last;
        const std::string line = std::string(doing) + " " + std::to_string(100 * done / all) + " %";
        if (line != last)
            std::cerr << (last = line) << std::endl;
    }
    if (isTerminal && all > 0)
        std::cerr << '\r' << (done < all ? doing + (" " + std::to_string(100 * done / all)) + " %" : "")
                  << "\x1b[K" << std::flush;
}

std::string inThousands(double count)
{
    return withUnit(count, {"", " k", " M", " B", " T"});
}

std::string inBytes(double bytes)
{
    return withUnit(bytes, {" B", " kB", " MB", " GB", " TB"});
}

}  // namespace facet::app
