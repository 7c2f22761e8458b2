#pragma once

// The batch script of a job on a cluster: a pure function of both, so that the same job and profile give the
// same text everywhere. It holds the job itself, so one file is all that has to be brought to the cluster.

#include "core/base/result.h"
#include "jobs/cluster_profile.h"
#include "jobs/job/job.h"
#include "jobs/job/job_settings.h"
#include "jobs/sweep.h"

#include <filesystem>
#include <string>
#include <vector>

namespace facet::jobs {

/// A job as it is written down, without what only this machine decides (see jobFrom and withRecipe).
struct TrainingTask {
    Job job;

    /// Keys of the job with the values to try: each combination is one task of an array. Empty: one run.
    std::vector<Sweep> sweep;
};

/// What a job file says, laid over its recipe. Errors  as withRecipe and jobFrom
core::Result<TrainingTask> trainingTask(const Settings& settings, std::vector<Sweep> sweep,
                                        const std::filesystem::path& recipes);

/// Text from a model that is too large for one GPU, such as NeMo's example: 4 nodes, tensor 8, pipeline 4.
struct GenerationTask {
    std::string name;
    std::string model;
    std::string prompt;
    std::string image;  ///< "": none
    int64_t maxNewTokens = 256;
    ParallelLayout parallel;
};

/// How a task lies on the machines of a cluster.
struct ClusterLayout {
    int64_t nodes = 1;
    int64_t gpusPerNode = 0;
    int64_t tasksPerNode = 1;
};

/// What the job says, else what the profile says.
ClusterLayout layoutOf(const ParallelLayout& parallel, const ClusterProfile& profile);

/// One run of a sweep.
struct SweepTask {
    std::string name;                    ///< the job's with the task's number: "x-3"
    std::vector<std::string> overrides;  ///< "lora.rank=8", as facet-engine train reads them
};

/// All combinations, the last key fastest. Errors  InvalidInput: an unknown key, no values, more than 1000
/// tasks
core::Result<std::vector<SweepTask>> sweepTasks(const TrainingTask& task);

/// Errors  InvalidInput: a line break in a name or path, a name that is no folder's, what checkProfile
/// refuses
core::Result<std::string> batchScript(const TrainingTask& task, const ClusterProfile& profile);
core::Result<std::string> batchScript(const GenerationTask& task, const ClusterProfile& profile);

}  // namespace facet::jobs
