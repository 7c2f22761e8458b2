#include "jobs/slurm/nemo_executor.h"

#include "core/base/json.h"
#include "jobs/slurm/shell_words.h"

#include <algorithm>
#include <set>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using nlohmann::json;

/// A member as the text that sbatch would get: NeMo-Run takes numbers and texts alike.
std::string asText(const json& value)
{
    return value.is_string() ? value.get<std::string>() : value.dump();
}

class Importer {
public:
    Importer(const json& executor, ImportedProfile& imported) : m_executor(executor), m_imported(imported) {}

    void text(const char* key, std::string& into)
    {
        if (const json* value = find(key)) {
            if (value->is_string() || value->is_number())
                into = asText(*value);
            else
                fail(key, *value, "a text");
        }
    }
    void number(const char* key, int64_t& into)
    {
        if (const json* value = find(key)) {
            if (value->is_number_unsigned())
                into = value->get<int64_t>();
            else
                fail(key, *value, "a whole number");
        }
    }
    const json* find(const char* key)
    {
        m_known.insert(key);
        const auto found = m_executor.find(key);
        return found == m_executor.end() || found->is_null() ? nullptr : &*found;
    }
    std::vector<std::string> texts(const char* key)
    {
        std::vector<std::string> all;
        if (const json* value = find(key)) {
            if (value->is_array() &&
                std::ranges::all_of(*value, [](const json& each) { return each.is_string(); }))
                all = value->get<std::vector<std::string>>();
            else
                fail(key, *value, "a list of texts");
        }
        return all;
    }
    void environment(const char* key)
    {
        const json* value = find(key);
        if (!value)
            return;
        if (!value->is_object()) {
            fail(key, *value, "an object of names and texts");
            return;
        }
        ClusterProfile& profile = m_imported.profile;
        for (const auto& [name, each] : value->items()) {
            if (looksSecret(name, asText(each))) {
                profile.passEnvironment.push_back(name);
                note(name +
                     " looks like a secret: its value was left out, and sbatch passes on the one that it has "
                     "then.");
            } else if (name == "NCCL_DEBUG" && each == "INFO") {
                profile.ncclDebug = true;
            } else {
                (name.starts_with("NCCL_") ? profile.nccl : profile.environment)[name] = asText(each);
            }
        }
    }
    void note(const std::string& sentence) { m_imported.notes.push_back(sentence); }
    void fail(const char* key, const json& value, const char* wanted)
    {
        if (!m_error)
            m_error = Error{ErrorCode::InvalidInput,
                            std::string(key) + " is " + core::shown(value) + ", not " + wanted};
    }
    void noteOthers()
    {
        for (const auto& [key, value] : m_executor.items())
            if (!m_known.contains(key) && !key.starts_with("_") && !value.is_null() && value != false &&
                value != json::array() && value != json::object())
                note(key + " has no counterpart here and was left out.");
    }
    const std::optional<Error>& error() const { return m_error; }

private:
    const json& m_executor;
    ImportedProfile& m_imported;
    std::set<std::string> m_known;
    std::optional<Error> m_error;
};

void importExtra(Importer& importer, ClusterProfile& profile)
{
    const auto add = [&](const std::string& key, const json& value) {
        std::string flag = "--" + key;
        std::ranges::replace(flag, '_', '-');
        if (value == false)
            return;
        if (value != true)
            flag += "=" + asText(value);
        if (const Result<void> checked = checkExtraFlag(flag); checked)
            profile.extra.push_back(flag);
        else
            importer.note(key + " was left out: " + checked.error().message + ".");
    };
    for (const char* key : {"gres", "cpus_per_gpu", "gpus_per_task", "mem_per_gpu", "mem_per_cpu", "network"})
        if (const json* value = importer.find(key))
            add(key, *value);
    if (const json* more = importer.find("additional_parameters")) {
        if (!more->is_object())
            importer.fail("additional_parameters", *more, "an object");
        else
            for (const auto& [key, value] : more->items())
                add(key, value);
    }
}

}  // namespace

Result<ImportedProfile> importNemoExecutor(const json& executor, const std::string& name)
{
    if (!executor.is_object())
        return Error{ErrorCode::InvalidInput, "holds " + core::shown(executor) + ", not an executor"};
    ImportedProfile imported;
    ClusterProfile& profile = imported.profile;
    profile.name = name;
    profile.time = "00:10:00";  // the executor's default
    Importer importer(executor, imported);
    importer.text("account", profile.account);
    importer.text("partition", profile.partition);
    importer.text("qos", profile.qos);
    importer.text("time", profile.time);
    importer.number("nodes", profile.nodes);
    importer.number("gpus_per_node", profile.gpusPerNode);
    importer.number("ntasks_per_node", profile.tasksPerNode);
    importer.number("cpus_per_task", profile.cpusPerTask);
    importer.text("mem", profile.memory);
    importer.text("constraint", profile.constraint);
    importer.text("exclude", profile.exclude);
    importer.text("comment", profile.comment);
    importer.text("segment", profile.segment);
    if (const json* exclusive = importer.find("exclusive"))
        profile.exclusive = *exclusive != false && *exclusive != 0;
    importer.text("container_image", profile.image);
    profile.launch = profile.image.empty() ? LaunchVariant::Modules : LaunchVariant::Pyxis;
    profile.mounts = importer.texts("container_mounts");
    for (std::string& mount : profile.mounts)
        if (mount.find(':') == std::string::npos)
            mount += ":" + mount;  // Pyxis reads it so
    profile.srunArguments = importer.texts("srun_args");
    importer.environment("env_vars");
    importer.texts(
        "container_env");  // names that Pyxis takes from outside; here all of the environment goes in
    if (const json* tunnel = importer.find("tunnel"); tunnel && tunnel->is_object()) {
        const std::string host = tunnel->value("host", "");
        const std::string user = tunnel->value("user", "");
        if (!host.empty() && host != "localhost")
            profile.host = user.empty() ? host : user + "@" + host;
    }
    importExtra(importer, profile);
    if (profile.tasksPerNode == 1 && profile.gpusPerNode > 1) {
        profile.tasksPerNode = 0;
        importer.note("ntasks_per_node was 1, for torchrun; the engine gets one task for each GPU.");
    }
    for (const char* key : {"signal", "open_mode", "packager", "dependencies", "dependency_type", "array"})
        if (const json* value = importer.find(key);
            value && std::string_view(key) != "open_mode" && std::string_view(key) != "packager")
            importer.note(std::string(key) + " was left out: the script has its own way for it.");
    importer.noteOthers();
    if (importer.error())
        return *importer.error();
    if (const Result<void> checked = checkProfile(profile); !checked)
        return checked.error();
    return imported;
}

}  // namespace facet::jobs
