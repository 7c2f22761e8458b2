#include "core/gemma3/config_json.h"

#include "core/base/json.h"
#include "core/base/text.h"

#include <cmath>
#include <string>

namespace facet::core::gemma3 {
namespace {

using nlohmann::json;

// Far above any Gemma 3, and low enough that no product of them overflows.
constexpr int64_t kMaxWidth = 1 << 20;
constexpr int64_t kMaxVocabulary = 1 << 24;
constexpr int64_t kMaxLayers = 1024;
constexpr int64_t kMaxHeads = 1024;
constexpr int64_t kMaxPositions = 1 << 30;
constexpr int64_t kMaxImageSize = 1 << 14;

constexpr std::string_view kOnlyActivation = "gelu_pytorch_tanh";
constexpr int64_t kDefaultPattern = 6;  // every sixth layer is global

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

/// Reads {"rope_type": "linear", "factor": 8, "rope_theta": 1e6} over what `rope` holds.
Result<void> readRope(const json& object, const std::string& where, Rope& rope)
{
    if (!object.is_object())
        return refused(where + " is " + shown(object) + ", not an object");
    JsonFields fields(object, where + ".");
    const bool hasType = fields.has("rope_type") || fields.has("type");
    const std::string type = fields.text("rope_type", fields.text("type", "default"));
    rope.theta = fields.number("rope_theta", rope.theta, 1, 1e12);
    const double factor = fields.number("factor", 1, 1, 1e6);
    if (type == "linear") {
        rope.factor = factor;
        if (!fields.has("factor"))
            fields.fail("factor", "is missing");
    } else if (type != "default") {
        fields.fail("rope_type",
                    "is " + inQuotes(type) + ", which is not supported: only default and linear are");
    } else if (!hasType && fields.has("factor")) {
        fields.fail("rope_type", "is missing beside a factor");
    } else {
        rope.factor = 1;
    }
    if (fields.number("partial_rotary_factor", 1, 0, 1) != 1)
        fields.fail("partial_rotary_factor", "is not 1, which is not supported");
    if (fields.error())
        return *fields.error();
    return {};
}

/// In this order, the later over the earlier: defaults, rope_theta and rope_local_base_freq (4.x),
/// rope_parameters (5.x), rope_scaling (4.x, global layers only).
Result<void> readRopes(JsonFields& fields, const std::string& where, TextConfig& text)
{
    text.ropeGlobal.theta = fields.number("rope_theta", text.ropeGlobal.theta, 1, 1e12);
    text.ropeLocal.theta = fields.number("rope_local_base_freq", text.ropeLocal.theta, 1, 1e12);
    if (const json* parameters = fields.find("rope_parameters")) {
        const std::string name = where + "rope_parameters";
        if (!parameters->is_object())
            return refused(name + " is " + shown(*parameters) + ", not an object");
        JsonFields kinds(*parameters, name + ".");
        for (const auto& [key, value] : parameters->items()) {
            if (key != "full_attention" && key != "sliding_attention")
                return refused(name + " has the key " + inQuotes(key) +
                               ": it must have one object for full_attention and one for sliding_attention");
        }
        if (const json* global = kinds.find("full_attention")) {
            if (const Result<void> read = readRope(*global, name + ".full_attention", text.ropeGlobal); !read)
                return read;
        }
        if (const json* local = kinds.find("sliding_attention")) {
            if (const Result<void> read = readRope(*local, name + ".sliding_attention", text.ropeLocal);
                !read)
                return read;
        }
    }
    if (const json* scaling = fields.find("rope_scaling"); scaling && !scaling->empty())
        return readRope(*scaling, where + "rope_scaling", text.ropeGlobal);
    return {};
}

Result<void> readLayers(JsonFields& fields, const std::string& where, TextConfig& text)
{
    const json* types = fields.find("layer_types");
    if (!types) {
        const int64_t pattern = fields.integer("sliding_window_pattern", kDefaultPattern, 1, kMaxPositions);
        // transformers 5 writes this one beside layer_types and never reads it.
        if (fields.integer("_sliding_window_pattern", pattern, 1, kMaxPositions) != pattern)
            fields.fail("_sliding_window_pattern", "stands without layer_types; write layer_types");
        for (int64_t layer = 1; layer <= text.numLayers; ++layer)
            text.layers.push_back(layer % pattern == 0 ? LayerKind::Global : LayerKind::Local);
        return {};
    }
    if (!types->is_array() || types->size() != static_cast<size_t>(text.numLayers))
        return refused(where + "layer_types is not a list of " + std::to_string(text.numLayers) +
                       " texts, one for each layer");
    for (const json& type : *types) {
        if (type == "full_attention")
            text.layers.push_back(LayerKind::Global);
        else if (type == "sliding_attention")
            text.layers.push_back(LayerKind::Local);
        else
            return refused(where + "layer_types has " + shown(type) +
                           ", which is neither full_attention nor sliding_attention");
    }
    return {};
}

/// What Gemma 3 does not do, asked for.
void refuseForeign(JsonFields& fields)
{
    if (const std::string activation = fields.text("hidden_activation", kOnlyActivation);
        activation != kOnlyActivation)
        fields.fail("hidden_activation", "is " + inQuotes(activation) + "; Gemma 3 has gelu_pytorch_tanh");
    if (fields.flag("attention_bias", false))
        fields.fail("attention_bias", "is true; Gemma 3 has no biases in attention");
    if (fields.flag("use_bidirectional_attention", false))
        fields.fail("use_bidirectional_attention",
                    "is true: this is an encoder (EmbeddingGemma), not a chat model");
    if (!fields.flag("tie_word_embeddings", true))
        fields.fail("tie_word_embeddings", "is false; Gemma 3's head is its embedding table");
    for (const char* cap : {"final_logit_softcapping", "attn_logit_softcapping"}) {
        if (fields.has(cap))
            fields.fail(cap, "is set; Gemma 3 caps nothing (Gemma 2 does)");
    }
}

Result<TextConfig> readText(const json& object, const std::string& where)
{
    JsonFields fields(object, where);
    TextConfig text;
    text.vocabSize = fields.integer("vocab_size", text.vocabSize, 1, kMaxVocabulary);
    text.hiddenSize = fields.integer("hidden_size", text.hiddenSize, 1, kMaxWidth);
    text.intermediateSize = fields.integer("intermediate_size", text.intermediateSize, 1, kMaxWidth);
    text.numLayers = fields.integer("num_hidden_layers", text.numLayers, 1, kMaxLayers);
    text.numHeads = fields.integer("num_attention_heads", text.numHeads, 1, kMaxHeads);
    text.numKvHeads = fields.integer("num_key_value_heads", text.numKvHeads, 1, kMaxHeads);
    text.headDim = fields.integer("head_dim", text.headDim, 2, kMaxHeads);
    text.queryPreAttnScalar = fields.number("query_pre_attn_scalar", text.queryPreAttnScalar, 1e-3, 1e6);
    text.slidingWindow = fields.integer("sliding_window", text.slidingWindow, 1, kMaxPositions);
    text.maxPositions = fields.integer("max_position_embeddings", text.maxPositions, 1, kMaxPositions);
    text.rmsNormEps = fields.number("rms_norm_eps", text.rmsNormEps, 0, 1);
    refuseForeign(fields);
    if (text.numHeads % text.numKvHeads != 0)
        fields.fail("num_attention_heads", "is " + std::to_string(text.numHeads) + ", no multiple of " +
                                               std::to_string(text.numKvHeads) + " num_key_value_heads");
    if (text.headDim % 2 != 0)
        fields.fail("head_dim",
                    "is " + std::to_string(text.headDim) + "; rotary positions need an even number");
    if (const Result<void> ropes = readRopes(fields, where, text); !ropes)
        return ropes.error();
    if (!fields.error()) {  // else the number of layers may be a default
        if (const Result<void> layers = readLayers(fields, where, text); !layers)
            return layers.error();
    }
    if (fields.error())
        return *fields.error();
    if (object.contains("sliding_window") && object["sliding_window"].is_null() &&
        std::ranges::find(text.layers, LayerKind::Local) != text.layers.end())
        return refused(where + "sliding_window is null, but there are layers with sliding_attention");
    return text;
}

/// A number of pixels, or a list of two equal ones.
int64_t readSide(JsonFields& fields, const char* key, int64_t absent)
{
    const json* value = fields.find(key);
    if (!value || !value->is_array())
        return fields.integer(key, absent, 1, kMaxImageSize);
    const bool isSquare = value->size() == 2 && value->front() == value->back();
    if (!isSquare) {
        fields.fail(key, "is not one number or two equal ones: pictures are squares");
        return absent;
    }
    const json one = {{key, value->front()}};
    JsonFields inner(one, "");
    const int64_t side = inner.integer(key, absent, 1, kMaxImageSize);
    if (inner.error())
        fields.fail(key, "has " + shown(value->front()) + ", which is no possible number of pixels");
    return side;
}

Result<VisionConfig> readVision(const json& object, int64_t tokensPerImage)
{
    JsonFields fields(object, "vision_config.");
    VisionConfig vision;
    vision.hiddenSize = fields.integer("hidden_size", vision.hiddenSize, 1, kMaxWidth);
    vision.intermediateSize = fields.integer("intermediate_size", vision.intermediateSize, 1, kMaxWidth);
    vision.numLayers = fields.integer("num_hidden_layers", vision.numLayers, 1, kMaxLayers);
    vision.numHeads = fields.integer("num_attention_heads", vision.numHeads, 1, kMaxHeads);
    vision.imageSize = readSide(fields, "image_size", vision.imageSize);
    vision.patchSize = readSide(fields, "patch_size", vision.patchSize);
    vision.numChannels = fields.integer("num_channels", vision.numChannels, 3, 3);
    vision.layerNormEps = fields.number("layer_norm_eps", vision.layerNormEps, 0, 1);
    if (const std::string type = fields.text("model_type", "siglip_vision_model");
        type != "siglip_vision_model")
        fields.fail("model_type", "is " + inQuotes(type) + "; Gemma 3 sees with siglip_vision_model");
    if (const std::string activation = fields.text("hidden_act", kOnlyActivation);
        activation != kOnlyActivation)
        fields.fail("hidden_act", "is " + inQuotes(activation) + "; Gemma 3 has gelu_pytorch_tanh");
    if (vision.hiddenSize % vision.numHeads != 0)
        fields.fail("hidden_size", "is " + std::to_string(vision.hiddenSize) + ", no multiple of " +
                                       std::to_string(vision.numHeads) + " num_attention_heads");
    if (vision.imageSize % vision.patchSize != 0)
        fields.fail("image_size", "is " + std::to_string(vision.imageSize) +
                                      ", no multiple of the patch_size " + std::to_string(vision.patchSize));
    if (fields.error())
        return *fields.error();

    const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(tokensPerImage))));
    if (side * side != tokensPerImage || side > vision.patchesPerSide() ||
        vision.patchesPerSide() % side != 0)
        return refused("mm_tokens_per_image is " + std::to_string(tokensPerImage) +
                       ", no square number whose root divides the " +
                       std::to_string(vision.patchesPerSide()) + " patches of a side");
    return vision;
}

/// The part `key` of a vision model's config.json; an empty object where it is left out.
Result<json> partOf(const json& root, const char* key)
{
    const auto found = root.find(key);
    if (found == root.end() || found->is_null())
        return json::object();
    if (!found->is_object())
        return refused(std::string(key) + " is " + shown(*found) + ", not an object");
    return *found;
}

Result<Config> readNested(const json& root, bool textOnly)
{
    JsonFields fields(root, "");
    Config config;
    config.tokensPerImage = fields.integer("mm_tokens_per_image", config.tokensPerImage, 1, kMaxImageSize);
    const auto tokenId = [&](const char* newKey, const char* oldKey, int64_t absent) {
        return fields.integer(newKey, fields.integer(oldKey, absent, 0, kMaxVocabulary), 0, kMaxVocabulary);
    };
    config.imageTokenId = tokenId("image_token_id", "image_token_index", config.imageTokenId);
    config.boiTokenId = tokenId("boi_token_id", "boi_token_index", config.boiTokenId);
    config.eoiTokenId = tokenId("eoi_token_id", "eoi_token_index", config.eoiTokenId);
    if (!fields.flag("tie_word_embeddings", true))
        fields.fail("tie_word_embeddings", "is false; Gemma 3's head is its embedding table");
    if (fields.error())
        return *fields.error();

    const Result<json> textPart = partOf(root, "text_config");
    if (!textPart)
        return textPart.error();
    JsonFields textFields(*textPart, "text_config.");
    if (const std::string type = textFields.text("model_type", "gemma3_text"); type != "gemma3_text")
        return refused("text_config.model_type is " + inQuotes(type) + ", not gemma3_text");
    Result<TextConfig> text = readText(*textPart, "text_config.");
    if (!text)
        return text.error();
    config.text = *std::move(text);
    if (textOnly)
        return config;

    const Result<json> visionPart = partOf(root, "vision_config");
    if (!visionPart)
        return visionPart.error();
    Result<VisionConfig> vision = readVision(*visionPart, config.tokensPerImage);
    if (!vision)
        return vision.error();
    config.vision = *vision;
    return config;
}

}  // namespace

Result<Config> parseConfig(std::string_view text, bool textOnly)
{
    const Result<json> root = parseJson(text);
    if (!root)
        return root.error();
    if (!root->is_object())
        return refused("holds " + shown(*root) + ", not an object");
    JsonFields fields(*root, "");
    const std::string type = fields.text("model_type", "");
    if (fields.has("quantization_config"))
        fields.fail("quantization_config",
                    "is set: quantised weights are not supported; use the original checkpoint");
    if (fields.error())
        return *fields.error();
    if (type == "gemma3")
        return readNested(*root, textOnly);
    if (type != "gemma3_text")
        return refused(type.empty() ? "has no model_type; gemma3 and gemma3_text are supported"
                                    : "has the model_type " + inQuotes(type) +
                                          "; only gemma3 and gemma3_text are supported");
    Config config;
    Result<TextConfig> read = readText(*root, "");
    if (!read)
        return read.error();
    config.text = *std::move(read);
    return config;
}

}  // namespace facet::core::gemma3
