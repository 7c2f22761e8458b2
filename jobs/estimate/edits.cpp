#include "jobs/estimate/edits.h"

#include <algorithm>

namespace facet::jobs {

std::vector<JobEdit> editsThatFit(const Settings& settings, const ResolvedJob& resolved,
                                  const Surroundings& surroundings, const Gpu& gpu)
{
    const Job& job = resolved.job;
    const Estimate now = estimate(resolved, gpu);
    std::vector<JobEdit> tried;
    const auto add = [&](std::string sentence, Settings changes) {
        tried.push_back({std::move(sentence), std::move(changes), 0, false});
    };
    const auto instead = [](const std::string& what, int64_t value, int64_t before) {
        return what + " " + std::to_string(value) + " in place of " + std::to_string(before);
    };
    int64_t micro = std::min(now.largestMicroBatch, job.microBatch - 1);
    while (micro > 1 && job.globalBatch % (micro * resolved.dataParallel) != 0)
        --micro;
    if (micro >= 1)
        add(instead("Micro batch", micro, job.microBatch), {{"batch.micro", micro}});
    if (job.checkpointing != Checkpointing::Full && now.checkpointing != Checkpointing::Full)
        add("Compute all activations again (checkpointing full)", {{"activation_checkpointing", "full"}});
    if (now.largestSequence >= 64 && now.largestSequence < job.sequenceLength)
        add(instead("Sequences of", now.largestSequence, job.sequenceLength) + " tokens",
            {{"sequence_length", now.largestSequence}});
    if (!resolved.adapters.empty() && resolved.config.vision &&
        (!resolved.freeze.visionTower || !resolved.freeze.projector))
        add("Freeze vision tower and projector", {{"freeze.vision_tower", true}, {"freeze.projector", true}});
    if (job.method == Method::Full)
        add("LoRA in place of full training", {{"method", "lora"}, {"freeze.language_model", true}});
    if (job.optimizer.kind == OptimizerKind::AdamW && resolved.parameters.trained > 10'000'000)
        add("Optimizer moments in 8 bits", {{"optimizer.type", "adamw_8bit"}});
    if (job.method == Method::Lora)
        add("QLoRA: the base in 4 bits", {{"method", "qlora"}, {"freeze.language_model", true}});

    std::vector<JobEdit> edits;
    for (JobEdit& edit : tried) {
        Settings changed = settings;
        for (const auto& [key, value] : edit.changes)
            changed[key] = value;
        const core::Result<ResolvedJob> then = resolveJob(changed, surroundings);
        if (!then)
            continue;
        const Estimate needed = estimate(*then, gpu);
        edit.bytes = needed.memory.total();
        edit.fits = needed.fits;
        if (edit.bytes < now.memory.total())
            edits.push_back(std::move(edit));
    }
    std::ranges::stable_sort(edits, [](const JobEdit& a, const JobEdit& b) {
        return a.fits != b.fits ? a.fits : !a.fits && a.bytes < b.bytes;
    });
    if (edits.size() > 3)
        edits.resize(3);
    return edits;
}

std::string asOverrides(const std::vector<JobEdit>& edits)
{
    std::string text;
    for (const JobEdit& edit : edits) {
        text += text.empty() ? "" : ", or ";
        std::string separator;
        for (const auto& [key, value] : edit.changes) {
            text += separator + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
            separator = " ";
        }
    }
    return text;
}

}  // namespace facet::jobs
