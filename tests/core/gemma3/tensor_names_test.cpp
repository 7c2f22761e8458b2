#include "core/gemma3/tensor_names.h"

#include "core/base/file.h"
#include "core/gemma3/config_json.h"
#include "tests/support/check.h"

#include <QTest>
#include <nlohmann/json.hpp>

using namespace facet::core;

class TensorNamesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyPublicSizeHasTheNumberOfTensorsOfItsFiles_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<size_t>("count");
        // As the index files on the hub count them.
        QTest::newRow("270M") << QByteArray("270M") << size_t{236};
        QTest::newRow("1B") << QByteArray("1B") << size_t{340};
        QTest::newRow("4B") << QByteArray("4B") << size_t{883};
        QTest::newRow("12B") << QByteArray("12B") << size_t{1065};
        QTest::newRow("27B") << QByteArray("27B") << size_t{1247};
    }

    void everyPublicSizeHasTheNumberOfTensorsOfItsFiles()
    {
        QFETCH(QByteArray, name);
        QFETCH(size_t, count);
        const auto text = readFile(SOURCE_DIR "/tests/core/gemma3/golden/configs.json", 1 << 20);
        QVERIFY2(text, reason(text));
        const nlohmann::json golden = nlohmann::json::parse(*text);
        for (const auto& entry : golden["cases"]) {
            if (entry["name"] != name.toStdString())
                continue;
            const auto config = gemma3::parseConfig(entry["config"].dump(), false);
            QVERIFY2(config, reason(config));
            QCOMPARE(gemma3::expectedTensors(*config).size(), count);
            return;
        }
        QFAIL("no such case");
    }

    void everyGenerationOfNamesMeansTheSame_data()
    {
        QTest::addColumn<QByteArray>("inFile");
        QTest::addColumn<QByteArray>("canonical");
        const auto rows = [](const char* canonical, std::initializer_list<const char*> names) {
            for (const char* name : names)
                QTest::newRow(name) << QByteArray(name) << QByteArray(canonical);
        };
        rows("language_model.embed_tokens.weight",
             {"language_model.model.embed_tokens.weight", "model.language_model.embed_tokens.weight",
              "model.embed_tokens.weight", "embed_tokens.weight", "language_model.embed_tokens.weight"});
        rows("language_model.norm.weight",
             {"language_model.model.norm.weight", "model.language_model.norm.weight", "model.norm.weight",
              "norm.weight"});
        rows("language_model.layers.33.self_attn.q_norm.weight",
             {"language_model.model.layers.33.self_attn.q_norm.weight",
              "model.language_model.layers.33.self_attn.q_norm.weight",
              "model.layers.33.self_attn.q_norm.weight", "layers.33.self_attn.q_norm.weight"});
        rows("vision_tower.embeddings.patch_embedding.bias",
             {"vision_tower.vision_model.embeddings.patch_embedding.bias",
              "model.vision_tower.vision_model.embeddings.patch_embedding.bias",
              "vision_tower.embeddings.patch_embedding.bias"});
        rows("vision_tower.encoder.layers.0.mlp.fc2.weight",
             {"vision_tower.vision_model.encoder.layers.0.mlp.fc2.weight",
              "model.vision_tower.vision_model.encoder.layers.0.mlp.fc2.weight",
              "vision_tower.encoder.layers.0.mlp.fc2.weight"});
        rows("multi_modal_projector.mm_input_projection_weight",
             {"multi_modal_projector.mm_input_projection_weight",
              "model.multi_modal_projector.mm_input_projection_weight"});
    }

    void everyGenerationOfNamesMeansTheSame()
    {
        QFETCH(QByteArray, inFile);
        QFETCH(QByteArray, canonical);
        const auto name = gemma3::canonicalName(inFile.toStdString());
        QVERIFY(name);
        QCOMPARE(*name, canonical.toStdString());
    }

    void foreignNamesHaveNone()
    {
        for (const char* name :
             {"", "model.", "model.layers.0.self_attn.q_proj.bias", "model.layers.00.input_layernorm.weight",
              "model.layers.-1.input_layernorm.weight", "model.layers..input_layernorm.weight",
              "model.layers.#.input_layernorm.weight", "model.layers.99999.input_layernorm.weight",
              "model.layers.18446744073709551616.input_layernorm.weight", "model.model.norm.weight",
              "lm_head.weight", "model.layers.0.self_attn.q_proj.lora_A.weight", "score.weight",
              "vision_tower.head.probe", "vision_tower.vision_model.vision_model.post_layernorm.bias",
              "transformer.h.0.attn.weight"})
            QVERIFY2(!gemma3::canonicalName(name), name);
    }

    void canonicalNamesAreTheirOwn()
    {
        gemma3::Config config;
        config.text.numLayers = 3;
        config.vision = gemma3::VisionConfig();
        for (const auto& [name, shape] : gemma3::expectedTensors(config)) {
            QCOMPARE(gemma3::canonicalName(name).value_or("none"), name);
            QVERIFY(!shape.empty());
        }
    }

    void shapesAreThoseOfTheShape()
    {
        gemma3::Config config;
        config.text.hiddenSize = 20;
        config.text.intermediateSize = 30;
        config.text.numHeads = 4;
        config.text.numKvHeads = 2;
        config.text.headDim = 6;
        config.text.vocabSize = 100;
        config.vision = gemma3::VisionConfig();
        config.vision->hiddenSize = 12;
        const auto tensors = gemma3::expectedTensors(config);
        using Shape = std::vector<int64_t>;
        QCOMPARE(tensors.at("language_model.embed_tokens.weight"), (Shape{100, 20}));
        QCOMPARE(tensors.at("language_model.layers.25.self_attn.q_proj.weight"), (Shape{24, 20}));
        QCOMPARE(tensors.at("language_model.layers.0.self_attn.k_proj.weight"), (Shape{12, 20}));
        QCOMPARE(tensors.at("language_model.layers.0.self_attn.o_proj.weight"), (Shape{20, 24}));
        QCOMPARE(tensors.at("language_model.layers.0.mlp.down_proj.weight"), (Shape{20, 30}));
        QCOMPARE(tensors.at("vision_tower.embeddings.patch_embedding.weight"), (Shape{12, 3, 16, 16}));
        QCOMPARE(tensors.at("vision_tower.embeddings.position_embedding.weight"), (Shape{196, 12}));
        QCOMPARE(tensors.at("vision_tower.encoder.layers.11.mlp.fc1.bias"), (Shape{3072}));
        QCOMPARE(tensors.at("multi_modal_projector.mm_input_projection_weight"), (Shape{12, 20}));
        QVERIFY(!tensors.contains("language_model.layers.26.mlp.down_proj.weight"));
    }

    void whatNoGemma3ComputesWithIsKnown()
    {
        for (const char* name :
             {"vision_tower.head.probe", "model.vision_tower.vision_model.head.mlp.fc1.bias",
              "vision_tower.vision_model.embeddings.position_ids",
              "model.layers.3.self_attn.rotary_emb.inv_freq"})
            QVERIFY2(gemma3::isKnownButUnused(name), name);
        for (const char* name : {"head.probe", "vision_tower.post_layernorm.bias", "lm_head.weight"})
            QVERIFY2(!gemma3::isKnownButUnused(name), name);
        QVERIFY(gemma3::isTiedHead("lm_head.weight"));
        QVERIFY(gemma3::isTiedHead("language_model.lm_head.weight"));
        QVERIFY(!gemma3::isTiedHead("model.embed_tokens.weight"));
    }
};

QTEST_GUILESS_MAIN(TensorNamesTest)
#include "tensor_names_test.moc"
