#include "jobs/sweep.h"

#include "core/base/json.h"
#include "core/base/text.h"
#include "jobs/job/job_settings.h"

#include <algorithm>
#include <map>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;

constexpr size_t kLongestValue = 24;
constexpr size_t kLongestName = 100;

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

/// What a value leaves in the name of a folder.
std::string inName(const nlohmann::json& value)
{
    std::string name;
    for (const char c : sweepText(value)) {
        const bool isPlain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             c == '.' || c == '-' || c == '+' || c == '_';
        if (isPlain)
            name += c;
        else if (!name.empty() && name.back() != '_')
            name += '_';
    }
    name.resize(std::min(name.size(), kLongestValue));
    return name;
}

}  // namespace

Result<Sweep> sweepFrom(std::string_view text)
{
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return refused(inQuotes(text) + " is no sweep such as lora.rank=8,16");
    Sweep sweep = {std::string(text.substr(0, equals)), {}};
    const std::string values(text.substr(equals + 1));
    const Result<nlohmann::json> list = core::parseJson("[" + values + "]");
    if (list) {
        sweep.values = list->get<std::vector<nlohmann::json>>();
        return sweep;
    }
    for (size_t begin = 0; begin <= values.size();) {
        const size_t end = std::min(values.find(',', begin), values.size());
        size_t first = begin, last = end;
        while (first < last && values[first] == ' ')
            ++first;
        while (last > first && values[last - 1] == ' ')
            --last;
        sweep.values.emplace_back(values.substr(first, last - first));
        begin = end + 1;
    }
    return sweep;
}

Result<std::vector<SweepPoint>> sweepPoints(const std::vector<Sweep>& sweeps)
{
    std::vector<SweepPoint> points = {{}};
    for (const Sweep& sweep : sweeps) {
        const std::string& key = sweep.key;
        if (std::ranges::find(jobKeys(), key) == jobKeys().end() || key == "name" || key == "dir")
            return refused("the sweep goes over " + inQuotes(key) +
                           ", which is no key of a job that runs can differ in");
        if (std::ranges::count(sweeps, key, &Sweep::key) > 1)
            return refused("the sweep goes over " + key + " twice");
        if (sweep.values.empty())
            return refused("the sweep has no values for " + key);
        std::vector<SweepPoint> longer;
        for (const SweepPoint& shorter : points)
            for (const nlohmann::json& value : sweep.values) {
                longer.push_back(shorter);
                longer.back().values.push_back(value);
                longer.back().overrides.push_back(key + "=" + sweepText(value));
                if (longer.size() > kMostSweepPoints)
                    return refused("the sweep has more than " + std::to_string(kMostSweepPoints) + " runs");
            }
        points = std::move(longer);
    }
    return points;
}

std::vector<std::string> sweepNames(const std::string& name, const std::vector<Sweep>& sweeps,
                                    const std::vector<SweepPoint>& points)
{
    std::vector<std::string> names;
    std::map<std::string, int> uses;
    for (const SweepPoint& point : points) {
        std::string each = name;
        for (size_t i = 0; i < sweeps.size(); ++i)
            each += "-" + sweeps[i].key.substr(sweeps[i].key.rfind('.') + 1) + inName(point.values[i]);
        ++uses[each];
        names.push_back(std::move(each));
    }
    for (size_t i = 0; i < names.size(); ++i)
        if (names[i].size() > kLongestName || uses[names[i]] > 1)
            names[i] = name + "-" + std::to_string(i);
    return names;
}

std::string sweepText(const nlohmann::json& value)
{
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace facet::jobs
