#include "jobs/slurm/amounts.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

namespace facet::jobs {
namespace {

std::optional<int64_t> number(std::string_view text)
{
    int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value < 0 || value > 1'000'000'000)
        return std::nullopt;
    return value;
}

}  // namespace

std::optional<int64_t> slurmSeconds(std::string_view time)
{
    if (time == "UNLIMITED" || time == "unlimited" || time == "INFINITE" || time == "infinite")
        return 0;
    int64_t days = 0;
    const size_t dash = time.find('-');
    const bool hasDays = dash != std::string_view::npos;
    if (hasDays) {
        const std::optional<int64_t> before = number(time.substr(0, dash));
        if (!before)
            return std::nullopt;
        days = *before;
        time.remove_prefix(dash + 1);
    }
    std::vector<int64_t> parts;
    while (true) {
        const size_t colon = time.find(':');
        const std::optional<int64_t> part = number(time.substr(0, colon));
        if (!part || parts.size() == 3)
            return std::nullopt;
        parts.push_back(*part);
        if (colon == std::string_view::npos)
            break;
        time.remove_prefix(colon + 1);
    }
    // After days the first number is hours; without, one or two numbers are minutes and seconds.
    if (!hasDays && parts.size() < 3)
        parts.insert(parts.begin(), 0);
    parts.resize(3);
    return ((days * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2];
}

std::string slurmTime(int64_t seconds)
{
    std::array<char, 64> text = {};
    const int64_t days = seconds / 86400;
    std::snprintf(text.data(), text.size(), days > 0 ? "%lld-%02d:%02d:%02d" : "%.0lld%02d:%02d:%02d",
                  static_cast<long long>(days), static_cast<int>(seconds / 3600 % 24),
                  static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
    return text.data();
}

std::string timeInWords(int64_t seconds)
{
    const auto part = [](int64_t count, const char* unit) { return std::to_string(count) + unit; };
    const int64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    if (days > 0)
        return part(days, days == 1 ? " day" : " days") + (hours > 0 ? " " + part(hours, " h") : "");
    if (hours > 0)
        return part(hours, " h") + (minutes > 0 ? " " + part(minutes, " min") : "");
    return minutes > 0 && seconds % 60 == 0 ? part(minutes, " min") : part(seconds, " s");
}

std::optional<int64_t> slurmMiB(std::string_view memory)
{
    int64_t kib = 1024;
    if (!memory.empty()) {
        const std::string_view units = "KMGT";
        const size_t at = units.find(static_cast<char>(memory.back() & ~0x20));
        if (at != std::string_view::npos && (memory.back() | 0x20) >= 'a') {
            kib = int64_t{1} << (10 * at);
            memory.remove_suffix(1);
        }
    }
    const std::optional<int64_t> amount = number(memory);
    if (!amount)
        return std::nullopt;
    return *amount * kib / 1024;
}

}  // namespace facet::jobs
