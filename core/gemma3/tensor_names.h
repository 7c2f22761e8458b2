#pragma once

// One name for every tensor of Gemma 3, whichever of the generations of Hugging Face names a file uses:
//
//   the hub, since transformers 4.50, and again what 5.x saves   language_model.model.layers.0...,
//   vision_tower... transformers 4.52 to 4.57 model.language_model.layers.0..., model.vision_tower...
//   text-only models                                             model.layers.0..., model.norm.weight
//   saved without the head class (Gemma3TextModel)               layers.0..., norm.weight
//
// with and without the "vision_model." that transformers 5 dropped.
//
// Canonical names, N a layer:
//   language_model.embed_tokens.weight                         [V, D], also the head
//   language_model.layers.N.input_layernorm.weight             [D]
//   language_model.layers.N.self_attn.{q,k,v,o}_proj.weight    [N*H, D] [K*H, D] [K*H, D] [D, N*H]
//   language_model.layers.N.self_attn.{q,k}_norm.weight        [H]
//   language_model.layers.N.post_attention_layernorm.weight    [D]
//   language_model.layers.N.pre_feedforward_layernorm.weight   [D]
//   language_model.layers.N.mlp.{gate,up,down}_proj.weight     [F, D] [F, D] [D, F]
//   language_model.layers.N.post_feedforward_layernorm.weight  [D]
//   language_model.norm.weight                                 [D]
//   vision_tower.embeddings.patch_embedding.{weight,bias}      [E, 3, P, P] [E]
//   vision_tower.embeddings.position_embedding.weight          [patches, E]
//   vision_tower.encoder.layers.N.layer_norm{1,2}.{weight,bias}
//   vision_tower.encoder.layers.N.self_attn.{q,k,v,out}_proj.{weight,bias}
//   vision_tower.encoder.layers.N.mlp.fc{1,2}.{weight,bias}
//   vision_tower.post_layernorm.{weight,bias}
//   multi_modal_projector.mm_soft_emb_norm.weight              [E]
//   multi_modal_projector.mm_input_projection_weight           [E, D], in x out

#include "core/gemma3/config.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core::gemma3 {

/// The canonical name of a tensor as a file names it; none if it is no name of Gemma 3's.
std::optional<std::string> canonicalName(std::string_view nameInFile);

/// The name that we write, transformers 4.52's, which 4.57 and 5.17 read in full; `canonicalName` of it is
/// the same again. Text-only models have names of their own.
std::string savedName(std::string_view canonicalName, bool hasVision);

/// The head's matrix under its own name. Gemma 3 ties it to the embedding table, so a file that has it has a
/// copy.
bool isTiedHead(std::string_view nameInFile);

/// A tensor that some files carry and no Gemma 3 computes with: SigLIP's pooling head, which transformers
/// adds where config.json does not say "vision_use_head": false, and buffers of old versions.
bool isKnownButUnused(std::string_view nameInFile);

/// Of the vision tower or the projector, by canonical name.
bool isVisionTensor(std::string_view canonicalName);

/// All tensors that a model of this shape has, by canonical name, with their shapes.
std::map<std::string, std::vector<int64_t>> expectedTensors(const Config& config);

}  // namespace facet::core::gemma3
