#include "core/base/memory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace facet::core {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

/// The number in a file of a cgroup; "max", or no such file, is kUnlimited.
int64_t numberIn(const std::filesystem::path& path)
{
    std::ifstream file(path);
    int64_t number = 0;
    return file >> number ? number : kUnlimited;
}

/// The value of `key` in memory.stat.
int64_t statOf(const std::filesystem::path& group, const std::string& key)
{
    std::ifstream file(group / "memory.stat");
    std::string name;
    for (int64_t value = 0; file >> name >> value;)
        if (name == key)
            return value;
    return 0;
}

/// What the cgroup (version 2) of this process and those around it still allow.
int64_t leftInCgroups()
{
    std::ifstream file("/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line) && !line.starts_with("0::")) {
    }
    if (!line.starts_with("0::/"))
        return kUnlimited;
    const std::filesystem::path root = "/sys/fs/cgroup";
    int64_t left = kUnlimited;
    for (std::filesystem::path group = root / line.substr(4); group != root && group.has_relative_path();
         group = group.parent_path()) {
        const int64_t limit = numberIn(group / "memory.max"), used = numberIn(group / "memory.current");
        // Pages of files count as used and are given back when needed.
        if (limit != kUnlimited && used != kUnlimited)
            left = std::min(left, limit - used + statOf(group, "inactive_file"));
    }
    return left;
}

}  // namespace

int64_t availableMemory()
{
    std::ifstream file("/proc/meminfo");
    std::string name, unit;
    int64_t available = kUnlimited;
    for (int64_t kilobytes = 0; file >> name >> kilobytes; std::getline(file, unit))
        if (name == "MemAvailable:")
            available = kilobytes * 1024;
    return std::min(available, leftInCgroups());
}

}  // namespace facet::core
