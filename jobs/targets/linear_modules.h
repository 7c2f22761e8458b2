#pragma once

// The linear modules of a Gemma 3, under every name that a LoRA target may call them by. From config.json
// alone: no weights are read.
//
// Names in transformers 4.52 and later, N a layer; a text model has no "language_model.":
//   model.language_model.layers.N.self_attn.{q,k,v,o}_proj
//   model.language_model.layers.N.mlp.{gate,up,down}_proj
//   model.vision_tower.encoder.layers.N.self_attn.{q,k,v,out}_proj
//   model.vision_tower.encoder.layers.N.mlp.{fc1,fc2}         (4.52 to 4.57:
//   vision_tower.vision_model.encoder...)
//
// NeMo's paths, which fuse some of them:
//   language_model.decoder.layers.N.self_attention.linear_qkv    q_proj, k_proj, v_proj
//   language_model.decoder.layers.N.self_attention.linear_proj   o_proj
//   language_model.decoder.layers.N.mlp.linear_fc1               gate_proj, up_proj
//   language_model.decoder.layers.N.mlp.linear_fc2               down_proj
//   vision_model.decoder.layers.N.self_attention.linear_qkv      q_proj, k_proj, v_proj of the vision tower
//   vision_model.decoder.layers.N.self_attention.linear_proj     out_proj
//   vision_model.decoder.layers.N.mlp.linear_fc1, linear_fc2     fc1, fc2
// A text model's paths lack "language_model." in NeMo; here they are matched with it, too.

#include "core/gemma3/config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace facet::jobs {

enum class Tower { Language, Vision };

struct LinearModule {
    Tower tower = Tower::Language;
    int64_t layer = 0;
    std::string name;       ///< of the module in transformers 5
    std::string tensor;     ///< canonical name of its weight, see core/gemma3/tensor_names.h
    std::string nemoPath;   ///< "language_model.decoder.layers.0.self_attention.linear_qkv"
    std::string nemoShort;  ///< "linear_qkv"
    int64_t numInputs = 0;
    int64_t numOutputs = 0;
    bool hasBias = false;

    int64_t numParameters() const { return numInputs * numOutputs + (hasBias ? numOutputs : 0); }

    /// Of LoRA's A [rank, in] and B [out, rank], and DoRA's magnitude [out].
    int64_t numAdapterParameters(int64_t rank, bool dora) const
    {
        return rank * (numInputs + numOutputs) + (dora ? numOutputs : 0);
    }
};

/// In the order of computing: language layers, then the vision tower's, if there is one.
std::vector<LinearModule> linearModules(const core::gemma3::Config& config);

}  // namespace facet::jobs
