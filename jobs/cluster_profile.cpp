#include "jobs/cluster_profile.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/nearest.h"
#include "core/base/text.h"
#include "core/models/library.h"
#include "jobs/slurm/shell_words.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr int64_t kMost = 1'000'000'000;

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

template <typename Limits, typename Visitor>
void visitLimits(Limits& limits, Visitor& visit)
{
    visit("name", limits.name);
    visit("seconds", limits.seconds);
    visit("nodes", limits.nodes);
    visit("gpus_per_node", limits.gpusPerNode);
    visit("cpus_per_node", limits.cpusPerNode);
    visit("memory_mib", limits.memoryMiB);
}

bool areTexts(const json& value)
{
    return std::ranges::all_of(value, [](const json& each) { return each.is_string(); });
}

/// Reads members of an object over their defaults; keeps the first problem.
class Reader {
public:
    Reader(const json& object, std::string where) : m_object(object), m_where(std::move(where)) {}

    void operator()(const char* key, std::string& value)
    {
        if (const json* found = find(key, &json::is_string, "a text"))
            value = found->get<std::string>();
    }
    void operator()(const char* key, bool& value)
    {
        if (const json* found = find(key, &json::is_boolean, "true or false"))
            value = found->get<bool>();
    }
    void operator()(const char* key, int64_t& value)
    {
        constexpr const char* wanted = "a whole number that is not negative";
        if (const json* found = find(key, &json::is_number, wanted)) {
            const double number = found->get<double>();
            if (number < 0 || number > double(kMost) || number != std::floor(number))
                fail(key, *found, wanted);
            else
                value = static_cast<int64_t>(number);
        }
    }
    void operator()(const char* key, LaunchVariant& value)
    {
        constexpr const char* wanted = "pyxis, apptainer or modules";
        if (const json* found = find(key, &json::is_string, wanted)) {
            const auto at = std::ranges::find(kLaunches, found->get<std::string>());
            if (at == kLaunches.end())
                fail(key, *found, wanted);
            else
                value = static_cast<LaunchVariant>(at - kLaunches.begin());
        }
    }
    void operator()(const char* key, std::vector<std::string>& value)
    {
        if (const json* found = find(key, &json::is_array, "a list of texts")) {
            if (areTexts(*found))
                value = found->get<std::vector<std::string>>();
            else
                fail(key, *found, "a list of texts");
        }
    }
    void operator()(const char* key, std::map<std::string, std::string>& value)
    {
        if (const json* found = find(key, &json::is_object, "an object of texts")) {
            if (areTexts(*found))
                value = found->get<std::map<std::string, std::string>>();
            else
                fail(key, *found, "an object of texts");
        }
    }
    void operator()(const char* key, std::vector<PartitionLimits>& value)
    {
        const json* found = find(key, &json::is_array, "a list of partitions");
        if (!found)
            return;
        value.clear();
        for (const json& each : *found) {
            Reader inner(each, m_where + key + ": ");
            if (!each.is_object()) {
                fail(key, each, "a list of objects");
                return;
            }
            visitLimits(value.emplace_back(), inner);
            inner.refuseOthers();
            if (inner.m_error)
                keep(*inner.m_error);
        }
    }

    void refuseOthers()
    {
        for (const auto& [key, value] : m_object.items())
            if (std::ranges::find(m_known, key) == m_known.end())
                keep(refused(m_where + "there is no key " + inQuotes(key) + core::suggestion(key, m_known)));
    }
    const std::optional<Error>& error() const { return m_error; }

private:
    const json* find(const char* key, bool (json::*isRight)() const noexcept, const char* wanted)
    {
        m_known.emplace_back(key);
        const auto found = m_object.find(key);
        if (found == m_object.end())
            return nullptr;
        if (((*found).*isRight)())
            return &*found;
        fail(key, *found, wanted);
        return nullptr;
    }
    void fail(const char* key, const json& value, const char* wanted)
    {
        keep(refused(m_where + key + " is " + core::shown(value) + ", not " + wanted));
    }
    void keep(Error error)
    {
        if (!m_error)
            m_error = std::move(error);
    }

    const json& m_object;
    std::string m_where;
    std::vector<std::string> m_known;
    std::optional<Error> m_error;
};

class Writer {
public:
    ordered_json object = ordered_json::object();

    template <typename Value>
    void operator()(const char* key, const Value& value)
    {
        object[key] = value;
    }
    void operator()(const char* key, const LaunchVariant& value)
    {
        object[key] = kLaunches[static_cast<size_t>(value)];
    }
    void operator()(const char* key, const std::vector<PartitionLimits>& value)
    {
        object[key] = ordered_json::array();
        for (const PartitionLimits& each : value) {
            Writer inner;
            visitLimits(each, inner);
            object[key].push_back(inner.object);
        }
    }
};

/// Looks into every text of a profile.
class Checker {
public:
    template <typename Value>
    void operator()(const char*, const Value&)
    {
    }
    void operator()(const char* key, const std::string& value)
    {
        if (const Result<void> done = checkOneLine(value); !done)
            keep(done.error().during(key));
        else if (looksSecret("", value))
            keep(refused(std::string(key) +
                         " holds what looks like an access token; a profile keeps no secrets"));
    }
    void operator()(const char* key, const std::vector<std::string>& values)
    {
        for (const std::string& value : values)
            (*this)(key, value);
    }
    void operator()(const char* key, const std::map<std::string, std::string>& values)
    {
        for (const auto& [name, value] : values) {
            const std::string where = std::string(key) + "." + name;
            if (!isVariableName(name))
                keep(refused(std::string(key) + " sets " + inQuotes(name) +
                             ", which is no name of a variable: letters, digits and _, no digit first"));
            else if (looksSecret(name, value))
                keep(refused(where + " looks like a secret, which a script would show to others; put " +
                             name +
                             " into pass_environment, and sbatch passes on the value that it has then"));
            else
                (*this)(where.c_str(), value);
        }
    }
    const std::optional<Error>& error() const { return m_error; }

    void keep(Error error)
    {
        if (!m_error)
            m_error = std::move(error);
    }

private:
    std::optional<Error> m_error;
};

std::string inCapitals(std::string_view text)
{
    std::string capitals(text);
    std::ranges::transform(capitals, capitals.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return capitals;
}

}  // namespace

bool looksSecret(std::string_view name, std::string_view value)
{
    const std::string capitals = inCapitals(name);
    // TOKENIZERS_PARALLELISM and its like hold no token.
    const bool hasToken =
        capitals == "TOKEN" || capitals.ends_with("_TOKEN") || capitals.find("_TOKEN_") != std::string::npos;
    const bool hasOther =
        std::ranges::any_of(std::array{"SECRET", "PASSWORD", "PASSWD", "API_KEY", "ACCESS_KEY", "CREDENTIAL"},
                            [&](const char* word) { return capitals.find(word) != std::string::npos; });
    const bool isToken =
        std::ranges::any_of(std::array{"hf_", "sk-", "ghp_", "github_pat_"}, [&](std::string_view start) {
            const size_t at = value.find(start);
            return at != std::string_view::npos &&
                   (at == 0 || !std::isalnum(static_cast<unsigned char>(value[at - 1]))) &&
                   value.size() - at >= 20 &&
                   std::ranges::all_of(value.substr(at + start.size(), 16), [](unsigned char c) {
                       return std::isalnum(c) || c == '_' || c == '-';
                   });
        });
    return isToken || ((hasToken || hasOther) && !value.empty());
}

Result<void> checkProfile(const ClusterProfile& profile)
{
    if (!core::isLibraryName(profile.name))
        return refused("name is " + inQuotes(profile.name) +
                       "; a profile's name has letters, digits, \".\", \"_\" and \"-\", and starts with none "
                       "of the last three");
    Checker checker;
    visitProfile(profile, checker);
    for (const std::string& name : profile.passEnvironment)
        if (!isVariableName(name))
            checker.keep(
                refused("pass_environment has " + inQuotes(name) + ", which is no name of a variable"));
    for (const std::string& flag : profile.extra)
        if (const Result<void> done = checkExtraFlag(flag); !done)
            checker.keep(done.error().during("extra"));
    for (const std::string& mount : profile.mounts)
        if (const auto colons = std::ranges::count(mount, ':');
            colons < 1 || colons > 2 || mount.starts_with(':') ||
            (colons == 2 && !mount.ends_with(":ro") && !mount.ends_with(":rw")) ||
            mount.find(',') != std::string::npos)
            checker.keep(
                refused("mounts has " + inQuotes(mount) +
                        "; a mount is FROM:TO or FROM:TO:ro, and its paths have neither \":\" nor \",\""));
    if (checker.error())
        return *checker.error();
    return {};
}

Result<ClusterProfile> profileFrom(const json& object)
{
    if (!object.is_object())
        return refused("holds " + core::shown(object) + ", not an object");
    json rest = object;
    if (const auto version = rest.find("facet_cluster"); version != rest.end()) {
        if (*version != kClusterProfileVersion)
            return refused("facet_cluster is " + core::shown(*version) + "; this Facet reads version " +
                           std::to_string(kClusterProfileVersion));
        rest.erase(version);
    }
    ClusterProfile profile;
    Reader reader(rest, "");
    visitProfile(profile, reader);
    reader.refuseOthers();
    if (reader.error())
        return *reader.error();
    if (const Result<void> checked = checkProfile(profile); !checked)
        return checked.error();
    return profile;
}

ordered_json toJson(const ClusterProfile& profile)
{
    Writer writer;
    writer.object["facet_cluster"] = kClusterProfileVersion;
    visitProfile(profile, writer);
    return std::move(writer.object);
}

Result<std::vector<std::string>> ClusterProfiles::names() const
{
    std::vector<std::string> names;
    std::error_code problem;
    if (!std::filesystem::exists(m_folder, problem))
        return names;
    for (std::filesystem::directory_iterator entry(m_folder, problem), end; !problem && entry != end;
         entry.increment(problem))
        if (entry->path().extension() == ".json" && core::isLibraryName(entry->path().stem().string()))
            names.push_back(entry->path().stem().string());
    if (problem)
        return Error{ErrorCode::Io,
                     "cannot read the profiles in " + m_folder.string() + ": " + problem.message()};
    std::ranges::sort(names);
    return names;
}

Result<ClusterProfile> ClusterProfiles::read(const std::string& name) const
{
    const Result<std::vector<std::string>> all = names();
    if (!all)
        return all.error();
    if (std::ranges::find(*all, name) == all->end())
        return Error{ErrorCode::NotFound, "there is no cluster profile " + inQuotes(name) + " in " +
                                              m_folder.string() + core::suggestion(name, *all)};
    const Result<json> object = core::readJsonObject(fileOf(name));
    if (!object)
        return object.error();
    Result<ClusterProfile> profile = profileFrom(*object);
    if (!profile)
        return profile.error().during(fileOf(name).string());
    if (profile->name != name)  // a copied file
        return refused(fileOf(name).string() + ": name is " + inQuotes(profile->name) +
                       ", not that of the file");
    return profile;
}

Result<void> ClusterProfiles::write(const ClusterProfile& profile) const
{
    if (const Result<void> checked = checkProfile(profile); !checked)
        return checked;
    std::error_code problem;
    std::filesystem::create_directories(m_folder, problem);
    if (problem)
        return Error{ErrorCode::Io, "cannot make " + m_folder.string() + ": " + problem.message()};
    return core::writeFileAtomically(fileOf(profile.name), toJson(profile).dump(2) + "\n");
}

Result<void> ClusterProfiles::remove(const std::string& name) const
{
    if (!core::isLibraryName(name))
        return refused(inQuotes(name) + " is no name of a profile");
    std::error_code problem;
    std::filesystem::remove(fileOf(name), problem);
    if (problem)
        return Error{ErrorCode::Io, "cannot remove " + fileOf(name).string() + ": " + problem.message()};
    return {};
}

}  // namespace facet::jobs
