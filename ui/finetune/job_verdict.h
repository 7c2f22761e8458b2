#pragma once

// What a document means: its values, what is wrong with it, what it trains and what that costs. A pure
// function of document, place and files, made to run in another thread.

#include "jobs/estimate/edits.h"
#include "jobs/resolved_job.h"
#include "ui/finetune/job_document.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace facet::ui {

/// What a job can run on, on this machine.
struct TrainDevice {
    std::string id;    ///< for --device: "cpu", "cuda:0"
    std::string name;  ///< "CPU, 16 cores"
    double memoryBytes = 0;
    bool isCpu = true;
    bool operator==(const TrainDevice&) const = default;
};

struct JobVerdict {
    std::map<std::string, std::string> problems;  ///< sentence by key; "" is the job as a whole
    std::map<std::string, std::string> warnings;  ///< likewise, of what is odd but runs
    std::optional<jobs::ResolvedJob> resolved;    ///< without the values that have problems
    std::optional<jobs::Estimate> estimate;
    TrainDevice device;
    std::string missing;  ///< what a start here lacks: "demo is not on this machine ..."; "" if nothing
    std::vector<jobs::JobEdit> edits;  ///< at most three, where it does not fit
    double adapterBytes = 0;
    double diskBytes = 0;  ///< of all checkpoints that are kept

    bool isReady() const { return problems.empty() && resolved.has_value(); }
};

struct JudgedPlace {
    std::filesystem::path home;  ///< with the folder of runs in it
    std::filesystem::path recipes;
    std::vector<core::BuiltInModel> builtIns;
    TrainDevice device;

    /// Of a cluster: GPUs of a node, for what the job leaves open. Files and models need not be here then.
    std::optional<int64_t> clusterGpus = {};
};

/// Thread  any
JobVerdict judge(const JobDocument& document, const JudgedPlace& place);

/// NAME, or NAME-2, NAME-3 ... where there is a run of that name already.
std::string freeRunName(const std::filesystem::path& home, const std::string& name);

}  // namespace facet::ui
