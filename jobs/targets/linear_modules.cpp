#include "jobs/targets/linear_modules.h"

#include <initializer_list>

namespace facet::jobs {
namespace {

struct Projection {
    const char* name;       // within its layer, transformers
    const char* nemo;       // within its layer, NeMo
    const char* nemoShort;  // the last word of it
    int64_t numInputs;
    int64_t numOutputs;
};

void addLayer(Tower tower, int64_t layer, const std::string& prefix, const std::string& tensorPrefix,
              const std::string& nemoPrefix, bool hasBias, std::initializer_list<Projection> projections,
              std::vector<LinearModule>& modules)
{
    const std::string number = std::to_string(layer) + ".";
    for (const Projection& each : projections) {
        LinearModule module;
        module.tower = tower;
        module.layer = layer;
        module.name = prefix + number + each.name;
        module.tensor = tensorPrefix + number + each.name + ".weight";
        module.nemoPath = nemoPrefix + number + each.nemo + "." + each.nemoShort;
        module.nemoShort = each.nemoShort;
        module.numInputs = each.numInputs;
        module.numOutputs = each.numOutputs;
        module.hasBias = hasBias;
        modules.push_back(std::move(module));
    }
}

}  // namespace

std::vector<LinearModule> linearModules(const core::gemma3::Config& config)
{
    std::vector<LinearModule> modules;
    const core::gemma3::TextConfig& text = config.text;
    const int64_t D = text.hiddenSize;
    const int64_t F = text.intermediateSize;
    const int64_t NH = text.numHeads * text.headDim;
    const int64_t KH = text.numKvHeads * text.headDim;
    const std::string prefix = config.vision ? "model.language_model.layers." : "model.layers.";
    for (int64_t layer = 0; layer < text.numLayers; ++layer)
        addLayer(Tower::Language, layer, prefix, "language_model.layers.", "language_model.decoder.layers.",
                 false,
                 {{"self_attn.q_proj", "self_attention", "linear_qkv", D, NH},
                  {"self_attn.k_proj", "self_attention", "linear_qkv", D, KH},
                  {"self_attn.v_proj", "self_attention", "linear_qkv", D, KH},
                  {"self_attn.o_proj", "self_attention", "linear_proj", NH, D},
                  {"mlp.gate_proj", "mlp", "linear_fc1", D, F},
                  {"mlp.up_proj", "mlp", "linear_fc1", D, F},
                  {"mlp.down_proj", "mlp", "linear_fc2", F, D}},
                 modules);
    if (!config.vision)
        return modules;
    const int64_t E = config.vision->hiddenSize;
    const int64_t visionF = config.vision->intermediateSize;
    for (int64_t layer = 0; layer < config.vision->numLayers; ++layer)
        addLayer(Tower::Vision, layer, "model.vision_tower.encoder.layers.", "vision_tower.encoder.layers.",
                 "vision_model.decoder.layers.", true,
                 {{"self_attn.q_proj", "self_attention", "linear_qkv", E, E},
                  {"self_attn.k_proj", "self_attention", "linear_qkv", E, E},
                  {"self_attn.v_proj", "self_attention", "linear_qkv", E, E},
                  {"self_attn.out_proj", "self_attention", "linear_proj", E, E},
                  {"mlp.fc1", "mlp", "linear_fc1", E, visionF},
                  {"mlp.fc2", "mlp", "linear_fc2", visionF, E}},
                 modules);
    return modules;
}

}  // namespace facet::jobs
