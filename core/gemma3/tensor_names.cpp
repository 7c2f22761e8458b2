#include "core/gemma3/tensor_names.h"

#include <algorithm>
#include <array>

namespace facet::core::gemma3 {
namespace {

using Names = std::map<std::string, std::vector<int64_t>>;

constexpr std::string_view kLanguage = "language_model.";
constexpr std::string_view kTower = "vision_tower.";
constexpr std::string_view kProjector = "multi_modal_projector.";

bool removePrefix(std::string_view& text, std::string_view prefix)
{
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Replaces the number in "layers.17.x" by "#"; the text as it is where there is none.
std::string withoutLayerNumber(std::string_view text, std::string_view prefix)
{
    std::string_view rest = text;
    if (!removePrefix(rest, prefix))
        return std::string(text);
    const size_t digits = rest.find_first_not_of("0123456789");
    // Leading zeros would be a second name of the same layer; more digits are no layer of any model.
    if (digits == std::string_view::npos || digits == 0 || digits > 4 || (digits > 1 && rest.front() == '0'))
        return std::string(text);
    return std::string(prefix) + "#" + std::string(rest.substr(digits));
}

/// Names within the parts, as canonical names have them, "#" for a layer.
const Names& namesOf(std::string_view part);

std::optional<std::string> known(std::string_view part, std::string_view rest)
{
    const std::string_view layers = part == kTower ? "encoder.layers." : "layers.";
    if (rest.find('#') != std::string_view::npos ||
        !namesOf(part).contains(std::string(part) + withoutLayerNumber(rest, layers)))
        return std::nullopt;
    return std::string(part) + std::string(rest);
}

void addText(const TextConfig& text, const auto& layerNames, Names& names)
{
    const int64_t D = text.hiddenSize;
    const int64_t F = text.intermediateSize;
    const int64_t H = text.headDim;
    const int64_t NH = text.numHeads * H;
    const int64_t KH = text.numKvHeads * H;
    const std::string part(kLanguage);
    names[part + "embed_tokens.weight"] = {text.vocabSize, D};
    names[part + "norm.weight"] = {D};
    for (const std::string& number : layerNames) {
        const std::string layer = part + "layers." + number + ".";
        names[layer + "input_layernorm.weight"] = {D};
        names[layer + "self_attn.q_proj.weight"] = {NH, D};
        names[layer + "self_attn.k_proj.weight"] = {KH, D};
        names[layer + "self_attn.v_proj.weight"] = {KH, D};
        names[layer + "self_attn.o_proj.weight"] = {D, NH};
        names[layer + "self_attn.q_norm.weight"] = {H};
        names[layer + "self_attn.k_norm.weight"] = {H};
        names[layer + "post_attention_layernorm.weight"] = {D};
        names[layer + "pre_feedforward_layernorm.weight"] = {D};
        names[layer + "mlp.gate_proj.weight"] = {F, D};
        names[layer + "mlp.up_proj.weight"] = {F, D};
        names[layer + "mlp.down_proj.weight"] = {D, F};
        names[layer + "post_feedforward_layernorm.weight"] = {D};
    }
}

void addVision(const VisionConfig& vision, int64_t D, const auto& layerNames, Names& names)
{
    const int64_t E = vision.hiddenSize;
    const int64_t F = vision.intermediateSize;
    const int64_t P = vision.patchSize;
    const std::string tower(kTower);
    const auto addBoth = [&names](const std::string& name, std::vector<int64_t> weight) {
        names[name + ".bias"] = {weight.front()};
        names[name + ".weight"] = std::move(weight);
    };
    addBoth(tower + "embeddings.patch_embedding", {E, vision.numChannels, P, P});
    names[tower + "embeddings.position_embedding.weight"] = {
        vision.patchesPerSide() * vision.patchesPerSide(), E};
    addBoth(tower + "post_layernorm", {E});
    for (const std::string& number : layerNames) {
        const std::string layer = tower + "encoder.layers." + number + ".";
        addBoth(layer + "layer_norm1", {E});
        addBoth(layer + "layer_norm2", {E});
        for (const char* projection : {"q_proj", "k_proj", "v_proj", "out_proj"})
            addBoth(layer + "self_attn." + projection, {E, E});
        addBoth(layer + "mlp.fc1", {F, E});
        addBoth(layer + "mlp.fc2", {E, F});
    }
    names[std::string(kProjector) + "mm_soft_emb_norm.weight"] = {E};
    names[std::string(kProjector) + "mm_input_projection_weight"] = {E, D};
}

std::vector<std::string> layerNumbers(int64_t count)
{
    std::vector<std::string> numbers;
    for (int64_t layer = 0; layer < count; ++layer)
        numbers.push_back(std::to_string(layer));
    return numbers;
}

const Names& namesOf(std::string_view part)
{
    static const std::array<std::string, 1> kAnyLayer = {"#"};
    static const Names text = [] {
        Names names;
        addText({}, kAnyLayer, names);
        return names;
    }();
    static const Names vision = [] {
        Names names;
        addVision({}, 1, kAnyLayer, names);
        return names;
    }();
    return part == kLanguage ? text : vision;
}

}  // namespace

std::optional<std::string> canonicalName(std::string_view nameInFile)
{
    std::string_view rest = nameInFile;
    const bool inModel = removePrefix(rest, "model.");
    if (removePrefix(rest, kTower)) {
        removePrefix(rest, "vision_model.");
        return known(kTower, rest);
    }
    if (removePrefix(rest, kProjector))
        return known(kProjector, rest);
    if (removePrefix(rest, kLanguage) && !inModel)
        removePrefix(rest, "model.");
    return known(kLanguage, rest);
}

std::string savedName(std::string_view canonicalName, bool hasVision)
{
    std::string_view rest = canonicalName;
    if (removePrefix(rest, kTower))
        return "model.vision_tower.vision_model." + std::string(rest);
    if (!hasVision && removePrefix(rest, kLanguage))
        return "model." + std::string(rest);
    return "model." + std::string(canonicalName);
}

bool isTiedHead(std::string_view nameInFile)
{
    return nameInFile == "lm_head.weight" || nameInFile == "language_model.lm_head.weight" ||
           nameInFile == "model.lm_head.weight";
}

bool isKnownButUnused(std::string_view nameInFile)
{
    std::string_view rest = nameInFile;
    if (rest.ends_with(".rotary_emb.inv_freq"))
        return true;
    removePrefix(rest, "model.");
    if (!removePrefix(rest, kTower))
        return false;
    removePrefix(rest, "vision_model.");
    return rest.starts_with("head.") || rest == "embeddings.position_ids";
}

bool isVisionTensor(std::string_view canonicalName)
{
    return canonicalName.starts_with(kTower) || canonicalName.starts_with(kProjector);
}

std::map<std::string, std::vector<int64_t>> expectedTensors(const Config& config)
{
    Names names;
    addText(config.text, layerNumbers(config.text.numLayers), names);
    if (config.vision)
        addVision(*config.vision, config.text.hiddenSize, layerNumbers(config.vision->numLayers), names);
    return names;
}

}  // namespace facet::core::gemma3
