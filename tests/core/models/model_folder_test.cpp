#include "core/models/model_folder.h"

#include "core/models/model_summary.h"
#include "tests/core/models/tiny_model.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;
namespace fs = std::filesystem;

class ModelFolderTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_root;
    fs::path m_folder;

    void writes(const char* name, const std::string& text)
    {
        fs::create_directories((m_folder / name).parent_path());
        QVERIFY(writeFileAtomically(m_folder / name, text));
    }

    std::string refusal() const
    {
        const auto model = ModelFolder::open(m_folder);
        return model ? "opened" : model.error().message;
    }

private Q_SLOTS:
    void init()
    {
        static int number = 0;
        m_folder = fs::path(m_root.path().toStdString()) / ("model-" + std::to_string(++number));
        fs::create_directories(m_folder);
    }

    void aWholeModelIsComplete()
    {
        writeTinyModel(m_folder, kTinyVision);
        const auto model = ModelFolder::open(m_folder);
        QVERIFY2(model, reason(model));
        QCOMPARE(model->accounting.inWords(), std::string());
        QVERIFY(model->accounting.isComplete());
        QVERIFY(model->hasVision);
        QCOMPARE(model->tensors.size(), 2u + 2 * 13 + 5 + 16 + 2);
        QCOMPARE(model->config.text.hiddenSize, 8);
        QCOMPARE(model->preprocessing.imageSize, 28);
    }

    void aTextOnlyImportLeavesTheVisionTensorsUnused()
    {
        writeTinyModel(m_folder, kTinyVision);
        const auto model = ModelFolder::open(m_folder, true);
        QVERIFY2(model, reason(model));
        QVERIFY2(model->accounting.isComplete(), model->accounting.inWords().c_str());
        QCOMPARE(model->tensors.size(), 28u);
        QCOMPARE(model->accounting.unused.size(), 23u);
        QVERIFY(model->hasVision);
        QVERIFY(!model->config.vision);
    }

    void everyWrongTensorIsListedByName()
    {
        writeTinyModel(m_folder, kTinyText, [](auto& tensors) {
            for (auto& tensor : tensors) {
                if (tensor.name == "language_model.norm.weight")
                    tensor.name = "model.norm.wait";
                else if (tensor.name == "language_model.layers.1.mlp.up_proj.weight")
                    tensor.shape = {8, 12};
                else if (tensor.name == "language_model.layers.0.mlp.up_proj.weight")
                    tensor.dtype = DType::I8;
            }
            tensors.push_back(
                {"model.layers.0.mlp.up_proj.weight", DType::BF16, {12, 8}});  // a second name of one
            tensors.push_back({"vision_tower.post_layernorm.weight", DType::BF16, {6}});  // in a text model
            tensors.push_back(
                {"model.layers.2.input_layernorm.weight", DType::BF16, {8}});  // a layer too many
        });
        const auto model = ModelFolder::open(m_folder);
        QVERIFY2(model, reason(model));
        using List = std::vector<std::string>;
        QCOMPARE(model->accounting.missing, (List{"language_model.norm.weight"}));
        QCOMPARE(model->accounting.unexpected,
                 (List{"model.layers.0.mlp.up_proj.weight", "model.layers.2.input_layernorm.weight",
                       "model.norm.wait", "vision_tower.post_layernorm.weight"}));
        QCOMPARE(model->accounting.misshaped,
                 (List{"language_model.layers.0.mlp.up_proj.weight has the type I8, not F32, BF16 or F16",
                       "language_model.layers.1.mlp.up_proj.weight has shape [8, 12], not [12, 8]"}));
        QVERIFY(!model->accounting.isComplete());
        QVERIFY2(model->accounting.inWords().starts_with(
                     "1 tensor is missing: language_model.norm.weight; 2 tensors are wrong: "),
                 model->accounting.inWords().c_str());
    }

    void aTiedHeadIsFineIfItEqualsTheTable()
    {
        writeTinyModel(m_folder, kTinyText, [](auto& tensors) {
            tensors.push_back({"lm_head.weight", DType::BF16, {30, 8}});
        });
        const auto model = ModelFolder::open(m_folder);
        QVERIFY2(model, reason(model));
        QVERIFY2(model->accounting.isComplete(), model->accounting.inWords().c_str());
        QCOMPARE(model->accounting.unused, (std::vector<std::string>{"lm_head.weight"}));
    }

    void anotherHeadIsSaid()
    {
        for (const bool sameShape : {true, false}) {
            writeTinyModel(m_folder, kTinyText, [&](auto& tensors) {
                // An "lm_head" is filled as the table is; a table whose name starts otherwise is not.
                for (auto& tensor : tensors) {
                    if (tensor.name == "language_model.embed_tokens.weight" && sameShape)
                        tensor.name = "model.embed_tokens.weight";
                }
                tensors.push_back({"lm_head.weight", DType::BF16, {sameShape ? 30 : 31, 8}});
            });
            const auto model = ModelFolder::open(m_folder);
            QVERIFY2(model, reason(model));
            QCOMPARE(model->accounting.misshaped,
                     (std::vector<std::string>{
                         "lm_head.weight differs from the embedding table, which is Gemma 3's head"}));
        }
    }

    void shardsAreOneModel()
    {
        writeTinyModel(m_folder, kTinyText, [](auto& tensors) { tensors.resize(5); });
        fs::rename(m_folder / "model.safetensors", m_folder / "one.safetensors");
        writeTinyModel(m_folder, kTinyText,
                       [](auto& tensors) { tensors.erase(tensors.begin(), tensors.begin() + 5); });
        fs::rename(m_folder / "model.safetensors", m_folder / "two.safetensors");
        writes("model.safetensors.index.json",
               R"({"weight_map": {"language_model.embed_tokens.weight": "one.safetensors",
                                  "language_model.norm.weight": "two.safetensors"}})");
        const auto model = ModelFolder::open(m_folder);
        QVERIFY2(model, reason(model));
        QVERIFY2(model->accounting.isComplete(), model->accounting.inWords().c_str());
        QCOMPARE(model->files.size(), 2u);
    }

    void whatIsNoModelForUsIsRefusedInWords()
    {
        QVERIFY2(refusal().ends_with("has no config.json: it is no Hugging Face model folder"),
                 refusal().c_str());
        writes("config.json", "{");
        QCOMPARE(refusal(), (m_folder / "config.json").string() + " is not valid JSON at byte 2");
        writes("config.json", R"({"model_type": "llama"})");
        QCOMPARE(refusal(), (m_folder / "config.json").string() +
                                " has the model_type \"llama\"; only gemma3 and gemma3_text are supported");
        writes("config.json", R"({"model_type": "gemma3_text", "head_dim": 3})");
        QCOMPARE(refusal(), (m_folder / "config.json").string() +
                                ": head_dim is 3; rotary positions need an even number");
        writes("config.json", kTinyText);
        QVERIFY2(refusal().ends_with("has no weights: model.safetensors is missing"), refusal().c_str());
        writes("consolidated.safetensors", "x");
        QVERIFY2(
            refusal().find("no model.safetensors and no model.safetensors.index.json") != std::string::npos,
            refusal().c_str());
        writes("pytorch_model-00001-of-00002.bin", "x");
        QVERIFY2(refusal().find("pytorch_model.bin only") != std::string::npos, refusal().c_str());
        writes("model-q4.gguf", "GGUF");
        QVERIFY2(refusal().find("GGUF; name the .gguf file itself") != std::string::npos, refusal().c_str());
        writes("adapter_config.json", "{}");
        QVERIFY2(refusal().find("is a LoRA adapter") != std::string::npos, refusal().c_str());
        QCOMPARE(ModelFolder::open(m_folder / "none").error().code, ErrorCode::NotFound);
        QCOMPARE(ModelFolder::open(m_folder / "model-q4.gguf").error().code, ErrorCode::InvalidInput);
        QCOMPARE(ModelFolder::open(m_folder / "config.json").error().code, ErrorCode::InvalidInput);
    }

    void aNemoFolderIsRefusedWithTheCommandThatExportsIt()
    {
        writes("weights/common.pt", "x");
        writes("context/io.json", "{}");
        const std::string path = m_folder.string();
        QVERIFY2(refusal().find("llm.export_ckpt(path=Path('" + path + "'), target='hf', output_path=Path('" +
                                path + "-hf'))") != std::string::npos,
                 refusal().c_str());
        QCOMPARE(ModelFolder::open(m_folder).error().code, ErrorCode::InvalidInput);
    }

    void aFolderOfTheHubCacheIsItsSnapshot()
    {
        const fs::path repository = m_folder / "models--google--gemma-3-4b-it";
        writeTinyModel(repository / "snapshots" / "abc123", kTinyText);
        fs::create_directories(repository / "snapshots" / "old");
        fs::create_directories(repository / "refs");
        QVERIFY(writeFileAtomically(repository / "refs" / "main", "abc123"));
        const auto model = ModelFolder::open(repository);
        QVERIFY2(model, reason(model));
        QCOMPARE(model->path, repository / "snapshots" / "abc123");
    }

    void stopIdsComeFromTheFirstFileThatHasThem()
    {
        writeTinyModel(m_folder, kTinyText);
        using Ids = std::vector<int64_t>;
        QCOMPARE(ModelFolder::open(m_folder)->generation.eosTokenIds, (Ids{1, 106}));
        std::string config = kTinyText;
        config.insert(1, "\"eos_token_id\": 5,");
        writes("config.json", config);
        QCOMPARE(ModelFolder::open(m_folder)->generation.eosTokenIds, (Ids{5}));
        writes("generation_config.json",
               R"({"eos_token_id": [1, 7], "do_sample": true, "top_k": 64, "top_p": 0.95})");
        const auto model = ModelFolder::open(m_folder);
        QCOMPARE(model->generation.eosTokenIds, (Ids{1, 7}));
        QCOMPARE(model->generation.topK, 64);
        QCOMPARE(model->generation.topP, 0.95);
        QCOMPARE(model->generation.temperature, 1.0);
        QVERIFY(model->generation.doSample);
        writes("generation_config.json", R"({"eos_token_id": "x"})");
        QCOMPARE(refusal(), (m_folder / "generation_config.json").string() +
                                ": eos_token_id has \"x\", which is no token id");
    }

    void pictureSettingsComeFromEitherFile()
    {
        writeTinyModel(m_folder, kTinyVision);
        writes("preprocessor_config.json",
               R"({"do_convert_rgb": null, "do_normalize": true, "do_pan_and_scan": null, "do_rescale": true,
                   "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "image_seq_length": 256,
                   "pan_and_scan_max_num_crops": null, "resample": 2, "rescale_factor": 0.00392156862745098,
                   "size": {"height": 28, "width": 28}})");
        auto model = ModelFolder::open(m_folder);
        QVERIFY2(model, reason(model));
        QVERIFY(!model->preprocessing.panAndScan);
        QCOMPARE(model->preprocessing.panAndScanMaxNumCrops, 4);
        writes(
            "processor_config.json",
            R"({"image_seq_length": 4, "image_processor": {"do_pan_and_scan": true, "pan_and_scan_max_num_crops": 2,
                   "pan_and_scan_min_crop_size": 32, "pan_and_scan_min_ratio_to_activate": 1.5}})");
        model = ModelFolder::open(m_folder);
        QVERIFY2(model, reason(model));
        QVERIFY(model->preprocessing.panAndScan);
        QCOMPARE(model->preprocessing.panAndScanMaxNumCrops, 2);
        QCOMPARE(model->preprocessing.panAndScanMinCropSize, 32);
        QCOMPARE(model->preprocessing.panAndScanMinRatioToActivate, 1.5);
    }

    void pictureSettingsThatWeDoNotFollowAreRefused_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QByteArray>("sentence");
        const auto row = [](const char* json, const char* sentence) {
            QTest::newRow(sentence) << QByteArray(json) << QByteArray(sentence);
        };
        row(R"({"image_mean": [0.48, 0.45, 0.40]})",
            "image_mean is [0.48,0.45,0.4]; only [0.5, 0.5, 0.5] is supported");
        row(R"({"image_std": 0.5})", "image_std is 0.5; only [0.5, 0.5, 0.5] is supported");
        row(R"({"resample": 3})", "resample is not 2 (bilinear), which is not supported");
        row(R"({"do_normalize": false})", "do_normalize is false, which is not supported");
        row(R"({"rescale_factor": 1.0})", "rescale_factor is not 1/255, which is not supported");
        row(R"({"size": {"height": 28, "width": 56}})",
            "size.width is not 28, the image_size of the vision tower");
        row(R"({"do_pan_and_scan": "yes"})", "do_pan_and_scan is \"yes\", not true or false");
        row(R"({"pan_and_scan_max_num_crops": 0})",
            "pan_and_scan_max_num_crops is 0, not a whole number from 1 to 1024");
    }

    void pictureSettingsThatWeDoNotFollowAreRefused()
    {
        QFETCH(QByteArray, json);
        QFETCH(QByteArray, sentence);
        writeTinyModel(m_folder, kTinyVision);
        writes("preprocessor_config.json", json.toStdString());
        QCOMPARE(refusal(), (m_folder / "preprocessor_config.json").string() + ": " + sentence.toStdString());
        const auto text = ModelFolder::open(m_folder, true);  // which sees no pictures
        QVERIFY2(text, reason(text));
    }

    void theSummaryAddsUp()
    {
        writeTinyModel(m_folder, kTinyVision);
        writes("README.md", "---\nlanguage: en\nlicense: \"gemma\"\n---\nlicense: mit\n");
        const auto model = ModelFolder::open(m_folder);
        QVERIFY2(model, reason(model));
        const ModelSummary summary = summarize(*model);
        QCOMPARE(summary.licence, std::string("gemma"));
        QCOMPARE(summary.parts.size(), 4u);
        QCOMPARE(summary.parts[0].numParameters, 30 * 8);
        // By hand: two layers of 4 norms, q and o [8,8], k and v [4,8], two norms of 4, three matrices of
        // 8*12; a norm.
        QCOMPARE(summary.parts[1].numParameters, 2 * (4 * 8 + 2 * 64 + 2 * 32 + 2 * 4 + 3 * 96) + 8);
        QCOMPARE(summary.parts[3].numParameters, 6 + 6 * 8);
        int64_t sum = 0;
        for (const ModelSummary::Part& part : summary.parts)
            sum += part.numParameters;
        QCOMPARE(sum, summary.numParameters);
        QCOMPARE(summary.parametersByType.at("BF16"), sum);
        QCOMPARE(summary.totalBytes, fs::file_size(m_folder / "model.safetensors"));
        writes("README.md", "license: mit\n");
        QCOMPARE(summarize(*model).licence, std::string());
    }
};

QTEST_GUILESS_MAIN(ModelFolderTest)
#include "model_folder_test.moc"
