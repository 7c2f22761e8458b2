#include "core/gemma3/gguf_config.h"

#include "core/base/text.h"

#include <algorithm>
#include <cmath>

namespace facet::core::gemma3 {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kPattern = 6;
constexpr int64_t kLayersOf27B = 62;
constexpr double kLocalTheta = 10'000;
constexpr int64_t kPatchesPerToken = 4;  // of a side

Error refused(const GgufFile& file, const std::string& what)
{
    return {ErrorCode::InvalidInput, file.path().string() + " " + what};
}

/// Copies values that have to be there; the first that is not is kept.
class Required {
public:
    explicit Required(const GgufFile& file) : m_file(file) {}

    int64_t integer(const std::string& key)
    {
        const std::optional<int64_t> value = m_file.integer(key);
        if (!value)
            miss(key);
        return value.value_or(1);
    }
    double number(const std::string& key)
    {
        const std::optional<double> value = m_file.number(key);
        if (!value)
            miss(key);
        return value.value_or(1);
    }
    std::optional<Error> error() const
    {
        return m_missing.empty() ? std::nullopt
                                 : std::optional(refused(
                                       m_file, "has no number " + inQuotes(m_missing) + " in its metadata"));
    }

private:
    void miss(const std::string& key)
    {
        if (m_missing.empty())
            m_missing = key;
    }

    const GgufFile& m_file;
    std::string m_missing;
};

/// True for a layer with a window.
Result<std::vector<bool>> windowsOf(const GgufFile& file, int64_t numLayers)
{
    const std::string key = "gemma3.attention.sliding_window_pattern";
    std::vector<bool> hasWindow(static_cast<size_t>(std::clamp<int64_t>(numLayers, 0, 1024)), false);
    if (file.integer("gemma3.attention.sliding_window").value_or(0) <= 0)
        return hasWindow;
    if (const auto given = file.numbers(key)) {
        if (given->size() != hasWindow.size())
            return refused(file, "has " + std::to_string(given->size()) + " entries of " + key + " for " +
                                     std::to_string(numLayers) + " layers");
        for (size_t layer = 0; layer < hasWindow.size(); ++layer)
            hasWindow[layer] = (*given)[layer] != 0;
        return hasWindow;
    }
    const int64_t pattern = file.integer(key).value_or(kPattern);
    for (size_t layer = 0; layer < hasWindow.size(); ++layer)
        hasWindow[layer] = pattern <= 0 || (static_cast<int64_t>(layer) + 1) % pattern != 0;
    return hasWindow;
}

/// What llama.cpp scales queries by, before the root.
int64_t scalarByHeart(int64_t numLayers, int64_t width, int64_t numHeads, int64_t headDim)
{
    return numLayers == kLayersOf27B && numHeads > 0 ? width / numHeads : headDim;
}

Result<ordered_json> ropeScalingOf(const GgufFile& file)
{
    const std::string_view type = file.text("gemma3.rope.scaling.type").value_or("linear");
    const double factor = file.number("gemma3.rope.scaling.factor")
                              .value_or(file.number("gemma3.rope.scale_linear").value_or(1));
    if (type == "none" || factor == 1 || factor == 0)
        return ordered_json(nullptr);
    if (type != "linear")
        return refused(file,
                       "has the rope scaling " + inQuotes(type) + "; only none and linear are supported");
    return ordered_json{{"rope_type", "linear"}, {"factor", factor}};
}

Result<ordered_json> textJsonOf(const GgufFile& file)
{
    const std::string_view architecture = file.text("general.architecture").value_or("");
    if (architecture != "gemma3")
        return refused(file, "holds a model of the architecture " + inQuotes(architecture) +
                                 (architecture == "clip" ? ": it is the vision part, name the file beside it"
                                                         : "; only gemma3 is supported"));
    const auto table = file.tensors().find("token_embd.weight");
    if (table == file.tensors().end() || table->second.shape.size() != 2)
        return refused(file, "has no embedding table (token_embd.weight)");
    if (file.number("gemma3.final_logit_softcapping").value_or(0) != 0)
        return refused(file, "caps its logits, which Gemma 3 does not do");

    Required required(file);
    const int64_t numLayers = required.integer("gemma3.block_count");
    const int64_t width = required.integer("gemma3.embedding_length");
    const int64_t numHeads = required.integer("gemma3.attention.head_count");
    const int64_t headDim = required.integer("gemma3.attention.key_length");
    ordered_json text = {
        {"model_type", "gemma3_text"},
        {"vocab_size", table->second.shape[0]},
        {"hidden_size", width},
        {"intermediate_size", required.integer("gemma3.feed_forward_length")},
        {"num_hidden_layers", numLayers},
        {"num_attention_heads", numHeads},
        {"num_key_value_heads", required.integer("gemma3.attention.head_count_kv")},
        {"head_dim", headDim},
        {"max_position_embeddings", required.integer("gemma3.context_length")},
        {"rms_norm_eps", required.number("gemma3.attention.layer_norm_rms_epsilon")},
        {"rope_theta", file.number("gemma3.rope.freq_base").value_or(kLocalTheta)},
        {"rope_local_base_freq", file.number("gemma3.rope.freq_base_swa").value_or(kLocalTheta)},
    };
    if (required.error())
        return *required.error();
    if (file.integer("gemma3.attention.value_length").value_or(headDim) != headDim)
        return refused(file, "has keys and values of different sizes, which Gemma 3 has not");
    text["query_pre_attn_scalar"] = scalarByHeart(numLayers, width, numHeads, headDim);

    const Result<ordered_json> scaling = ropeScalingOf(file);
    if (!scaling)
        return scaling.error();
    text["rope_scaling"] = *scaling;
    const Result<std::vector<bool>> windows = windowsOf(file, numLayers);
    if (!windows)
        return windows.error();
    text["sliding_window"] = file.integer("gemma3.attention.sliding_window").value_or(4096);
    text["layer_types"] = ordered_json::array();
    for (const bool hasWindow : *windows)
        text["layer_types"].push_back(hasWindow ? "sliding_attention" : "full_attention");
    text["hidden_activation"] = "gelu_pytorch_tanh";
    text["attention_bias"] = false;
    text["attention_dropout"] = 0.0;
    text["initializer_range"] = 0.02;
    text["attn_logit_softcapping"] = nullptr;
    text["final_logit_softcapping"] = nullptr;
    const auto addId = [&](const char* key, const char* keyOfGguf) {
        if (const std::optional<int64_t> id = file.integer(keyOfGguf))
            text[key] = *id;
    };
    addId("bos_token_id", "tokenizer.ggml.bos_token_id");
    addId("eos_token_id", "tokenizer.ggml.eos_token_id");
    addId("pad_token_id", "tokenizer.ggml.padding_token_id");
    return text;
}

/// Mean and deviation by which pixels are normalised: halves, or the tower sees other pictures than it
/// learnt.
bool areHalves(const GgufFile& file, const char* key)
{
    const auto values = file.numbers(key);
    return !values || *values == std::vector<double>{0.5, 0.5, 0.5};
}

Result<ordered_json> visionJsonOf(const GgufFile& file, int64_t width, int64_t& tokensPerImage)
{
    const std::string_view kind =
        file.text("clip.vision.projector_type").value_or(file.text("clip.projector_type").value_or(""));
    if (kind != "gemma3")
        return refused(file,
                       "has a projector of the type " + inQuotes(kind) + ", and Gemma 3's is \"gemma3\"");
    if (!areHalves(file, "clip.vision.image_mean") || !areHalves(file, "clip.vision.image_std"))
        return refused(file, "normalises pictures by other means than 0.5, which is not supported");
    Required required(file);
    const int64_t imageSize = required.integer("clip.vision.image_size");
    const int64_t patchSize = required.integer("clip.vision.patch_size");
    ordered_json vision = {
        {"model_type", "siglip_vision_model"},
        {"hidden_size", required.integer("clip.vision.embedding_length")},
        {"intermediate_size", required.integer("clip.vision.feed_forward_length")},
        {"num_hidden_layers", required.integer("clip.vision.block_count")},
        {"num_attention_heads", required.integer("clip.vision.attention.head_count")},
        {"num_channels", 3},
        {"image_size", imageSize},
        {"patch_size", patchSize},
        {"layer_norm_eps", required.number("clip.vision.attention.layer_norm_epsilon")},
        {"hidden_act", "gelu_pytorch_tanh"},
        {"attention_dropout", 0.0},
        {"vision_use_head", false},
    };
    const int64_t projected = required.integer("clip.vision.projection_dim");
    if (required.error())
        return *required.error();
    if (projected != width)
        return refused(file, "projects pictures to " + std::to_string(projected) +
                                 " numbers, and the model has " + std::to_string(width) +
                                 ": it belongs to another model");
    const int64_t scale = file.integer("clip.vision.projector.scale_factor").value_or(kPatchesPerToken);
    if (imageSize < 1 || patchSize < 1 || scale < 1 || imageSize > 1 << 14)
        return refused(file, "has pictures, patches or tokens of an impossible size");
    const int64_t side = imageSize / patchSize / scale;
    tokensPerImage = side * side;
    return vision;
}

}  // namespace

Result<ordered_json> configJsonOf(const GgufFile& text, const GgufFile* vision)
{
    Result<ordered_json> textJson = textJsonOf(text);
    if (!textJson)
        return textJson.error();
    if (!vision) {
        ordered_json config = {{"architectures", {"Gemma3ForCausalLM"}}};
        config.update(*textJson);
        config["tie_word_embeddings"] = true;
        return config;
    }
    int64_t tokensPerImage = 0;
    const int64_t width = (*textJson)["hidden_size"];
    Result<ordered_json> visionJson = visionJsonOf(*vision, width, tokensPerImage);
    if (!visionJson)
        return visionJson.error();
    ordered_json config = {{"architectures", {"Gemma3ForConditionalGeneration"}}, {"model_type", "gemma3"}};
    const auto tokens = text.texts("tokenizer.ggml.tokens").value_or(std::vector<std::string_view>());
    const auto addId = [&](const char* key, std::string_view piece) {
        if (const auto found = std::ranges::find(tokens, piece); found != tokens.end())
            config[key] = found - tokens.begin();
    };
    addId("boi_token_index", "<start_of_image>");
    addId("eoi_token_index", "<end_of_image>");
    addId("image_token_index", "<image_soft_token>");
    if (textJson->contains("eos_token_id"))
        config["eos_token_id"] = (*textJson)["eos_token_id"];
    config["mm_tokens_per_image"] = tokensPerImage;
    config["initializer_range"] = 0.02;
    config["text_config"] = *std::move(textJson);
    config["vision_config"] = *std::move(visionJson);
    return config;
}

Result<GgufWriter::Metadata> ggufMetadataOf(const TextConfig& text)
{
    const auto whole = [](int64_t value) { return static_cast<uint32_t>(value); };
    const auto real = [](double value) { return static_cast<float>(value); };
    const int64_t byHeart = scalarByHeart(text.numLayers, text.hiddenSize, text.numHeads, text.headDim);
    if (text.queryPreAttnScalar != static_cast<double>(byHeart))
        return Error{ErrorCode::InvalidInput, "a GGUF cannot say that query_pre_attn_scalar is " +
                                                  std::to_string(text.queryPreAttnScalar) +
                                                  ": llama.cpp always takes " + std::to_string(byHeart) +
                                                  " for this shape; export to a Hugging Face folder instead"};
    if (text.ropeLocal.factor != 1)
        return Error{
            ErrorCode::InvalidInput,
            "a GGUF cannot say that rotary positions of local layers are scaled; export to a Hugging "
            "Face folder instead"};
    GgufWriter::Metadata metadata = {
        {"gemma3.context_length", whole(text.maxPositions)},
        {"gemma3.embedding_length", whole(text.hiddenSize)},
        {"gemma3.block_count", whole(text.numLayers)},
        {"gemma3.feed_forward_length", whole(text.intermediateSize)},
        {"gemma3.attention.head_count", whole(text.numHeads)},
        {"gemma3.attention.head_count_kv", whole(text.numKvHeads)},
        {"gemma3.attention.key_length", whole(text.headDim)},
        {"gemma3.attention.value_length", whole(text.headDim)},
        {"gemma3.attention.layer_norm_rms_epsilon", real(text.rmsNormEps)},
        {"gemma3.rope.freq_base", real(text.ropeGlobal.theta)},
        {"gemma3.rope.freq_base_swa", real(text.ropeLocal.theta)},
    };
    if (text.ropeGlobal.factor != 1) {
        metadata.emplace_back("gemma3.rope.scaling.type", std::string("linear"));
        metadata.emplace_back("gemma3.rope.scaling.factor", real(text.ropeGlobal.factor));
    }
    if (std::ranges::find(text.layers, LayerKind::Local) == text.layers.end())
        return metadata;  // without a window: all layers are global
    metadata.emplace_back("gemma3.attention.sliding_window", whole(text.slidingWindow));
    std::vector<bool> hasWindow;
    for (const LayerKind kind : text.layers)
        hasWindow.push_back(kind == LayerKind::Local);
    bool isUsual = true;
    for (size_t layer = 0; layer < hasWindow.size(); ++layer)
        isUsual = isUsual && hasWindow[layer] == ((layer + 1) % kPattern != 0);
    if (!isUsual)
        metadata.emplace_back("gemma3.attention.sliding_window_pattern", hasWindow);
    return metadata;
}

GgufWriter::Metadata ggufVisionMetadataOf(const Config& config)
{
    const auto whole = [](int64_t value) { return static_cast<uint32_t>(value); };
    const VisionConfig& vision = *config.vision;
    const auto tokensPerSide = std::lround(std::sqrt(static_cast<double>(config.tokensPerImage)));
    const std::vector<float> halves(3, 0.5f);
    GgufWriter::Metadata metadata = {
        {"clip.has_vision_encoder", true},
        {"clip.projector_type", std::string("gemma3")},
        {"clip.use_gelu", true},
        {"clip.vision.projection_dim", whole(config.text.hiddenSize)},
        {"clip.vision.image_size", whole(vision.imageSize)},
        {"clip.vision.patch_size", whole(vision.patchSize)},
        {"clip.vision.embedding_length", whole(vision.hiddenSize)},
        {"clip.vision.feed_forward_length", whole(vision.intermediateSize)},
        {"clip.vision.block_count", whole(vision.numLayers)},
        {"clip.vision.attention.head_count", whole(vision.numHeads)},
        {"clip.vision.attention.layer_norm_epsilon", static_cast<float>(vision.layerNormEps)},
        {"clip.vision.image_mean", halves},
        {"clip.vision.image_std", halves},
    };
    if (const int64_t scale = vision.patchesPerSide() / tokensPerSide; scale != kPatchesPerToken)
        metadata.emplace_back("clip.vision.projector.scale_factor", whole(scale));
    return metadata;
}

}  // namespace facet::core::gemma3
