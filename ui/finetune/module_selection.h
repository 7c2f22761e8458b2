#pragma once

// From a set of modules, as boxes in a tree choose it, back to the lora.* settings of a job that mean exactly
// these.

#include "jobs/resolved_job.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace facet::ui {

/// Patterns that together match the chosen modules and no other; "all-linear" if it is all of them.
std::vector<std::string> patternsFor(std::span<const jobs::LinearModule> modules,
                                     const std::set<size_t>& chosen);

struct AdapterSize {
    int64_t rank = 0;
    double alpha = 0;
    bool operator==(const AdapterSize&) const = default;
};

/// lora.targets, exclude, layers, rank, alpha and their patterns for these modules, by their index. The
/// common rank and alpha stay `common` as long as one of the modules has it.
jobs::Settings adapterSettings(std::span<const jobs::LinearModule> modules,
                               const std::map<size_t, AdapterSize>& chosen, const AdapterSize& common);

/// The presets of the form, as settings. `lastLayers` counts for LastLayers alone.
enum class TargetPreset { Attention, AttentionAndMlp, LastLayers, LanguageOnly, Projector };
jobs::Settings presetSettings(TargetPreset preset, const core::gemma3::Config& config, int64_t lastLayers);

}  // namespace facet::ui
