#pragma once

// Jobs to and from JSON, their schema, and how two of them differ.

#include "core/base/result.h"
#include "jobs/job/job.h"
#include "jobs/job/job_settings.h"

#include <nlohmann/json.hpp>

namespace facet::jobs {

/// Reads settings over the defaults.
///
/// Errors  InvalidInput: "lora.rank is \"8\", not a whole number from 1 to 65536"; the sentence lacks the
/// file
core::Result<Job> jobFrom(const Settings& settings);

/// The whole job, in the order of job_fields.h, "facet_job" first.
nlohmann::ordered_json toJson(const Job& job);

/// JSON Schema (draft 2020-12) of what jobFrom reads, aliases apart.
nlohmann::ordered_json jobSchema();

struct Difference {
    std::string key;
    nlohmann::json first;
    nlohmann::json second;
};

/// Keys with different values, in the order of job_fields.h.
std::vector<Difference> differences(const Job& first, const Job& second);

}  // namespace facet::jobs
