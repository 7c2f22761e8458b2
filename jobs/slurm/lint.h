#pragma once

// What a cluster would refuse, or this engine cannot run, before a script is sent.

#include "jobs/cluster_profile.h"
#include "jobs/slurm/script.h"

#include <optional>
#include <string>
#include <vector>

namespace facet::jobs {

struct Finding {
    enum class Weight { Refused, Doubtful };

    Weight weight = Weight::Refused;
    std::string key;     ///< of the profile ("time"), or of the job ("parallel.tensor")
    std::string option;  ///< the line of the script that says it, such as "--time"; "" if none does
    std::string sentence;

    /// Another value for a key of the profile that ends the finding.
    struct Fix {
        std::string value;
        std::string label;  ///< "Use 1 day"
    };
    std::optional<Fix> fix;
};

std::vector<Finding> lint(const TrainingTask& task, const ClusterProfile& profile);
std::vector<Finding> lint(const GenerationTask& task, const ClusterProfile& profile);

/// Number of the script's line, from 1, that a finding is about; 0 if none is.
int lineOf(const Finding& finding, const std::string& script);

}  // namespace facet::jobs
