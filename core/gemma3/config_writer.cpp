#include "core/gemma3/config_writer.h"

#include <cmath>

namespace facet::core::gemma3 {
namespace {

using nlohmann::ordered_json;

/// transformers 5 takes 256 for this number, and refuses 256.0.
ordered_json wholeIfItIs(double number)
{
    return number == std::floor(number) ? ordered_json(static_cast<int64_t>(number)) : ordered_json(number);
}

ordered_json textJson(const TextConfig& text, double initializerRange)
{
    ordered_json json = {{"model_type", "gemma3_text"},
                         {"vocab_size", text.vocabSize},
                         {"hidden_size", text.hiddenSize},
                         {"intermediate_size", text.intermediateSize},
                         {"num_hidden_layers", text.numLayers},
                         {"num_attention_heads", text.numHeads},
                         {"num_key_value_heads", text.numKvHeads},
                         {"head_dim", text.headDim},
                         {"query_pre_attn_scalar", wholeIfItIs(text.queryPreAttnScalar)},
                         {"sliding_window", text.slidingWindow},
                         {"max_position_embeddings", text.maxPositions},
                         {"rms_norm_eps", text.rmsNormEps},
                         {"initializer_range", initializerRange},
                         {"hidden_activation", "gelu_pytorch_tanh"},
                         {"attention_bias", false},
                         {"rope_theta", text.ropeGlobal.theta},
                         {"rope_local_base_freq", text.ropeLocal.theta},
                         {"rope_scaling", nullptr}};
    if (text.ropeGlobal.factor != 1)
        json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", text.ropeGlobal.factor}};
    if (text.ropeLocal.factor != 1)  // which only transformers 5 has words for
        json["rope_parameters"] = {{"sliding_attention",
                                    {{"rope_type", "linear"},
                                     {"factor", text.ropeLocal.factor},
                                     {"rope_theta", text.ropeLocal.theta}}}};
    json["layer_types"] = ordered_json::array();
    for (const LayerKind kind : text.layers)
        json["layer_types"].push_back(kind == LayerKind::Global ? "full_attention" : "sliding_attention");
    return json;
}

}  // namespace

ordered_json configJson(const Config& config, double initializerRange)
{
    ordered_json text = textJson(config.text, initializerRange);
    if (!config.vision) {
        text["architectures"] = {"Gemma3ForCausalLM"};
        return text;
    }
    const VisionConfig& vision = *config.vision;
    return {{"model_type", "gemma3"},
            {"architectures", {"Gemma3ForConditionalGeneration"}},
            {"mm_tokens_per_image", config.tokensPerImage},
            {"image_token_index", config.imageTokenId},
            {"boi_token_index", config.boiTokenId},
            {"eoi_token_index", config.eoiTokenId},
            {"initializer_range", initializerRange},
            {"text_config", text},
            {"vision_config",
             {{"model_type", "siglip_vision_model"},
              {"hidden_size", vision.hiddenSize},
              {"intermediate_size", vision.intermediateSize},
              {"num_hidden_layers", vision.numLayers},
              {"num_attention_heads", vision.numHeads},
              {"image_size", vision.imageSize},
              {"patch_size", vision.patchSize},
              {"num_channels", vision.numChannels},
              {"layer_norm_eps", vision.layerNormEps},
              {"hidden_act", "gelu_pytorch_tanh"},
              {"vision_use_head", false}}}};
}

}  // namespace facet::core::gemma3
