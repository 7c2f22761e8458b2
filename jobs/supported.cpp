#include "jobs/supported.h"

#include <algorithm>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

bool isMadeUp(const DataSource& source)
{
    return source.path.starts_with("mock:");
}

Result<void> checkLayout(const ResolvedJob& resolved)
{
    if (resolved.numGpus <= 1)
        return {};
    const bool hasNodes = resolved.job.parallel.numNodes.value_or(1) > 1;
    return Error{ErrorCode::InvalidInput,
                 std::string(hasNodes ? "parallel.nodes" : "parallel.gpus_per_node") + " makes it " +
                     std::to_string(resolved.numGpus) +
                     " GPUs, and training runs on one device so far: set parallel.nodes=1 and "
                     "parallel.gpus_per_node=1"};
}

/// A PEFT folder holds a module's adapter or its weights, never both.
Result<void> checkTrainedOnce(const ResolvedJob& resolved)
{
    if (resolved.adapters.empty())
        return {};
    std::vector<std::string> tensors = trainedTensors(resolved.config, resolved.freeze);
    std::ranges::sort(tensors);
    for (const Adapter& adapter : resolved.adapters)
        if (std::ranges::binary_search(tensors, adapter.module.tensor))
            return Error{ErrorCode::InvalidInput,
                         "lora.targets has " + adapter.module.name +
                             ", which is trained itself, too, and no PEFT folder can hold both: freeze its "
                             "part of the model, or leave it out of lora.targets"};
    return {};
}

Result<void> checkModels(const ResolvedJob& resolved)
{
    const Job& job = resolved.job;
    const auto missing = [](const std::string& model) {
        return Error{ErrorCode::NotFound, model + " is not on this machine: import it first"};
    };
    if (job.method != Method::Pretrain)
        return resolved.modelPath.empty() ? missing(job.modelBase) : Result<void>();
    if (!job.pretrain.visionTower.empty() && resolved.visionTowerPath.empty())
        return missing(job.pretrain.visionTower);
    if (!std::ranges::all_of(job.data.sources, isMadeUp) && resolved.tokenizerPath.empty())
        return missing(job.pretrain.tokenizer.empty() ? job.modelBase : job.pretrain.tokenizer);
    return {};
}

}  // namespace

Result<void> checkSupported(const ResolvedJob& resolved)
{
    for (const auto& check : {checkLayout, checkTrainedOnce, checkModels})
        if (const Result<void> checked = check(resolved); !checked)
            return checked;
    return {};
}

Result<void> checkFilesAreHere(const Job& job)
{
    std::vector<std::pair<const char*, std::string>> paths;
    for (const DataSource& source : job.data.sources)
        if (!isMadeUp(source))
            paths.emplace_back("data.sources", source.path);
    paths.emplace_back("data.validation.path", job.data.validationPath);
    paths.emplace_back("lora.init_adapter", hasAdapters(job.method) ? job.lora.initAdapter : "");
    std::error_code ignored;
    for (const auto& [key, path] : paths)
        if (!path.empty() && !std::filesystem::exists(path, ignored))
            return Error{ErrorCode::NotFound,
                         std::string(key) + " has " + path + ", which is not on this machine"};
    return {};
}

}  // namespace facet::jobs
