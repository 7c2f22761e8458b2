#include "core/gemma3/config_json.h"

#include "core/base/file.h"
#include "core/gemma3/config_writer.h"
#include "tests/support/check.h"

#include <QTest>
#include <nlohmann/json.hpp>

using namespace facet::core;
using nlohmann::json;

namespace {

/// Our answer in the words of golden/make_configs.py.
json described(const gemma3::Config& config)
{
    const auto rope = [](const gemma3::Rope& r) { return json{{"theta", r.theta}, {"factor", r.factor}}; };
    const gemma3::TextConfig& t = config.text;
    std::string layers;
    for (const gemma3::LayerKind kind : t.layers)
        layers += kind == gemma3::LayerKind::Local ? 'L' : 'G';
    json out = {{"text",
                 {{"vocabSize", t.vocabSize},
                  {"hiddenSize", t.hiddenSize},
                  {"intermediateSize", t.intermediateSize},
                  {"numLayers", t.numLayers},
                  {"numHeads", t.numHeads},
                  {"numKvHeads", t.numKvHeads},
                  {"headDim", t.headDim},
                  {"queryPreAttnScalar", t.queryPreAttnScalar},
                  {"slidingWindow", t.slidingWindow},
                  {"maxPositions", t.maxPositions},
                  {"rmsNormEps", t.rmsNormEps},
                  {"ropeLocal", rope(t.ropeLocal)},
                  {"ropeGlobal", rope(t.ropeGlobal)},
                  {"layers", layers}}}};
    if (config.vision) {
        const gemma3::VisionConfig& v = *config.vision;
        out["vision"] = {{"hiddenSize", v.hiddenSize},   {"intermediateSize", v.intermediateSize},
                         {"numLayers", v.numLayers},     {"numHeads", v.numHeads},
                         {"imageSize", v.imageSize},     {"patchSize", v.patchSize},
                         {"numChannels", v.numChannels}, {"layerNormEps", v.layerNormEps}};
        out["tokensPerImage"] = config.tokensPerImage;
        out["imageTokenId"] = config.imageTokenId;
        out["boiTokenId"] = config.boiTokenId;
        out["eoiTokenId"] = config.eoiTokenId;
    }
    return out;
}

json golden()
{
    const auto text = readFile(SOURCE_DIR "/tests/core/gemma3/golden/configs.json", 1 << 20);
    return text ? json::parse(*text, nullptr, false)["cases"] : json();
}

}  // namespace

class ConfigJsonTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void configsMeanWhatTransformersMakesOfThem_data()
    {
        QTest::addColumn<QByteArray>("config");
        QTest::addColumn<QByteArray>("resolved");
        const json cases = golden();
        QVERIFY(cases.size() >= 20);
        for (const json& entry : cases) {
            QTest::newRow(entry["name"].get<std::string>().c_str())
                << QByteArray::fromStdString(entry["config"].dump())
                << QByteArray::fromStdString(entry["resolved"].dump());
        }
    }

    void configsMeanWhatTransformersMakesOfThem()
    {
        QFETCH(QByteArray, config);
        QFETCH(QByteArray, resolved);
        const auto parsed = gemma3::parseConfig(config.toStdString(), false);
        QVERIFY2(parsed, reason(parsed));
        QCOMPARE(described(*parsed).dump(1), json::parse(resolved.toStdString()).dump(1));
    }

    void whatIsWrittenIsReadAgain()
    {
        for (const json& entry : golden()) {
            const Result<gemma3::Config> config = gemma3::parseConfig(entry["config"].dump(), false);
            QVERIFY2(config, reason(config));
            const Result<gemma3::Config> again =
                gemma3::parseConfig(gemma3::configJson(*config).dump(), false);
            QVERIFY2(again, reason(again));
            QCOMPARE(described(*again).dump(), described(*config).dump());
        }
    }

    void aTextOnlyImportLacksTheVisionPartAlone()
    {
        for (const json& entry : golden()) {
            const auto parsed = gemma3::parseConfig(entry["config"].dump(), true);
            QVERIFY2(parsed, reason(parsed));
            QVERIFY(!parsed->vision);
            const json text = {{"text", entry["resolved"]["text"]}};
            QCOMPARE(described(*parsed).dump(), text.dump());
        }
    }

    void whatIsNotGemma3IsRefusedInWords_data()
    {
        QTest::addColumn<QByteArray>("patch");
        QTest::addColumn<QByteArray>("sentence");
        const auto row = [](const char* name, const char* patch, const char* sentence) {
            QTest::newRow(name) << QByteArray(patch) << QByteArray(sentence);
        };
        row("another model", R"({"model_type": "gemma2"})",
            "has the model_type \"gemma2\"; only gemma3 and gemma3_text are supported");
        row("no type", R"({"model_type": null})", "has no model_type; gemma3 and gemma3_text are supported");
        row("a type of the wrong kind", R"({"model_type": 3})", "model_type is 3, not a text");
        row("quantised", R"({"quantization_config": {"bits": 4}})",
            "quantization_config is set: quantised weights are not supported; use the original checkpoint");
        row("untied", R"({"tie_word_embeddings": false})",
            "tie_word_embeddings is false; Gemma 3's head is its embedding table");
        row("biases", R"({"text_config": {"attention_bias": true}})",
            "text_config.attention_bias is true; Gemma 3 has no biases in attention");
        row("capped", R"({"text_config": {"final_logit_softcapping": 30.0}})",
            "text_config.final_logit_softcapping is set; Gemma 3 caps nothing (Gemma 2 does)");
        row("an encoder", R"({"text_config": {"use_bidirectional_attention": true}})",
            "text_config.use_bidirectional_attention is true: this is an encoder (EmbeddingGemma), not a "
            "chat model");
        row("activation", R"({"text_config": {"hidden_activation": "silu"}})",
            "text_config.hidden_activation is \"silu\"; Gemma 3 has gelu_pytorch_tanh");
        row("vision activation", R"({"vision_config": {"hidden_act": "quick_gelu"}})",
            "vision_config.hidden_act is \"quick_gelu\"; Gemma 3 has gelu_pytorch_tanh");
        row("another text part", R"({"text_config": {"model_type": "llama"}})",
            "text_config.model_type is \"llama\", not gemma3_text");
        row("yarn", R"({"text_config": {"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}})",
            "text_config.rope_scaling.rope_type is \"yarn\", which is not supported: only default and linear "
            "are");
        row("linear without a factor", R"({"text_config": {"rope_scaling": {"rope_type": "linear"}}})",
            "text_config.rope_scaling.factor is missing");
        row("a factor without a type", R"({"text_config": {"rope_scaling": {"factor": 8.0}}})",
            "text_config.rope_scaling.rope_type is missing beside a factor");
        row("flat rope parameters", R"({"text_config": {"rope_parameters": {"rope_theta": 1e6}}})",
            "text_config.rope_parameters has the key \"rope_theta\": it must have one object for "
            "full_attention and one "
            "for sliding_attention");
        row("part of a head rotated",
            R"({"text_config": {"rope_parameters": {"full_attention": {"partial_rotary_factor": 0.5}}}})",
            "text_config.rope_parameters.full_attention.partial_rotary_factor is not 1, which is not "
            "supported");
        row("no heads", R"({"text_config": {"num_attention_heads": 0}})",
            "text_config.num_attention_heads is 0, not a whole number from 1 to 1024");
        row("heads in no groups", R"({"text_config": {"num_attention_heads": 8, "num_key_value_heads": 3}})",
            "text_config.num_attention_heads is 8, no multiple of 3 num_key_value_heads");
        row("an odd head", R"({"text_config": {"head_dim": 15}})",
            "text_config.head_dim is 15; rotary positions need an even number");
        row("a negative width", R"({"text_config": {"hidden_size": -1}})",
            "text_config.hidden_size is -1, not a whole number from 1 to 1048576");
        row("an absurd width", R"({"text_config": {"hidden_size": 18446744073709551615}})",
            "text_config.hidden_size is 18446744073709551615, not a whole number from 1 to 1048576");
        row("a fractional width", R"({"text_config": {"hidden_size": 64.0}})",
            "text_config.hidden_size is 64.0, not a whole number from 1 to 1048576");
        row("a billion layers", R"({"text_config": {"num_hidden_layers": 1000000000}})",
            "text_config.num_hidden_layers is 1000000000, not a whole number from 1 to 1024");
        row("layer types too few", R"({"text_config": {"layer_types": ["full_attention"]}})",
            "text_config.layer_types is not a list of 26 texts, one for each layer");
        row("unknown layer type",
            R"({"text_config": {"num_hidden_layers": 1, "layer_types": ["chunked_attention"]}})",
            "text_config.layer_types has \"chunked_attention\", which is neither full_attention nor "
            "sliding_attention");
        row("pattern that transformers overlooks", R"({"text_config": {"_sliding_window_pattern": 2}})",
            "text_config._sliding_window_pattern stands without layer_types; write layer_types");
        row("pattern 0", R"({"text_config": {"sliding_window_pattern": 0}})",
            "text_config.sliding_window_pattern is 0, not a whole number from 1 to 1073741824");
        row("no window", R"({"text_config": {"sliding_window": null}})",
            "text_config.sliding_window is null, but there are layers with sliding_attention");
        row("text part of the wrong kind", R"({"text_config": 3})", "text_config is 3, not an object");
        row("patches not whole", R"({"vision_config": {"image_size": 897}})",
            "vision_config.image_size is 897, no multiple of the patch_size 14");
        row("an oblong picture", R"({"vision_config": {"image_size": [896, 448]}})",
            "vision_config.image_size is not one number or two equal ones: pictures are squares");
        row("vision heads", R"({"vision_config": {"num_attention_heads": 7}})",
            "vision_config.hidden_size is 1152, no multiple of 7 num_attention_heads");
        row("grey", R"({"vision_config": {"num_channels": 1}})",
            "vision_config.num_channels is 1, not a whole number from 3 to 3");
        row("tokens no square", R"({"mm_tokens_per_image": 255})",
            "mm_tokens_per_image is 255, no square number whose root divides the 64 patches of a side");
        row("tokens that do not divide", R"({"mm_tokens_per_image": 225})",
            "mm_tokens_per_image is 225, no square number whose root divides the 64 patches of a side");
        row("more tokens than patches", R"({"mm_tokens_per_image": 16384})",
            "mm_tokens_per_image is 16384, no square number whose root divides the 64 patches of a side");
    }

    void whatIsNotGemma3IsRefusedInWords()
    {
        QFETCH(QByteArray, patch);
        QFETCH(QByteArray, sentence);
        json config = {
            {"model_type", "gemma3"},
            {"text_config", json::object()},
            {"vision_config",
             {{"hidden_size", 1152}, {"image_size", 896}, {"patch_size", 14}, {"num_attention_heads", 16}}}};
        QVERIFY(gemma3::parseConfig(config.dump(), false));
        const json changes = json::parse(patch.toStdString());
        for (const auto& [key, value] : changes.items()) {
            if (config.contains(key) && config[key].is_object() && value.is_object())
                config[key].update(value);
            else
                config[key] = value;
        }
        const auto parsed = gemma3::parseConfig(config.dump(), false);
        QVERIFY(!parsed);
        QCOMPARE(parsed.error().code, ErrorCode::InvalidInput);
        QCOMPARE(parsed.error().message, sentence.toStdString());
    }

    void theOldKeyOfTheScalingIsHonoured()
    {
        // transformers 4.50 read "type"; 5.17 overlooks it, and the model then fails on long texts.
        const auto parsed = gemma3::parseConfig(
            R"({"model_type": "gemma3_text", "rope_scaling": {"type": "linear", "factor": 8.0}})", false);
        QVERIFY2(parsed, reason(parsed));
        QCOMPARE(parsed->text.ropeGlobal.factor, 8.0);
        QCOMPARE(parsed->text.ropeLocal.factor, 1.0);
    }

    void whatIsNoJsonIsRefused()
    {
        QCOMPARE(gemma3::parseConfig("", false).error().message, std::string("is not valid JSON at byte 1"));
        QCOMPARE(gemma3::parseConfig("[]", false).error().message,
                 std::string("holds a list, not an object"));
        QCOMPARE(
            gemma3::parseConfig(R"({"model_type": "gemma3", "model_type": "llama"})", false).error().message,
            std::string("has the key \"model_type\" twice"));
    }
};

QTEST_GUILESS_MAIN(ConfigJsonTest)
#include "config_json_test.moc"
