#pragma once

// NeMo-Run's SlurmExecutor as a cluster profile.

#include "core/base/result.h"
#include "jobs/cluster_profile.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace facet::jobs {

struct ImportedProfile {
    ClusterProfile profile;
    std::vector<std::string> notes;  ///< sentences: what was left out or changed, and why
};

/// Reads the members of nemo_run.SlurmExecutor: account, partition, time, nodes, container_image,
/// container_mounts, env_vars, ... as its YAML and JSON have them. Secrets become names that sbatch passes
/// on.
///
/// Source  NVIDIA-NeMo/Run, nemo_run/core/execution/slurm.py
/// Errors  InvalidInput: a member of the wrong type, with its name
core::Result<ImportedProfile> importNemoExecutor(const nlohmann::json& executor, const std::string& name);

}  // namespace facet::jobs
