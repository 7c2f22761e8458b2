// What we write others read: an adapter that we trained gives our logits in peft, a folder that we export
// gives them in transformers, and merging an adapter changes none.

#include "core/base/file.h"
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

// Arguments: the folder of all cases, tests/engine/golden. Each case has a model (its path in model.txt),
// maybe an adapter, ids and pixels, and gets logits. One process: starting Python costs more than all cases.
constexpr const char* kPeer = R"(
import sys, torch, warnings
from pathlib import Path
from safetensors.torch import load_file, save_file
sys.path.insert(0, sys.argv[2])
from make_golden import call, load_model
from peft import PeftModel
for case in sorted(Path(sys.argv[1]).iterdir()):
    model, count = load_model(Path((case / 'model.txt').read_text())), 0
    adapted = model
    if (case / 'adapter').exists():
        with warnings.catch_warnings():
            warnings.simplefilter('error')   # peft only warns of tensors that it misses
            adapted = PeftModel.from_pretrained(model, case / 'adapter')
        count = sum('lora_A' in n for n, _ in adapted.named_parameters())
    inputs = load_file(case / 'inputs.safetensors')
    with torch.no_grad():
        logits = adapted.eval()(**call(model, inputs['ids'], inputs.get('pixels'))).logits[0]
    save_file({'logits': logits.contiguous(), 'count': torch.tensor([count])}, case / 'logits.safetensors')
)";

struct Case {
    const char* name;
    bool isExport = false;
    int64_t maxShardBytes = int64_t{1} << 40;
    bool isMixed = false;  // adapters, and parts that are trained whole
};
constexpr Case kAll[] = {{"text_dora"},
                         {"text_rslora_patterns"},
                         {"vision_lora"},
                         {"text_top_layer", true},
                         {"vision_projector", true, 100'000},  // in shards
                         {"text_dora", true},                  // merged
                         {"vision_lora", true},
                         {"vision_projector", false, 0, true}};

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
    std::vector<at::Tensor> m_logits;  // ours
    std::vector<int64_t> m_numAdapters;

    std::filesystem::path folder(size_t index) const
    {
        return m_place.filePath(QString("case%1").arg(index)).toStdString();
    }

    static TrainingSample sampleOf(const Case& chosen)
    {
        return TrainingCase::open(kCases / chosen.name).samples().front();
    }

    static TrainedModel mixed(const TrainingCase& training)
    {
        TrainedSelection selection;
        selection.lora = {{.module = "language_model.layers.0.self_attn.q_proj", .rank = 2, .alpha = 4}};
        selection.tensors = {"multi_modal_projector.mm_soft_emb_norm.weight",
                             "multi_modal_projector.mm_input_projection_weight",
                             "vision_tower.encoder.layers.1.mlp.fc1.weight",
                             "vision_tower.encoder.layers.1.mlp.fc1.bias",
                             "vision_tower.post_layernorm.weight",
                             "vision_tower.post_layernorm.bias"};
        return *TrainedModel::make(training.baseModel(), selection, 1);
    }

    /// Trains a little, computes logits, and writes what the peer is to read.
    void prepare(size_t index)
    {
        const TrainingCase training = TrainingCase::open(kCases / kAll[index].name);
        const TrainedModel model = kAll[index].isMixed ? mixed(training) : training.model();
        trainALittle(model, training);
        const TrainingSample sample = training.samples().front();
        m_logits.push_back(logitsOf(model, sample));
        m_numAdapters.push_back(kAll[index].isExport ? 0 : std::ssize(model.adapters()));

        const std::filesystem::path place = folder(index);
        std::filesystem::create_directories(place);
        std::filesystem::path base = kGoldenFolder / training.json["model"].get<std::string>();
        const core::Result<void> written =
            kAll[index].isExport
                ? writeHfFolder(place / "model", model.model(), base,
                                {.type = at::kFloat, .maxShardBytes = kAll[index].maxShardBytes})
                : writePeftFolder(place / "adapter", model.adapter("base"),
                                  model.model().config.vision.has_value());
        QVERIFY2(written, core::reason(written));
        if (kAll[index].isExport)
            base = place / "model";
        QVERIFY(core::writeFileAtomically(place / "model.txt", base.string()));
        std::map<std::string, at::Tensor> inputs = {{"ids", at::tensor(sample.ids, at::kLong)}};
        if (!sample.pixels_3SS.empty())
            inputs["pixels"] = at::stack(sample.pixels_3SS);
        QVERIFY(writeTensors(place / "inputs.safetensors", inputs));
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("peft, transformers"))
            QSKIP("no peft or transformers in .venv: ./dev setup --tests");
        for (size_t index = 0; index < std::size(kAll); ++index)
            prepare(index);
        core::runPython(QString::fromUtf8(kPeer),
                        {m_place.path(), QStringLiteral(SOURCE_DIR "/tests/engine/golden")});
    }

    void whatWeWriteGivesOurLogitsInThePeer_data()
    {
        QTest::addColumn<size_t>("index");
        for (size_t index = 0; index < std::size(kAll); ++index)
            QTest::addRow("%s %s", kAll[index].name, kAll[index].isExport ? "exported" : "as an adapter")
                << index;
    }
    void whatWeWriteGivesOurLogitsInThePeer()
    {
        QFETCH(const size_t, index);
        const auto theirs = readTensors(folder(index) / "logits.safetensors");
        QVERIFY2(theirs, core::reason(theirs));
        QCOMPARE(theirs->at("count").item<int64_t>(), m_numAdapters[index]);
        const double difference = largestDifference(m_logits[index], theirs->at("logits"));
        QVERIFY2(difference <= 1e-3, std::to_string(difference).c_str());
    }

    void whatWeWriteWeReadAgain_data() { whatWeWriteGivesOurLogitsInThePeer_data(); }
    void whatWeWriteWeReadAgain()
    {
        QFETCH(const size_t, index);
        const TrainingCase training = TrainingCase::open(kCases / kAll[index].name);
        gemma3::Model model;
        if (kAll[index].isExport) {
            const core::Result<core::ModelFolder> ours = core::ModelFolder::open(folder(index) / "model");
            QVERIFY2(ours, core::reason(ours));
            QVERIFY2(ours->accounting.isComplete(), ours->accounting.inWords().c_str());
            model = *gemma3::loadModel(*ours, kReference);
        } else {
            const core::Result<PeftAdapter> read = readPeftFolder(folder(index) / "adapter");
            QVERIFY2(read, core::reason(read));
            model = training.baseModel();
            const core::Result<Attached> attached = attach(*read, model);
            QVERIFY2(attached, core::reason(attached));
        }
        const TrainedModel again = *TrainedModel::make(model, {{"language_model.norm.weight"}, {}}, 1);
        QVERIFY(largestDifference(logitsOf(again, sampleOf(kAll[index])), m_logits[index]) <= 1e-4);
    }
};

QTEST_GUILESS_MAIN(HfFolderPeerTest)
#include "hf_folder_peer_test.moc"
