// In bfloat16 the model rounds where transformers rounds: it is no further from float32's truth than
// transformers' own bfloat16 is. Tried on a CPU, where ATen computes bfloat16 slowly and rounds as a GPU
// does; the GPU's own products are the business of tests/app/gpu_test.cpp.

#include "core/base/file.h"
#include "core/image/image.h"
#include "core/models/folder_settings.h"
#include "core/safetensors/safetensors_writer.h"
#include "engine/gemma3/image_preprocessing.h"
#include "engine/gemma3/load.h"
#include "engine/generate/prefill.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>

#include <sstream>

using namespace facet;
using namespace facet::engine;

namespace {

constexpr int kNumModels = 8;

template <typename T>
std::span<const std::byte> bytesOf(const T* data, size_t count)
{
    return std::as_bytes(std::span(data, count));
}

void toBfloat16(gemma3::LayerNormWeights& w)
{
    for (at::Tensor* tensor : {&w.weight, &w.bias})
        *tensor = tensor->to(at::kBFloat16);
}

void toBfloat16(gemma3::WeightMatrix& w)
{
    w = gemma3::WeightMatrix(w.dense(0, w.numRows()), core::gemma3::WeightFormat::BFloat16,
                             at::dtype(at::kBFloat16),
                             /*useKernels=*/false);
}

void toBfloat16(gemma3::Linear& w)
{
    toBfloat16(w.weight);
    if (w.bias.defined())
        w.bias = w.bias.to(at::kBFloat16);
}

void toBfloat16(gemma3::Weights& w)
{
    const auto tensors = [](std::initializer_list<at::Tensor*> list) {
        for (at::Tensor* tensor : list)
            *tensor = tensor->to(at::kBFloat16);
    };
    w.finalNorm = w.finalNorm.to(at::kBFloat16);
    toBfloat16(w.embedding);
    w.head.weight = w.embedding;
    for (gemma3::LayerWeights& layer : w.layers) {
        tensors({&layer.attnNorm, &layer.attnPostNorm, &layer.ffnNorm, &layer.ffnPostNorm, &layer.attn.qNorm,
                 &layer.attn.kNorm});
        for (gemma3::Linear* linear : {&layer.attn.q, &layer.attn.k, &layer.attn.v, &layer.attn.out,
                                       &layer.ffnGate, &layer.ffnUp, &layer.ffnDown})
            toBfloat16(*linear);
    }
    if (!w.vision)
        return;
    tensors({&w.vision->positionEmbedding, &w.vision->softEmbeddingNorm, &w.vision->projection});
    toBfloat16(w.vision->patchEmbedding);
    toBfloat16(w.vision->postNorm);
    for (gemma3::VisionLayerWeights& layer : w.vision->layers) {
        toBfloat16(layer.attnNorm);
        toBfloat16(layer.mlpNorm);
        for (gemma3::Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.out, &layer.fc1, &layer.fc2})
            toBfloat16(*linear);
    }
}

/// Writes the bfloat16 logits of DIR/input.jsonl to DIR/facet.safetensors, as facet-engine score does.
void score(const std::filesystem::path& folder)
{
    const c10::InferenceMode noGradients;
    const core::Result<core::ModelFolder> files = core::ModelFolder::open(folder / "model");
    QVERIFY2(files, core::reason(files));
    core::Result<gemma3::Model> model = gemma3::loadModel(*files, {.useKernels = false});
    QVERIFY2(model, core::reason(model));
    toBfloat16(model->weights);

    std::vector<core::SafetensorsWriter::Tensor> declared;
    std::vector<std::pair<std::vector<int64_t>, at::Tensor>> rows;
    std::istringstream input(*core::readFile(folder / "input.jsonl", 1 << 24));
    for (std::string line; std::getline(input, line);) {
        const nlohmann::json json = nlohmann::json::parse(line);
        const auto ids = json["tokens"].get<std::vector<int64_t>>();
        std::vector<Picture> pictures;
        for (const nlohmann::json& name : json.value("images", nlohmann::json::array()))
            pictures.push_back({gemma3::pixelValues(*core::readImage(folder / name.get<std::string>()),
                                                    files->preprocessing.imageSize)
                                    .to(at::kBFloat16),
                                {},
                                {}});
        gemma3::KvCache cache(model->config.text);
        std::vector<at::Tensor> logit_TV;
        prefill(*model, cache, ids, imageFeatures(*model, pictures), [&](const at::Tensor& hidden_TD) {
            logit_TV.push_back(gemma3::logits(hidden_TD, model->weights));
            return true;
        });
        const std::string name = std::to_string(rows.size());
        rows.emplace_back(ids, at::cat(logit_TV).contiguous());
        declared.push_back({name, core::DType::F32, rows.back().second.sizes().vec()});
        declared.push_back({name + ".ids", core::DType::I64, {int64_t(ids.size())}});
    }
    core::Result<core::SafetensorsWriter> writer =
        core::SafetensorsWriter::create(folder / "facet.safetensors", declared);
    QVERIFY2(writer, core::reason(writer));
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto& [ids, logit_TV] = rows[i];
        QVERIFY(writer->append(std::to_string(i),
                               bytesOf(logit_TV.const_data_ptr<float>(), size_t(logit_TV.numel()))));
        QVERIFY(writer->append(std::to_string(i) + ".ids", bytesOf(ids.data(), ids.size())));
    }
    QVERIFY(writer->finish());
}

}  // namespace

class Bf16PeerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bfloat16IsNoFurtherFromTheTruthThanTransformersOwn()
    {
        if (!core::hasPythonPackages("torch, transformers"))
            QSKIP("no .venv/bin/python with torch and transformers");
        const QTemporaryDir scratch;
        QProcess make;
        make.start(core::python(), {QStringLiteral(SOURCE_DIR "/tests/peers/random_model.py"), "40",
                                    scratch.path(), "--count", QString::number(kNumModels)});
        QVERIFY(make.waitForFinished(200'000));
        QVERIFY2(make.exitCode() == 0, make.readAllStandardError().constData());
        QStringList arguments = {QStringLiteral(SOURCE_DIR "/tests/peers/bf16_error.py")};
        for (int seed = 40; seed < 40 + kNumModels; ++seed) {
            const QString folder = scratch.filePath(QString::number(seed));
            score(folder.toStdString());
            if (QTest::currentTestFailed())
                return;
            arguments << folder + "/model" << folder + "/input.jsonl" << folder + "/facet.safetensors";
        }
        QProcess compare;
        compare.setProcessChannelMode(QProcess::ForwardedChannels);
        compare.start(core::python(), arguments + QStringList{"--device", "cpu", "--truth-device", "cpu",
                                                              "--attention", "eager", "--limit", "1.1"});
        QVERIFY(compare.waitForFinished(200'000));
        QCOMPARE(compare.exitCode(), 0);
    }
};

QTEST_GUILESS_MAIN(Bf16PeerTest)
#include "bf16_peer_test.moc"
