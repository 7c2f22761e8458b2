#include "jobs/estimate/estimate.h"

#include "jobs/job/job_fields.h"

#include <cmath>
#include <cstdio>

namespace facet::jobs {
namespace {

std::string formatted(const char* format, double value)
{
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string inGigabytes(double bytes)
{
    return formatted(bytes < 9.95e9 ? "%.2f GB" : "%.1f GB", bytes / 1e9);
}

std::string counted(int64_t count)
{
    const auto value = static_cast<double>(count);
    return value < 1e3   ? std::to_string(count)
           : value < 1e6 ? formatted("%.1f k", value / 1e3)
           : value < 1e9 ? formatted("%.1f M", value / 1e6)
                         : formatted("%.2f B", value / 1e9);
}

std::string inTime(double seconds)
{
    if (seconds < 100)
        return formatted("%.2f s", seconds);
    if (seconds < 2 * 3600)
        return formatted("%.0f min", seconds / 60);
    return seconds < 48 * 3600.0 ? formatted("%.1f h", seconds / 3600)
                                 : formatted("%.1f days", seconds / 86400);
}

std::string row(const std::string& name, const std::string& value)
{
    return "  " + name + std::string(name.size() < 22 ? 22 - name.size() : 1, ' ') + value + "\n";
}

std::vector<std::pair<const char*, double>> parts(const MemoryByPart& memory)
{
    return {{"weights", memory.weights},         {"adapters", memory.adapters},
            {"gradients", memory.gradients},     {"optimizer", memory.optimizer},
            {"activations", memory.activations}, {"logits", memory.logits},
            {"workspace", memory.workspace},     {"context, fragmentation", memory.overhead}};
}

}  // namespace

nlohmann::ordered_json toJson(const Estimate& estimate)
{
    nlohmann::ordered_json memory;
    for (const auto& [name, bytes] : parts(estimate.memory))
        memory[name == std::string("context, fragmentation") ? "context_and_fragmentation" : name] =
            std::llround(bytes);
    memory["total"] = std::llround(estimate.memory.total());
    nlohmann::ordered_json json = {
        {"memory_bytes", memory},
        {"activation_checkpointing", kCheckpointings[static_cast<size_t>(estimate.checkpointing)]},
        {"pictures_per_sample", estimate.picturesPerSample},
        {"tokens_per_step", estimate.tokensPerStep},
        {"flops_per_step",
         {{"language", estimate.flops.language},
          {"vision", estimate.flops.vision},
          {"adapters", estimate.flops.adapters},
          {"recompute", estimate.flops.recompute},
          {"total", estimate.flops.total()}}}};
    if (estimate.secondsPerStep > 0) {
        json["seconds_per_step"] = estimate.secondsPerStep;
        json["tokens_per_second"] = estimate.tokensPerStep / estimate.secondsPerStep;
    }
    if (estimate.seconds > 0)
        json["seconds"] = estimate.seconds;
    if (estimate.isFitKnown) {
        json["fits"] = estimate.fits;
        json["largest_micro_batch"] = estimate.largestMicroBatch;
        json["largest_sequence_length"] = estimate.largestSequence;
    }
    return json;
}

std::string describe(const ResolvedJob& job, const Estimate& estimate, const Gpu& gpu)
{
    std::string text;
    if (job.recipe) {
        text += "From the recipe " + job.recipe->name + ", " +
                (job.fromRecipe.empty() ? "unchanged.\n" : "with other values for\n");
        for (const Difference& each : job.fromRecipe)
            text += row(each.key, each.second.dump() + "  (recipe: " + each.first.dump() + ")");
        for (const Recipe::Replaced& each : job.recipe->replaced)
            text += row(each.key, "NeMo: " + each.nemo + "; here: " + each.facet);
        text += "\n";
    }
    text +=
        "Trained: " + counted(job.parameters.trained) + " of " + counted(job.parameters.total) +
        " parameters" +
        (job.adapters.empty() ? "" : ", with " + std::to_string(job.adapters.size()) + " adapted modules") +
        "\n";
    for (const ParameterTable::Row& each : job.parameters.rows)
        text += row(nameOf(each.part), counted(each.trained) + " of " + counted(each.total));

    text += std::string(gpu.isCpu ? "\nMemory" : "\nMemory of each GPU") +
            (gpu.name.empty() ? "" : " (" + gpu.name + ")") + ":\n";
    for (const auto& [name, bytes] : parts(estimate.memory))
        text += row(name, inGigabytes(bytes));
    text += row("in all", inGigabytes(estimate.memory.total()) +
                              (estimate.isFitKnown
                                   ? std::string(estimate.fits ? ", fits into " : ", does not fit into ") +
                                         inGigabytes(gpu.memoryBytes)
                                   : ""));
    text += row("checkpointing", std::string(kCheckpointings[static_cast<size_t>(estimate.checkpointing)]));
    if (estimate.isFitKnown)
        text += row("at most", estimate.largestMicroBatch == 0
                                   ? "no micro batch fits"
                                   : "micro batch " + std::to_string(estimate.largestMicroBatch) + " at " +
                                         std::to_string(job.job.sequenceLength) + " tokens; " +
                                         std::to_string(estimate.largestSequence) +
                                         " tokens at micro batch " + std::to_string(job.job.microBatch));

    text += "\nA step: " + counted(static_cast<int64_t>(estimate.tokensPerStep)) + " tokens in " +
            std::to_string(job.accumulation) + (job.accumulation == 1 ? " pass" : " passes") + " on " +
            (gpu.isCpu ? "the CPU" : std::to_string(job.numGpus) + (job.numGpus == 1 ? " GPU" : " GPUs")) +
            ", " + formatted("%.1f TFLOP", estimate.flops.total() / 1e12);
    if (estimate.flops.recompute > 0)
        text += formatted(" and %.1f computed again", estimate.flops.recompute / 1e12);
    if (estimate.picturesPerSample > 0)
        text += ", with " + std::to_string(estimate.picturesPerSample) + " picture a sample";
    text += "\n";
    if (estimate.secondsPerStep > 0)
        text += row("time of a step",
                    inTime(estimate.secondsPerStep) + ", " +
                        counted(static_cast<int64_t>(estimate.tokensPerStep / estimate.secondsPerStep)) +
                        " tokens a second");
    else
        text += row("time of a step", "not known: --probe measures this device, --gpu-tflops tells its rate");
    if (estimate.seconds > 0)
        text +=
            row("time of all", inTime(estimate.seconds) + " for " + std::to_string(job.job.steps) + " steps");
    for (const std::string& note : job.notes)
        text += "note: " + note + "\n";
    return text;
}

}  // namespace facet::jobs
