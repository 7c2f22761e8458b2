#include "ui/finetune/module_selection.h"

#include <algorithm>

namespace facet::ui {

using jobs::LinearModule;
using jobs::Tower;
using nlohmann::json;

namespace {

constexpr std::string_view kLayers = "layers.";

/// "model.language_model.layers.3.self_attn.q_proj" is "language_model.", "self_attn.q_proj".
struct NameParts {
    std::string before;
    std::string leaf;
};

NameParts partsOf(const LinearModule& module)
{
    constexpr std::string_view model = "model.";
    const size_t layers = module.name.find(kLayers);
    const size_t leaf = module.name.find('.', layers + kLayers.size()) + 1;
    const size_t begin = module.name.starts_with(model) ? model.size() : 0;
    return {module.name.substr(begin, layers - begin), module.name.substr(leaf)};
}

std::string alternatives(const std::vector<std::string>& words)
{
    if (words.size() == 1)
        return words.front();
    std::string text = "(";
    for (const std::string& word : words)
        text += (text.size() > 1 ? "|" : "") + word;
    return text + ")";
}

using Leaf = std::pair<Tower, std::string>;

}  // namespace

std::vector<std::string> patternsFor(std::span<const LinearModule> modules, const std::set<size_t>& chosen)
{
    if (chosen.size() == modules.size())
        return {"all-linear"};
    std::map<Leaf, std::set<int64_t>> all;
    std::map<Leaf, std::set<int64_t>> wanted;
    std::map<Tower, std::string> before;
    std::vector<Leaf> order;
    for (size_t i = 0; i < modules.size(); ++i) {
        const NameParts parts = partsOf(modules[i]);
        const Leaf leaf = {modules[i].tower, parts.leaf};
        before[modules[i].tower] = parts.before;
        if (!all.contains(leaf))
            order.push_back(leaf);
        all[leaf].insert(modules[i].layer);
        if (chosen.contains(i))
            wanted[leaf].insert(modules[i].layer);
    }
    const bool isTextModel = !before.contains(Tower::Vision);

    std::vector<std::string> patterns;
    std::map<std::pair<Tower, std::set<int64_t>>, std::vector<std::string>> byLayers;
    for (const Leaf& leaf : order) {
        const auto found = wanted.find(leaf);
        if (found == wanted.end())
            continue;
        const std::string name = leaf.second.substr(leaf.second.rfind('.') + 1);
        if (found->second != all[leaf])
            byLayers[{leaf.first, found->second}].push_back(leaf.second);
        else if (isTextModel)
            patterns.push_back(name);
        else
            patterns.push_back((leaf.first == Tower::Vision ? "*.vision_tower.*." : "*.language_model.*.") +
                               name);
    }
    for (const auto& [where, leaves] : byLayers) {
        std::vector<std::string> layers;
        for (const int64_t layer : where.second)
            layers.push_back(std::to_string(layer));
        patterns.push_back("*." + before[where.first] + std::string(kLayers) + alternatives(layers) + "." +
                           alternatives(leaves));
    }
    return patterns;
}

jobs::Settings adapterSettings(std::span<const LinearModule> modules,
                               const std::map<size_t, AdapterSize>& chosen, const AdapterSize& common)
{
    std::set<size_t> all;
    std::map<int64_t, std::set<size_t>> byRank;
    std::map<double, std::set<size_t>> byAlpha;
    for (const auto& [index, size] : chosen) {
        all.insert(index);
        byRank[size.rank].insert(index);
        byAlpha[size.alpha].insert(index);
    }
    const auto mostCommon = [](const auto& groups, auto usual) {
        if (groups.empty() || groups.contains(usual))
            return usual;
        return std::ranges::max_element(groups, {}, [](const auto& group) { return group.second.size(); })
            ->first;
    };
    const auto others = [&](const auto& groups, auto usual) {
        json patterns = json::object();
        for (const auto& [value, indices] : groups)
            if (value != usual)
                for (const std::string& pattern : patternsFor(modules, indices))
                    patterns[pattern] = value;
        return patterns;
    };
    const int64_t rank = mostCommon(byRank, common.rank);
    const double alpha = mostCommon(byAlpha, common.alpha);
    return {{"lora.targets", patternsFor(modules, all)},
            {"lora.exclude", json::array()},
            {"lora.layers", ""},
            {"lora.rank", rank},
            {"lora.alpha", alpha},
            {"lora.rank_pattern", others(byRank, rank)},
            {"lora.alpha_pattern", others(byAlpha, alpha)}};
}

jobs::Settings presetSettings(TargetPreset preset, const core::gemma3::Config& config, int64_t lastLayers)
{
    const std::string language = config.vision ? "*.language_model.*." : "";
    const std::vector<std::string> attention = {language + "linear_qkv", language + "linear_proj"};
    std::vector<std::string> both = attention;
    both.push_back(language + "linear_fc1");
    both.push_back(language + "linear_fc2");
    jobs::Settings settings = {{"lora.targets", both},
                               {"lora.exclude", json::array()},
                               {"lora.layers", ""},
                               {"lora.rank_pattern", json::object()},
                               {"lora.alpha_pattern", json::object()}};
    switch (preset) {
        case TargetPreset::Attention:
            settings["lora.targets"] = attention;
            break;
        case TargetPreset::AttentionAndMlp:
            break;
        case TargetPreset::LastLayers:
            settings["lora.layers"] =
                std::to_string(std::max<int64_t>(0, config.text.numLayers - lastLayers)) + "-" +
                std::to_string(config.text.numLayers - 1);
            break;
        case TargetPreset::LanguageOnly:
            settings["freeze.language_model"] = true;
            settings["freeze.vision_tower"] = true;
            settings["freeze.projector"] = true;
            break;
        case TargetPreset::Projector:
            return {{"method", "full"},
                    {"freeze.language_model", true},
                    {"freeze.vision_tower", true},
                    {"freeze.projector", false}};
    }
    return settings;
}

}  // namespace facet::ui
