// A GGUF file as the model that it stands for.

#include "core/models/gguf_model.h"
#include "core/base/json.h"
#include "core/gemma3/config_json.h"
#include "core/gemma3/gguf_config.h"
#include "core/gemma3/gguf_names.h"
#include "core/gemma3/tensor_names.h"
#include "core/gguf/blocks.h"
#include "core/gguf/gguf_writer.h"
#include "core/gguf/half.h"
#include "core/models/library.h"
#include "core/models/model_ref.h"
#include "core/models/model_summary.h"
#include "core/tokenizer/gguf_vocabulary.h"
#include "core/tokenizer/tokenizer.h"
#include "tests/core/models/tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;
namespace fs = std::filesystem;

namespace {

using Metadata = GgufWriter::Metadata;

/// The text of a sentence that a call failed with; "" if it did not.
template <typename T>
std::string complaint(const Result<T>& result)
{
    return result ? std::string() : result.error().message;
}

/// Puts another value in, or takes one out where there is none.
void change(Metadata& metadata, const std::string& key, std::optional<GgufWriter::Value> value)
{
    std::erase_if(metadata, [&](const auto& entry) { return entry.first == key; });
    if (value)
        metadata.emplace_back(key, *value);
}

/// Without bytes: SentencePiece wants all 256 of them or none.
Vocabulary tinyVocabulary()
{
    Vocabulary vocabulary;
    vocabulary.pieces = {{"<pad>", 0, PieceType::Control},
                         {"<eos>", 0, PieceType::Control},
                         {"<bos>", 0, PieceType::Control},
                         {"<unk>", 0, PieceType::Unknown},
                         {"b", -4, PieceType::Normal},
                         {"c", -5, PieceType::Normal},
                         {"▁", -6, PieceType::Normal},
                         {"a", -7, PieceType::Normal},
                         {"▁a", -8, PieceType::Normal},
                         {"<end_of_turn>", 0, PieceType::Control},
                         {"<unused0>", 0, PieceType::UserDefined},
                         {"▁▁", 0, PieceType::UserDefined}};
    return vocabulary;
}

void append(Metadata& metadata, const Result<Metadata>& more)
{
    QVERIFY2(more, reason(more));
    metadata.insert(metadata.end(), more->begin(), more->end());
}

Metadata tinyMetadata(const gemma3::Config& config)
{
    Metadata metadata = {{"general.architecture", std::string("gemma3")},
                         {"general.file_type", uint32_t{32}},
                         {"general.license", std::string("gemma")}};
    append(metadata, gemma3::ggufMetadataOf(config.text));
    append(metadata, ggufVocabulary(tinyVocabulary(), config.text.vocabSize));
    return metadata;
}

/// Writes the text or the vision tensors of a shape, all of them 1 + 2^-7 in F32.
void writeTensors(const fs::path& path, const Metadata& metadata, const gemma3::Config& config, bool vision)
{
    std::vector<GgufWriter::Tensor> tensors;
    for (const auto& [name, shape] : gemma3::expectedTensors(config))
        if (gemma3::isVisionTensor(name) == vision)
            tensors.push_back({*gemma3::ggufNameOf(name), DType::F32, shape});
    auto writer = GgufWriter::create(path, metadata, tensors);
    QVERIFY2(writer, reason(writer));
    for (const GgufWriter::Tensor& tensor : tensors) {
        const std::vector<float> values(*byteSize(tensor.dtype, tensor.shape) / 4, 1 + 0x1p-7f);
        QVERIFY(writer->append(tensor.name, std::as_bytes(std::span(values))));
    }
    QVERIFY(writer->finish());
}

}  // namespace

class GgufModelTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_root;
    fs::path m_folder;
    gemma3::Config m_config;

    fs::path file() const { return m_folder / "tiny.gguf"; }

    void writeText(const Metadata& metadata) { writeTensors(file(), metadata, m_config, false); }
    void writeVision(const fs::path& path, const std::function<void(Metadata&)>& changed = {})
    {
        Metadata metadata = {{"general.architecture", std::string("clip")}};
        append(metadata, gemma3::ggufVisionMetadataOf(m_config));
        if (changed)
            changed(metadata);
        writeTensors(path, metadata, m_config, true);
    }

private Q_SLOTS:
    void init()
    {
        static int number = 0;
        m_folder = fs::path(m_root.path().toStdString()) / std::to_string(++number);
        fs::create_directories(m_folder);
        const auto config = gemma3::parseConfig(kTinyVision, false);
        QVERIFY2(config, reason(config));
        m_config = *config;
        m_config.text.queryPreAttnScalar = 4;  // the head's size, as llama.cpp has it
    }

    void everyPublicSizeComesBack_data()
    {
        QTest::addColumn<QByteArray>("name");
        for (const char* name : {"270M", "1B", "4B", "12B", "27B"})
            QTest::newRow(name) << QByteArray(name);
    }
    void everyPublicSizeComesBack()
    {
        QFETCH(const QByteArray, name);
        const auto golden = readJsonObject(SOURCE_DIR "/tests/core/gemma3/golden/configs.json");
        QVERIFY2(golden, reason(golden));
        gemma3::Config config;
        for (const auto& entry : (*golden)["cases"]) {
            if (entry["name"] == name.toStdString())
                config = *gemma3::parseConfig(entry["config"].dump(), false);
        }
        QVERIFY(!config.text.layers.empty());
        config.text.vocabSize = 8;  // the table is the only tensor of these files
        Metadata metadata = {{"general.architecture", std::string("gemma3")}};
        append(metadata, gemma3::ggufMetadataOf(config.text));
        auto writer = GgufWriter::create(file(), metadata,
                                         {{"token_embd.weight", DType::F32, {8, config.text.hiddenSize}}});
        QVERIFY2(writer, reason(writer));
        const std::vector<std::byte> table(static_cast<size_t>(32 * config.text.hiddenSize));
        QVERIFY(writer->append("token_embd.weight", table));
        QVERIFY(writer->finish());
        const auto text = GgufFile::open(file());
        QVERIFY2(text, reason(text));

        std::optional<GgufFile> vision;
        if (config.vision) {
            auto visionWriter =
                GgufWriter::create(m_folder / "v.gguf", gemma3::ggufVisionMetadataOf(config), {});
            QVERIFY(visionWriter && visionWriter->finish());
            vision = *GgufFile::open(m_folder / "v.gguf");
        }
        const auto json = gemma3::configJsonOf(*text, vision ? &*vision : nullptr);
        QVERIFY2(json, reason(json));
        const auto read = gemma3::parseConfig(json->dump(), false);
        QVERIFY2(read, reason(read));
        const gemma3::TextConfig &a = config.text, &b = read->text;
        QCOMPARE(b.vocabSize, a.vocabSize);
        QCOMPARE(b.hiddenSize, a.hiddenSize);
        QCOMPARE(b.intermediateSize, a.intermediateSize);
        QCOMPARE(b.numLayers, a.numLayers);
        QCOMPARE(b.numHeads, a.numHeads);
        QCOMPARE(b.numKvHeads, a.numKvHeads);
        QCOMPARE(b.headDim, a.headDim);
        QCOMPARE(b.queryPreAttnScalar, a.queryPreAttnScalar);
        QCOMPARE(b.slidingWindow, a.slidingWindow);
        QCOMPARE(b.maxPositions, a.maxPositions);
        QCOMPARE(b.rmsNormEps, a.rmsNormEps);
        QCOMPARE(b.ropeLocal.theta, a.ropeLocal.theta);
        QCOMPARE(b.ropeGlobal.theta, a.ropeGlobal.theta);
        QCOMPARE(b.ropeGlobal.factor, a.ropeGlobal.factor);
        QVERIFY(b.layers == a.layers);
        QCOMPARE(read->vision.has_value(), config.vision.has_value());
        if (config.vision) {
            QCOMPARE(read->tokensPerImage, config.tokensPerImage);
            QCOMPARE(read->vision->hiddenSize, config.vision->hiddenSize);
            QCOMPARE(read->vision->intermediateSize, config.vision->intermediateSize);
            QCOMPARE(read->vision->numLayers, config.vision->numLayers);
            QCOMPARE(read->vision->numHeads, config.vision->numHeads);
            QCOMPARE(read->vision->imageSize, config.vision->imageSize);
            QCOMPARE(read->vision->patchSize, config.vision->patchSize);
            QCOMPARE(read->vision->layerNormEps, config.vision->layerNormEps);
        }
    }

    void textAndVisionMakeOneModel()
    {
        Metadata metadata = tinyMetadata(m_config);
        change(metadata, "tokenizer.chat_template", std::string("{{ x }}"));
        change(metadata, "general.sampling.top_k", int32_t{64});
        writeText(metadata);
        writeVision(m_folder / "mmproj-tiny.gguf");
        writeVision(m_folder / "mmproj-other.gguf");  // the one with the model's name is taken
        const auto model = ModelFolder::open(file());
        QVERIFY2(model, reason(model));
        QVERIFY2(model->accounting.isComplete(), model->accounting.inWords().c_str());
        QCOMPARE(model->tensors.size(), gemma3::expectedTensors(m_config).size());
        QVERIFY(model->hasVision && model->config.vision);
        QCOMPARE(model->config.tokensPerImage, 4);
        QCOMPARE(model->preprocessing.imageSize, 28);
        QCOMPARE(model->generation.eosTokenIds, (std::vector<int64_t>{1, 9}));
        QVERIFY(model->generation.doSample);
        QCOMPARE(model->generation.topK, 64);
        const ModelSummary summary = summarize(*model);
        QCOMPARE(summary.licence, std::string("gemma"));
        QCOMPARE(summary.files.size(), 2u);

        // Norms lose their one; the tower's are as they are.
        const TensorView& norm = model->tensors.at("language_model.norm.weight");
        QCOMPARE(norm.dtype, DType::BF16);  // general.file_type says so
        uint16_t word = 0;
        std::memcpy(&word, norm.bytes.data(), 2);
        QCOMPARE(floatOfBFloat16(word), 0x1p-7f);
        const TensorView& towers = model->tensors.at("vision_tower.post_layernorm.weight");
        float value = 0;
        std::memcpy(&value, towers.bytes.data(), 4);
        QCOMPARE(value, 1 + 0x1p-7f);

        const auto textOnly = ModelFolder::open(file(), true);
        QVERIFY2(textOnly, reason(textOnly));
        QVERIFY(textOnly->hasVision && !textOnly->config.vision && textOnly->accounting.isComplete());
    }

    void onlyAFittingVisionPartIsTaken()
    {
        writeText(tinyMetadata(m_config));
        writeVision(m_folder / "mmproj-a.gguf");
        writeVision(m_folder / "mmproj-large.gguf", [](Metadata& metadata) {
            change(metadata, "clip.vision.projection_dim", uint32_t{2560});
        });
        auto model = ModelFolder::open(file());
        QVERIFY2(model, reason(model));
        QCOMPARE(model->ggufFiles.back().path(), m_folder / "mmproj-a.gguf");
        writeVision(m_folder / "mmproj-b.gguf");
        QCOMPARE(complaint(ModelFolder::open(file())),
                 file().string() +
                     " has several vision parts beside it (mmproj-a.gguf, mmproj-b.gguf); name the "
                     "one to use mmproj-tiny.gguf");
        QVERIFY(ModelFolder::open(file(), true));
        writeVision(m_folder / "mmproj-tiny.gguf", [](Metadata& metadata) {
            change(metadata, "clip.vision.projection_dim", uint32_t{2560});
        });
        QVERIFY(
            complaint(ModelFolder::open(file()))
                .ends_with(
                    "projects pictures to 2560 numbers, and the model has 8: it belongs to another model"));
        QVERIFY(complaint(ModelFolder::open(m_folder / "mmproj-a.gguf"))
                    .ends_with("holds a model of the architecture \"clip\": it is the vision part, name the "
                               "file beside it"));
    }

    void anOldFileHasTheFeedForwardsNamesSwapped()
    {
        writeText(tinyMetadata(m_config));
        Metadata metadata = {{"general.architecture", std::string("clip")}};
        append(metadata, gemma3::ggufVisionMetadataOf(m_config));
        std::vector<GgufWriter::Tensor> tensors;
        for (const auto& [name, shape] : gemma3::expectedTensors(m_config)) {
            if (!gemma3::isVisionTensor(name))
                continue;
            std::string stored = *gemma3::ggufNameOf(name);
            if (const size_t up = stored.find("ffn_up"); up != std::string::npos)
                stored.replace(up, 6, "ffn_down");
            else if (const size_t down = stored.find("ffn_down"); down != std::string::npos)
                stored.replace(down, 8, "ffn_up");
            tensors.push_back({stored, DType::F32, shape});
        }
        auto writer = GgufWriter::create(m_folder / "mmproj-tiny.gguf", metadata, tensors);
        QVERIFY2(writer, reason(writer));
        for (const GgufWriter::Tensor& tensor : tensors)
            QVERIFY(
                writer->append(tensor.name, std::vector<std::byte>(*byteSize(tensor.dtype, tensor.shape))));
        QVERIFY(writer->finish());
        const auto model = ModelFolder::open(file());
        QVERIFY2(model, reason(model));
        QVERIFY2(model->accounting.isComplete(), model->accounting.inWords().c_str());
    }

    void whatIsNoGemma3IsSaid_data()
    {
        using Value = std::optional<GgufWriter::Value>;
        QTest::addColumn<QByteArray>("key");
        QTest::addColumn<Value>("value");
        QTest::addColumn<QByteArray>("sentence");
        const auto row = [](const char* key, Value value, const char* sentence) {
            QTest::newRow(key) << QByteArray(key) << value << QByteArray(sentence);
        };
        row("general.architecture", std::string("llama"),
            " holds a model of the architecture \"llama\"; only gemma3 is supported");
        row("gemma3.block_count", {}, " has no number \"gemma3.block_count\" in its metadata");
        row("gemma3.attention.key_length", std::string("4"),
            " has no number \"gemma3.attention.key_length\" in its metadata");
        row("gemma3.block_count", uint32_t{4'000'000'000},
            ": num_hidden_layers is 4000000000, not a whole number from 1 to 1024");
        row("gemma3.attention.value_length", uint32_t{8},
            " has keys and values of different sizes, which Gemma 3 has not");
        row("gemma3.rope.scaling.type", std::string("yarn"), "");  // without a factor it says nothing
        row("gemma3.final_logit_softcapping", 30.f, " caps its logits, which Gemma 3 does not do");
        row("gemma3.attention.sliding_window_pattern", std::vector<bool>{true},
            " has 1 entries of gemma3.attention.sliding_window_pattern for 2 layers");
    }
    void whatIsNoGemma3IsSaid()
    {
        QFETCH(const QByteArray, key);
        QFETCH(const std::optional<GgufWriter::Value>, value);
        QFETCH(const QByteArray, sentence);
        Metadata metadata = tinyMetadata(m_config);
        change(metadata, key.toStdString(), value);
        writeText(metadata);
        QCOMPARE(complaint(ModelFolder::open(file())),
                 sentence.isEmpty() ? std::string() : file().string() + sentence.toStdString());
    }

    void whatLlamaCppCannotBeToldIsRefused()
    {
        m_config.text.queryPreAttnScalar = 5;
        QVERIFY(complaint(gemma3::ggufMetadataOf(m_config.text))
                    .starts_with("a GGUF cannot say that query_pre_attn_scalar is 5"));
        m_config.text.queryPreAttnScalar = 4;
        m_config.text.layers = {gemma3::LayerKind::Global, gemma3::LayerKind::Local};
        writeText(tinyMetadata(m_config));
        const auto model = ModelFolder::open(file());
        QVERIFY2(model, reason(model));
        QVERIFY(model->config.text.layers == m_config.text.layers);
    }

    void missingAndStrangeTensorsAreListed()
    {
        const Metadata metadata = tinyMetadata(m_config);
        auto writer = GgufWriter::create(file(), metadata,
                                         {{"token_embd.weight", DType::F32, {30, 8}},
                                          {"output.weight", DType::F32, {30, 8}},
                                          {"blk.0.attn_q.weight", DType::F32, {8, 4}},
                                          {"rope_freqs.weight", DType::F32, {2}}});
        QVERIFY2(writer, reason(writer));
        const std::vector<std::byte> zeros(960);
        QVERIFY(writer->append("token_embd.weight", zeros) && writer->append("output.weight", zeros));
        QVERIFY(writer->append("blk.0.attn_q.weight", std::span(zeros).first(128)));
        QVERIFY(writer->append("rope_freqs.weight", std::span(zeros).first(8)));
        QVERIFY(writer->finish());
        const auto model = ModelFolder::open(file());
        QVERIFY2(model, reason(model));
        using List = std::vector<std::string>;
        QCOMPARE(model->accounting.unexpected, (List{"rope_freqs.weight"}));
        QCOMPARE(model->accounting.misshaped, (List{"blk.0.attn_q.weight has shape [8, 4], not [8, 8]"}));
        QCOMPARE(model->accounting.unused, (List{"output.weight"}));
        QCOMPARE(model->accounting.missing.size(), gemma3::expectedTensors(model->config).size() - 2);
    }

    void tokensComeFromTheMetadata()
    {
        Metadata metadata = tinyMetadata(m_config);
        writeText(metadata);
        const auto tokenizer = Tokenizer::open(file());
        QVERIFY2(tokenizer, reason(tokenizer));
        QCOMPARE(tokenizer->vocabSize(), 12);  // without padding
        QCOMPARE(tokenizer->encode(" ab<end_of_turn>  <unused0>"), (std::vector<int64_t>{8, 4, 9, 11, 10}));
        QVERIFY(tokenizer->isControl(9) && tokenizer->isControl(3) && !tokenizer->isControl(10));
        QCOMPARE(tokenizer->bytesOf(11), std::string("  "));

        change(metadata, "tokenizer.ggml.model", std::string("gpt2"));
        writeText(metadata);
        QVERIFY(complaint(Tokenizer::open(file())).find("has a vocabulary of the kind \"gpt2\"") !=
                std::string::npos);
        change(metadata, "tokenizer.ggml.model", std::string("llama"));
        change(metadata, "tokenizer.ggml.scores", std::vector<float>{1});
        writeText(metadata);
        QVERIFY(
            complaint(Tokenizer::open(file())).ends_with("has no score and type for each of its 30 tokens"));
        change(metadata, "tokenizer.ggml.scores", std::vector<float>(30));
        change(metadata, "tokenizer.ggml.token_type", std::vector<int32_t>(30, 7));
        writeText(metadata);
        QVERIFY(complaint(Tokenizer::open(file())).find("for token 0, which is none") != std::string::npos);
        change(metadata, "tokenizer.ggml.tokens", {});
        writeText(metadata);
        QCOMPARE(Tokenizer::open(file()).error().code, ErrorCode::NotFound);
        QVERIFY(complaint(ggufVocabulary(tinyVocabulary(), 11)).starts_with("the tokenizer has a token 11"));
    }

    void theFolderThatItStandsForIsTheSameModel()
    {
        writeText(tinyMetadata(m_config));
        writeVision(m_folder / "mmproj-tiny.gguf");
        const auto files = huggingFaceFilesOf(file(), false);
        QVERIFY2(files, reason(files));
        const fs::path folder = m_folder / "hf";
        writeTinyModel(folder, files->at("config.json"));
        for (const auto& [name, text] : *files)
            QVERIFY(writeFileAtomically(folder / name, text));
        const auto model = ModelFolder::open(folder), original = ModelFolder::open(file());
        QVERIFY2(model, reason(model));
        QVERIFY(model->accounting.isComplete());
        QCOMPARE(model->generation.eosTokenIds, original->generation.eosTokenIds);
        QCOMPARE(model->config.text.headDim, original->config.text.headDim);
        QCOMPARE(model->preprocessing.imageSize, 28);
        const auto tokenizer = Tokenizer::open(folder);
        QVERIFY2(tokenizer, reason(tokenizer));
        QCOMPARE(tokenizer->encode(" ab<end_of_turn>  <unused0>"), (std::vector<int64_t>{8, 4, 9, 11, 10}));
        QVERIFY(tokenizer->isControl(9) && !tokenizer->isControl(10));
    }

    void theLibraryTakesAFile()
    {
        writeText(tinyMetadata(m_config));
        const Library library(m_folder / "home");
        Library::Import request;
        request.source = file().string();
        const auto entry = library.import(request);
        QVERIFY2(entry, reason(entry));
        QCOMPARE(entry->name, std::string("tiny"));
        const auto byName = resolveModel("tiny", {}, library, m_folder / "hub");
        QVERIFY2(byName, reason(byName));
        QCOMPARE(byName->path, fs::canonical(m_folder) / "tiny.gguf");
        const auto byPath = resolveModel(file().string(), {}, Library(m_folder / "empty"), m_folder / "hub");
        QVERIFY2(byPath, reason(byPath));
        QCOMPARE(byPath->name, std::string("tiny"));
        fs::remove(file());
        QVERIFY(complaint(resolveModel("tiny", {}, library, m_folder / "hub")).find("is gone") !=
                std::string::npos);
    }
};

QTEST_GUILESS_MAIN(GgufModelTest)
#include "gguf_model_test.moc"
