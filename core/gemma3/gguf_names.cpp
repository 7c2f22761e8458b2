#include "core/gemma3/gguf_names.h"

#include "core/gemma3/tensor_names.h"

#include <array>

namespace facet::core::gemma3 {
namespace {

struct Names {
    std::string_view ours, theirs;
};

constexpr std::string_view kOurLayers = "language_model.layers.", kTheirLayers = "blk.";
constexpr std::string_view kOurVisionLayers = "vision_tower.encoder.layers.", kTheirVisionLayers = "v.blk.";

constexpr std::array kWhole = {
    Names{"language_model.embed_tokens.weight", "token_embd.weight"},
    Names{"language_model.norm.weight", "output_norm.weight"},
    Names{"vision_tower.embeddings.patch_embedding.weight", "v.patch_embd.weight"},
    Names{"vision_tower.embeddings.patch_embedding.bias", "v.patch_embd.bias"},
    Names{"vision_tower.embeddings.position_embedding.weight", "v.position_embd.weight"},
    Names{"vision_tower.post_layernorm.weight", "v.post_ln.weight"},
    Names{"vision_tower.post_layernorm.bias", "v.post_ln.bias"},
    Names{"multi_modal_projector.mm_soft_emb_norm.weight", "mm.soft_emb_norm.weight"},
    Names{"multi_modal_projector.mm_input_projection_weight", "mm.input_projection.weight"},
};

/// Behind the layer's number; ".weight" and ".bias" follow.
constexpr std::array kInLayer = {
    Names{"input_layernorm", "attn_norm"},
    Names{"self_attn.q_proj", "attn_q"},
    Names{"self_attn.k_proj", "attn_k"},
    Names{"self_attn.v_proj", "attn_v"},
    Names{"self_attn.o_proj", "attn_output"},
    Names{"self_attn.q_norm", "attn_q_norm"},
    Names{"self_attn.k_norm", "attn_k_norm"},
    Names{"post_attention_layernorm", "post_attention_norm"},
    Names{"pre_feedforward_layernorm", "ffn_norm"},
    Names{"mlp.gate_proj", "ffn_gate"},
    Names{"mlp.up_proj", "ffn_up"},
    Names{"mlp.down_proj", "ffn_down"},
    Names{"post_feedforward_layernorm", "post_ffw_norm"},
};
constexpr std::array kInVisionLayer = {
    Names{"layer_norm1", "ln1"},
    Names{"self_attn.q_proj", "attn_q"},
    Names{"self_attn.k_proj", "attn_k"},
    Names{"self_attn.v_proj", "attn_v"},
    Names{"self_attn.out_proj", "attn_out"},
    Names{"layer_norm2", "ln2"},
    Names{"mlp.fc1", "ffn_up"},
    Names{"mlp.fc2", "ffn_down"},
};

/// "PREFIX17.NAME.weight" with the prefix and the name of the other side.
std::optional<std::string> layerName(std::string_view name, std::string_view from, std::string_view to,
                                     const auto& names, std::string_view Names::*given,
                                     std::string_view Names::*wanted)
{
    if (!name.starts_with(from))
        return std::nullopt;
    name.remove_prefix(from.size());
    const size_t numberEnd = name.find('.'), nameEnd = name.rfind('.');
    if (numberEnd == std::string_view::npos || numberEnd >= nameEnd)
        return std::nullopt;
    for (const Names& each : names) {
        if (name.substr(numberEnd + 1, nameEnd - numberEnd - 1) == each.*given)
            return std::string(to) + std::string(name.substr(0, numberEnd + 1)) + std::string(each.*wanted) +
                   std::string(name.substr(nameEnd));
    }
    return std::nullopt;
}

std::optional<std::string> otherName(std::string_view name, std::string_view Names::*given,
                                     std::string_view Names::*wanted)
{
    for (const Names& each : kWhole)
        if (name == each.*given)
            return std::string(each.*wanted);
    const Names layers = {kOurLayers, kTheirLayers}, visionLayers = {kOurVisionLayers, kTheirVisionLayers};
    if (auto found = layerName(name, layers.*given, layers.*wanted, kInLayer, given, wanted))
        return found;
    return layerName(name, visionLayers.*given, visionLayers.*wanted, kInVisionLayer, given, wanted);
}

}  // namespace

std::optional<std::string> canonicalNameOfGguf(std::string_view nameInFile)
{
    const std::optional<std::string> name = otherName(nameInFile, &Names::theirs, &Names::ours);
    return name ? canonicalName(*name) : std::nullopt;  // that one knows what a layer's number may be
}

std::optional<std::string> ggufNameOf(std::string_view canonicalName)
{
    return otherName(canonicalName, &Names::ours, &Names::theirs);
}

bool isStoredPlusOne(std::string_view canonicalName)
{
    return canonicalName.ends_with("norm.weight") && !canonicalName.starts_with("vision_tower.");
}

}  // namespace facet::core::gemma3
