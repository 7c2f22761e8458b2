#pragma once

#include "jobs/estimate/estimate.h"

namespace facet::jobs {

/// A change of the job that makes it fit, with what it would need then.
struct JobEdit {
    std::string sentence;  ///< "Micro batch 2 in place of 8"
    Settings changes;
    double bytes = 0;
    bool fits = false;
};

/// What makes a job smaller, from the mildest change to the hardest: three at most, first those that make it
/// fit.
///
/// `settings` are what `resolved` was resolved from, in `surroundings`.
std::vector<JobEdit> editsThatFit(const Settings& settings, const ResolvedJob& resolved,
                                  const Surroundings& surroundings, const Gpu& gpu);

/// "batch.micro=2 or activation_checkpointing=full": the changes as overrides of a command.
std::string asOverrides(const std::vector<JobEdit>& edits);

}  // namespace facet::jobs
