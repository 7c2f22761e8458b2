#pragma once

// A job with everything decided: the model's shape, the modules that get adapters, what is trained, how many
// GPUs share it, and what its user should know.

#include "core/base/result.h"
#include "jobs/job/job.h"
#include "jobs/job/job_json.h"
#include "jobs/job/job_settings.h"
#include "jobs/model_shape.h"
#include "jobs/recipe.h"
#include "jobs/targets/target_selection.h"

namespace facet::jobs {

/// One adapted module.
struct Adapter {
    LinearModule module;
    int64_t rank = 0;
    double alpha = 0;
    double scale = 0;  ///< of B A x: alpha / rank, or alpha / sqrt(rank)
};

struct ResolvedJob {
    Job job;  ///< "auto" and null replaced by what was decided
    core::gemma3::Config config;
    std::filesystem::path modelPath;  ///< "" where the model is not on this machine

    // Of a model that starts from random weights.
    std::filesystem::path tokenizerPath;  ///< "" where there is none on this machine
    double initializerRange = 0.02;
    std::filesystem::path visionTowerPath;  ///< "": random weights, or not on this machine
    Freeze freeze;
    std::vector<Adapter> adapters;
    ParameterTable parameters;
    int64_t numGpus = 1;             ///< of all nodes
    int64_t dataParallel = 1;        ///< groups of GPUs that see different samples
    int64_t accumulation = 1;        ///< passes of one step
    std::vector<std::string> notes;  ///< sentences: what is odd, what is ignored

    std::optional<Recipe> recipe;        ///< that the job names
    std::vector<Difference> fromRecipe;  ///< where the job says otherwise: first is the recipe's value
};

/// Where a job is resolved.
struct Surroundings {
    std::vector<core::BuiltInModel> builtIns;
    std::filesystem::path recipes;  ///< folder
    int64_t gpusOfThisMachine = 1;  ///< what "auto" means; 0 is one CPU
};

/// Lays the job over its recipe and decides what it leaves open.
///
/// Errors  InvalidInput, NotFound: a sentence with the key and its value
core::Result<ResolvedJob> resolveJob(const Settings& settings, const Surroundings& surroundings);

/// The job's settings laid over its recipe's, if it names one.
core::Result<Settings> withRecipe(const Settings& settings, const std::filesystem::path& recipes,
                                  std::optional<Recipe>* recipe = nullptr);

}  // namespace facet::jobs
