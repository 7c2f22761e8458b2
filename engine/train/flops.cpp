#include "engine/train/flops.h"

#include "core/gemma3/tensor_names.h"

#include <algorithm>
#include <array>

namespace facet::engine {
namespace {

using core::gemma3::LayerKind;

/// Goes from the output down and adds up forward and backward passes of one tower.
class Counter {
public:
    Counter(const std::set<std::string>& trained, const std::set<std::string>& adapted)
        : m_trained(trained), m_adapted(adapted)
    {
    }

    bool isTrained(const std::string& name) const { return m_trained.contains(name); }
    bool isAnyTrained(const std::string& prefix) const
    {
        return hasPrefix(m_trained, prefix) || hasPrefix(m_adapted, prefix);
    }

    /// How often the forward pass's work a product costs. `isBelow`: something below it is trained.
    double passes(const std::string& weight, bool isBelow) const
    {
        return 1 + (isBelow ? 1 : 0) + (isTrained(weight) ? 1 : 0);
    }

private:
    static bool hasPrefix(const std::set<std::string>& names, const std::string& prefix)
    {
        const auto next = names.lower_bound(prefix);
        return next != names.end() && next->starts_with(prefix);
    }

    const std::set<std::string>& m_trained;
    const std::set<std::string>& m_adapted;
};

}  // namespace

TrainingFlops::TrainingFlops(const core::gemma3::Config& config, const std::set<std::string>& trained,
                             const std::set<std::string>& adapted)
    : m_config(config)
{
    const Counter count(trained, adapted);
    const auto shapes = core::gemma3::expectedTensors(config);
    const auto product = [&](const std::string& weight, bool isBelow) {
        const std::vector<int64_t>& shape = shapes.at(weight);
        return 2 * double(shape[0]) * double(shape[1]) * count.passes(weight, isBelow);
    };

    // Upwards: is something at or below this layer trained?
    bool isBelow = false;
    if (config.vision) {
        const core::gemma3::VisionConfig& vision = *config.vision;
        const double patches = double(vision.patchesPerSide() * vision.patchesPerSide());
        const double attention = 4 * patches * patches * double(vision.hiddenSize);
        isBelow = count.isAnyTrained("vision_tower.embeddings");
        for (int64_t layer = 0; layer < vision.numLayers; ++layer) {
            const std::string prefix = "vision_tower.encoder.layers." + std::to_string(layer) + ".";
            const bool reaches = isBelow || count.isAnyTrained(prefix);
            for (const char* name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                     "self_attn.out_proj", "mlp.fc1", "mlp.fc2"})
                m_perPicture += patches * product(prefix + name + ".weight", reaches);
            m_perPicture += attention * (reaches ? 3 : 1);
            isBelow = reaches;
        }
        isBelow = isBelow || count.isAnyTrained("vision_tower.post_layernorm");
        m_perPicture += double(config.tokensPerImage) *
                        product("multi_modal_projector.mm_input_projection_weight", isBelow);
        isBelow = isBelow || count.isAnyTrained("multi_modal_projector.");
    }
    const std::string table = "language_model.embed_tokens.weight";
    isBelow = isBelow || count.isTrained(table);
    const double pair = 4 * double(config.text.numHeads * config.text.headDim);
    for (int64_t layer = 0; layer < config.text.numLayers; ++layer) {
        const std::string prefix = "language_model.layers." + std::to_string(layer) + ".";
        const bool reaches = isBelow || count.isAnyTrained(prefix);
        for (const char* name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                 "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"})
            m_perToken += product(prefix + name + ".weight", reaches);
        const bool isGlobal = config.text.layers[static_cast<size_t>(layer)] == LayerKind::Global;
        m_perPair[isGlobal] += pair * (reaches ? 3 : 1);
        isBelow = reaches;
    }
    m_perTarget = product(table, isBelow || count.isTrained("language_model.norm.weight"));
}

double TrainingFlops::ofBatch(const PackedBatch& batch) const
{
    double flops = m_perToken * double(batch.numTokens()) + m_perTarget * double(batch.numTargets);
    for (const RowSeeds::Rows& document : batch.rowSeeds.tokens)
        flops += m_perPair[0] * attentionPairs(document.count, m_config.text.slidingWindow) +
                 m_perPair[1] * attentionPairs(document.count, 0);
    if (batch.pixel_I3SS.defined())
        flops += m_perPicture * double(batch.pixel_I3SS.size(0));
    return flops;
}

double attentionPairs(int64_t length, int64_t window)
{
    const double T = double(length), W = double(window);
    return window <= 0 || length <= window ? T * (T + 1) / 2 : W * (W + 1) / 2 + (T - W) * W;
}

double peakFlops(const std::string& deviceName)
{
    struct Card {
        const char* name;
        double teraflops;
    };
    constexpr std::array<Card, 8> kCards = {{{"H200", 989},
                                             {"H100 PCIe", 756},
                                             {"H100", 989},
                                             {"A100", 312},
                                             {"L40S", 362},
                                             {"RTX 4090", 165},
                                             {"RTX 3090", 71},
                                             {"B200", 2250}}};
    for (const Card& card : kCards)
        if (deviceName.find(card.name) != std::string::npos)
            return card.teraflops * 1e12;
    return 0;
}

}  // namespace facet::engine
