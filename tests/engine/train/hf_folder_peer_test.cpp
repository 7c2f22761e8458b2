// What we write others read: an adapter that we trained gives our logits in peft, a folder that we export
// gives them in transformers, and merging an adapter changes none.

#include "engine/convert/hf_folder.h"
#include "tests/engine/train/training_case.h"
#include "tests/support/python.h"

#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace facet;
using namespace facet::engine;

namespace {

const std::filesystem::path kCases = std::filesystem::path(SOURCE_DIR) / "tests/engine/train/golden";

// Arguments: base or exported folder, adapter folder or "", ids and pixels as safetensors, where logits go.
constexpr const char* kPeer = R"(
import sys, torch
from safetensors.torch import load_file, save_file
sys.path.insert(0, sys.argv[5])
from make_golden import call, load_model
model = load_model(__import__('pathlib').Path(sys.argv[1]))
if sys.argv[2]:
    from peft import PeftModel
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter('error')   # peft only warns of tensors that it misses
        adapted = PeftModel.from_pretrained(model, sys.argv[2])
    trained = sum('lora_A' in n for n, _ in adapted.named_parameters())
else:
    adapted, trained = model, 0
inputs = load_file(sys.argv[3])
with torch.no_grad():
    logits = adapted.eval()(**call(model, inputs['ids'], inputs.get('pixels'))).logits[0]
save_file({'logits': logits.contiguous(), 'adapted': torch.tensor([trained])}, sys.argv[4])
)";

/// A few steps, so that nothing is as it started.
void trainALittle(const TrainedModel& model, const TrainingCase& training)
{
    AdamW optimizer(model.trained(), training.adamw());
    for (int step = 0; step < 3; ++step) {
        lossAndGradients(model, training.samples());
        optimizer.accumulate();
        optimizer.step(0.01);
    }
}

at::Tensor logitsOf(const TrainedModel& model, const TrainingSample& sample)
{
    const at::NoGradGuard noGradients;
    const PackedBatch batch = packed({sample}, model.model().config.imageTokenId, at::kCPU);
    return gemma3::logits(model.hiddenStates(batch), model.model().weights);
}

}  // namespace

class HfFolderPeerTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_place;
    std::filesystem::path at(const char* name) const { return m_place.filePath(name).toStdString(); }

    /// The peer's logits; undefined if it failed.
    std::map<std::string, at::Tensor> peer(const std::filesystem::path& folder,
                                           const std::filesystem::path& adapter, const TrainingSample& sample)
    {
        std::map<std::string, at::Tensor> inputs = {{"ids", at::tensor(sample.ids, at::kLong)}};
        if (!sample.pixels_3SS.empty())
            inputs["pixels"] = at::stack(sample.pixels_3SS);
        if (!writeTensors(at("in.safetensors"), inputs))
            return {};
        std::filesystem::remove(at("out.safetensors"));
        core::runPython(QString::fromUtf8(kPeer),
                        {QString::fromStdString(folder.string()), QString::fromStdString(adapter.string()),
                         m_place.filePath("in.safetensors"), m_place.filePath("out.safetensors"),
                         QStringLiteral(SOURCE_DIR "/tests/engine/golden")});
        const auto out = readTensors(at("out.safetensors"));
        return out ? *out : std::map<std::string, at::Tensor>();
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("peft, transformers"))
            QSKIP("no peft or transformers in .venv: ./dev setup --tests");
    }

    void ourAdapterGivesOurLogitsInPeft_data()
    {
        QTest::addColumn<std::string>("name");
        for (const char* name : {"text_dora", "text_rslora_patterns", "vision_lora"})
            QTest::newRow(name) << std::string(name);
    }
    void ourAdapterGivesOurLogitsInPeft()
    {
        QFETCH(const std::string, name);
        const TrainingCase training = TrainingCase::open(kCases / name);
        const TrainedModel model = training.model();
        trainALittle(model, training);
        const std::filesystem::path folder = at(("adapter_" + name).c_str());
        const bool hasVision = model.model().config.vision.has_value();
        const core::Result<void> written = writePeftFolder(folder, model.adapter("base"), hasVision);
        QVERIFY2(written, core::reason(written));

        const TrainingSample sample = training.samples().front();
        const at::Tensor ours = logitsOf(model, sample);
        const auto theirs = peer(kGoldenFolder / training.json["model"].get<std::string>(), folder, sample);
        QVERIFY(theirs.contains("logits"));
        QCOMPARE(theirs.at("adapted").item<int64_t>(), std::ssize(model.adapters()));
        const double difference = largestDifference(ours, theirs.at("logits"));
        QVERIFY2(difference <= 1e-3, std::to_string(difference).c_str());

        // And read again by us.
        const core::Result<PeftAdapter> read = readPeftFolder(folder);
        QVERIFY2(read, core::reason(read));
        gemma3::Model base = training.baseModel();
        const core::Result<void> attached = attach(*read, base);
        QVERIFY2(attached, core::reason(attached));
        const TrainedModel again = *TrainedModel::make(base, {{"language_model.norm.weight"}, {}}, 1);
        QVERIFY(largestDifference(logitsOf(again, sample), ours) <= 1e-5);
    }

    void anExportedFolderGivesOurLogitsInTransformers_data()
    {
        QTest::addColumn<std::string>("name");
        QTest::addColumn<int64_t>("maxShardBytes");
        QTest::newRow("text, all layers above one") << std::string("text_top_layer") << (int64_t{1} << 40);
        QTest::newRow("vision, in shards") << std::string("vision_projector") << int64_t{100'000};
        QTest::newRow("DoRA, merged") << std::string("text_dora") << (int64_t{1} << 40);
        QTest::newRow("LoRA of both towers, merged") << std::string("vision_lora") << (int64_t{1} << 40);
    }
    void anExportedFolderGivesOurLogitsInTransformers()
    {
        QFETCH(const std::string, name);
        QFETCH(const int64_t, maxShardBytes);
        const TrainingCase training = TrainingCase::open(kCases / name);
        const TrainedModel model = training.model();
        trainALittle(model, training);
        const std::filesystem::path folder = at(("export_" + name).c_str());
        const core::Result<void> written =
            writeHfFolder(folder, model.model(), kGoldenFolder / training.json["model"].get<std::string>(),
                          {.type = at::kFloat, .maxShardBytes = maxShardBytes});
        QVERIFY2(written, core::reason(written));
        const TrainingSample sample = training.samples().front();
        const auto theirs = peer(folder, {}, sample);
        QVERIFY(theirs.contains("logits"));
        const double difference = largestDifference(logitsOf(model, sample), theirs.at("logits"));
        QVERIFY2(difference <= 1e-3, std::to_string(difference).c_str());

        const core::Result<core::ModelFolder> ours = core::ModelFolder::open(folder);
        QVERIFY2(ours, core::reason(ours));
        QVERIFY2(ours->accounting.isComplete(), ours->accounting.inWords().c_str());
    }
};

QTEST_GUILESS_MAIN(HfFolderPeerTest)
#include "hf_folder_peer_test.moc"
