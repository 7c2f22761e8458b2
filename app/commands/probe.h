#pragma once

// --probe of estimate and train: what a job needs, measured by two of its steps.

#include "engine/generate/loaded_model.h"
#include "engine/train/trained_model.h"
#include "jobs/estimate/estimate.h"

#include <nlohmann/json.hpp>

#include <string>

namespace facet::app {

/// What a job trains, loaded as it is trained.
struct JobParts {
    engine::LoadedModel loaded;
    engine::TrainedModel trained;
    at::Device device;
};

/// Errors  InvalidInput for what this engine cannot train; those of loading
core::Result<JobParts> loadForTraining(const jobs::ResolvedJob& job, const std::string& device);

struct ProbeRequest {
    jobs::Settings settings;  ///< that the job was resolved from
    jobs::Surroundings surroundings;
    std::string device = "auto";
};

/// What the probe tells: for a reader, and as JSON ("fits", then what was measured, or why it does not fit
/// and what would).
struct ProbeAnswer {
    bool fits = false;
    std::string text;
    nlohmann::ordered_json json;
};

/// Says on stderr what it is doing. What it measures is remembered for estimates
/// (jobs/estimate/device_rate.h). That memory does not suffice is an answer, no error.
core::Result<ProbeAnswer> probeJob(const jobs::ResolvedJob& job, const ProbeRequest& request);

/// The device that `wish` means, for the estimator, with what was remembered of it.
core::Result<jobs::Gpu> deviceOfEstimate(const std::string& wish, jobs::Precision precision);

}  // namespace facet::app
