#pragma once

// A cluster as its user describes it: one JSON file in FACET_HOME/clusters. It holds no secrets.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace facet::jobs {

constexpr int64_t kClusterProfileVersion = 1;

enum class LaunchVariant { Pyxis, Apptainer, Modules };  ///< Modules without any is bare metal

inline constexpr std::array<std::string_view, 3> kLaunches = {"pyxis", "apptainer", "modules"};

/// What a partition allows; 0 and "" are unknown.
struct PartitionLimits {
    std::string name;
    int64_t seconds = 0;  ///< longest time of a job
    int64_t nodes = 0;
    int64_t gpusPerNode = 0;
    int64_t cpusPerNode = 0;
    int64_t memoryMiB = 0;  ///< of a node
    bool operator==(const PartitionLimits&) const = default;
};

/// Paths may start with "~/", "$NAME" or "${NAME}", which the shell of the job replaces; the rest is taken as
/// it is.
struct ClusterProfile {
    std::string name;
    std::string host;  ///< "": SLURM of this machine

    std::string engine = "facet-engine";
    std::string models;  ///< the Hugging Face cache (HF_HOME) there; "": as it is there
    std::string runs = "$HOME/facet/runs";

    LaunchVariant launch = LaunchVariant::Modules;
    std::string image;
    std::vector<std::string> mounts;  ///< "FROM:TO" or "FROM:TO:ro"
    std::string workdir;
    std::string mpi = "pmix";  ///< of Pyxis; "": the cluster's default
    std::vector<std::string> modules;
    std::vector<std::string> srunArguments;

    std::string account;
    std::string partition;
    std::string qos;
    std::string time;  ///< as SLURM writes it: 1-00:00:00
    int64_t nodes = 1;
    int64_t gpusPerNode = 0;
    int64_t tasksPerNode = 0;  ///< 0: one for each GPU
    int64_t cpusPerTask = 0;   ///< 0: the cluster's default, as everywhere below
    std::string memory;        ///< of a node, as SLURM writes it: 480G
    bool exclusive = false;
    std::string constraint;
    std::string exclude;
    std::string dependency;
    std::string comment;
    std::string segment;
    int64_t arrayAtOnce = 0;
    std::string output;
    std::string error;
    std::string mailType;
    std::string mailUser;
    std::vector<std::string> extra;  ///< "--flag" or "--flag=value"

    int64_t saveBeforeEnd = 300;  ///< seconds; 0: no signal
    int64_t restarts = 3;

    std::map<std::string, std::string> environment;
    std::vector<std::string> passEnvironment;  ///< names only: their values stay in the environment of sbatch
    std::map<std::string, std::string> nccl;
    bool ncclDebug = false;

    std::vector<PartitionLimits> partitions;  ///< empty: unknown
    std::vector<std::string> accounts;
    std::vector<std::string> qosNames;
    bool operator==(const ClusterProfile&) const = default;
};

/// Every key of a profile file, once. A visitor has operator()(key, value) for each type of member.
template <typename Profile, typename Visitor>
void visitProfile(Profile& profile, Visitor& visit)
{
    visit("name", profile.name);
    visit("host", profile.host);
    visit("engine", profile.engine);
    visit("models", profile.models);
    visit("runs", profile.runs);
    visit("launch", profile.launch);
    visit("image", profile.image);
    visit("mounts", profile.mounts);
    visit("workdir", profile.workdir);
    visit("mpi", profile.mpi);
    visit("modules", profile.modules);
    visit("srun_arguments", profile.srunArguments);
    visit("account", profile.account);
    visit("partition", profile.partition);
    visit("qos", profile.qos);
    visit("time", profile.time);
    visit("nodes", profile.nodes);
    visit("gpus_per_node", profile.gpusPerNode);
    visit("tasks_per_node", profile.tasksPerNode);
    visit("cpus_per_task", profile.cpusPerTask);
    visit("memory", profile.memory);
    visit("exclusive", profile.exclusive);
    visit("constraint", profile.constraint);
    visit("exclude", profile.exclude);
    visit("dependency", profile.dependency);
    visit("comment", profile.comment);
    visit("segment", profile.segment);
    visit("array_at_once", profile.arrayAtOnce);
    visit("output", profile.output);
    visit("error", profile.error);
    visit("mail_type", profile.mailType);
    visit("mail_user", profile.mailUser);
    visit("extra", profile.extra);
    visit("save_before_end", profile.saveBeforeEnd);
    visit("restarts", profile.restarts);
    visit("environment", profile.environment);
    visit("pass_environment", profile.passEnvironment);
    visit("nccl", profile.nccl);
    visit("nccl_debug", profile.ncclDebug);
    visit("partitions", profile.partitions);
    visit("accounts", profile.accounts);
    visit("qos_names", profile.qosNames);
}

/// Errors  InvalidInput: an unknown key with the nearest right one, a value of the wrong type, a newline, a
/// secret, another version. The
///         sentence lacks the file.
core::Result<ClusterProfile> profileFrom(const nlohmann::json& object);

nlohmann::ordered_json toJson(const ClusterProfile& profile);

/// What would make a script wrong or tell a secret: newlines, names that are none, tokens. Errors
/// InvalidInput
core::Result<void> checkProfile(const ClusterProfile& profile);

/// Whether a variable of this name, or this value, is better kept out of files: HF_TOKEN, "hf_...".
bool looksSecret(std::string_view name, std::string_view value);

/// FACET_HOME/clusters.
///
/// Thread  any; each call reads the folder, so that several processes may use it at once.
class ClusterProfiles {
public:
    explicit ClusterProfiles(std::filesystem::path folder) : m_folder(std::move(folder)) {}

    const std::filesystem::path& folder() const { return m_folder; }

    /// Sorted. No folder: none. Errors  Io
    core::Result<std::vector<std::string>> names() const;

    /// Errors  NotFound with the nearest name; Io, InvalidInput with the file
    core::Result<ClusterProfile> read(const std::string& name) const;

    /// Makes the folder and replaces the file. Errors  Io, InvalidInput
    core::Result<void> write(const ClusterProfile& profile) const;

    /// Errors  Io
    core::Result<void> remove(const std::string& name) const;

private:
    std::filesystem::path fileOf(const std::string& name) const { return m_folder / (name + ".json"); }

    std::filesystem::path m_folder;
};

}  // namespace facet::jobs
