// Training gives the losses and gradients of transformers and peft (golden/, by make_training.py), however
// its work is cut: packed or not, in parts, in chunks, with activations kept or computed again.

#include "engine/train/training_attention.h"
#include "tests/engine/train/training_case.h"

#include <QTest>

using namespace facet;
using namespace facet::engine;

namespace {

const std::filesystem::path kCases = std::filesystem::path(SOURCE_DIR) / "tests/engine/train/golden";

/// Loss and all gradients, by name.
struct Gradients {
    double loss = 0;
    std::map<std::string, at::Tensor> of;
};

Gradients taken(const TrainedModel& model, double loss)
{
    Gradients gradients = {loss, {}};
    for (const auto& [name, tensor] : model.trained()) {
        gradients.of[name] = tensor.grad();
        tensor.mutable_grad().reset();
    }
    return gradients;
}

void compare(const Gradients& a, const Gradients& b, double tolerance)
{
    QVERIFY2(std::abs(a.loss - b.loss) <= tolerance, qPrintable(QString::number(a.loss - b.loss)));
    for (const auto& [name, gradient] : a.of) {
        QCOMPARE(gradient.defined(), b.of.at(name).defined());
        if (gradient.defined())
            QVERIFY2(largestDifference(gradient, b.of.at(name)) <= tolerance, name.c_str());
    }
}

void addCases()
{
    QTest::addColumn<QString>("folder");
    for (const auto& folder : trainingCases(kCases))
        QTest::newRow(folder.filename().c_str()) << QString::fromStdString(folder.string());
}

}  // namespace

class TrainingTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void attentionInBlocksIsThePlainOne_data()
    {
        QTest::addColumn<int>("length");
        QTest::addColumn<int>("before");  // keys of a picture in front, say
        QTest::addColumn<int>("window");
        QTest::newRow("whole document") << 37 << 0 << 0;
        QTest::newRow("within the window") << 37 << 0 << 64;
        QTest::newRow("beyond the window") << 37 << 0 << 8;
        QTest::newRow("behind a picture") << 37 << 9 << 8;
        QTest::newRow("long, behind a picture") << 1100 << 9 << 0;
    }
    void attentionInBlocksIsThePlainOne()
    {
        QFETCH(const int, length);
        QFETCH(const int, before);
        QFETCH(const int, window);
        const at::Tensor q_TNH = at::randn({length, 4, 16}), k_KSH = at::randn({2, before + length, 16}),
                         v_KSH = at::randn({2, before + length, 16}), weight_TX = at::randn({length, 64});
        const auto computed = [&](const auto& attend) {
            std::vector<at::Tensor> inputs;
            for (const at::Tensor& each : {q_TNH, k_KSH, v_KSH})
                inputs.push_back(each.clone().requires_grad_());
            const at::Tensor y_TX = attend(inputs[0], inputs[1], inputs[2], window, false, 0.25);
            (y_TX * weight_TX).sum().backward();
            return std::vector{y_TX, inputs[0].grad(), inputs[1].grad(), inputs[2].grad()};
        };
        const auto plain = computed(gemma3::attend), blocks = computed(attendInBlocks);
        for (size_t index = 0; index < plain.size(); ++index)
            QVERIFY(at::allclose(blocks[index], plain[index], 1e-4, 1e-4));
    }

    void lossGradientsAndTenStepsAreThePeers_data() { addCases(); }
    void lossGradientsAndTenStepsAreThePeers()
    {
        QFETCH(const QString, folder);
        compareWithPeer(folder.toStdString());
    }

    void anyCutOfTheWorkGivesTheSame_data() { addCases(); }
    void anyCutOfTheWorkGivesTheSame()
    {
        QFETCH(const QString, folder);
        const TrainingCase training = TrainingCase::open(folder.toStdString());
        TrainedModel model = training.model();
        const std::vector<TrainingSample> samples = training.samples();
        const Gradients whole = taken(model, lossAndGradients(model, samples));

        int64_t numTargets = 0;
        for (const TrainingSample& sample : samples)
            numTargets += sample.numTargets();
        double loss = 0;
        for (const TrainingSample& sample : samples) {  // one by one: not packed, and accumulated
            const PackedBatch batch = packed({sample}, model.model().config.imageTokenId, at::kCPU);
            const at::Tensor part = model.sumOfLosses(batch) / numTargets;
            part.backward();
            loss += part.item<double>();
        }
        compare(taken(model, loss), whole, 1e-5);

        compare(taken(model, lossAndGradients(model, samples, /*maxScores=*/500)), whole, 1e-5);

        model.setRecomputing(true);
        compare(taken(model, lossAndGradients(model, samples)), whole, 1e-5);
    }

    /// Of the whole table of scores at once, by LibTorch.
    void chunkedCrossEntropyIsThePlainOne()
    {
        at::manual_seed(1);
        const at::Tensor hidden_TD = at::randn({37, 16}).requires_grad_();
        const at::Tensor head_VD = at::randn({101, 16}).requires_grad_();
        at::Tensor target_T = at::randint(0, 101, {37}, at::kLong);
        target_T.slice(0, 0, 37, 3) = kNoTarget;
        const at::Tensor plain = at::cross_entropy_loss(at::linear(hidden_TD, head_VD), target_T, {},
                                                        at::Reduction::Sum, kNoTarget);
        plain.backward();
        const at::Tensor hiddenGradient = hidden_TD.grad().clone(), headGradient = head_VD.grad().clone();
        for (const int64_t maxScores : {1, 101, 1000, 1'000'000}) {
            hidden_TD.mutable_grad().reset();
            head_VD.mutable_grad().reset();
            const at::Tensor chunked =
                sumOfCrossEntropy(hidden_TD, gemma3::WeightMatrix::sharing(head_VD), target_T, maxScores);
            (chunked * 3).backward();
            QVERIFY(largestDifference(chunked, plain) <= 1e-4);
            QVERIFY(largestDifference(hidden_TD.grad(), 3 * hiddenGradient) <= 1e-4);
            QVERIFY(largestDifference(head_VD.grad(), 3 * headGradient) <= 1e-4);
        }
    }

    /// LoRA over matrices in less than float: their product has the gradient of the widened matrix.
    void aFrozenMatrixPassesGradientsOnHoweverItIsStored()
    {
        at::manual_seed(2);
        using core::gemma3::WeightFormat;
        const at::Tensor source_OI = at::randn({96, 64});
        for (const WeightFormat format :
             {WeightFormat::BFloat16, WeightFormat::Int8, WeightFormat::Int4, WeightFormat::NormalFloat4})
            for (const bool useKernels : {false, true}) {
                const gemma3::WeightMatrix matrix(source_OI, format, at::dtype(at::kFloat), useKernels);
                const at::Tensor x = at::randn({5, 64}).requires_grad_(), up = at::randn({5, 96});
                (matrix(x) * up).sum().backward();
                QVERIFY(largestDifference(x.grad(), up.matmul(matrix.dense(0, 96))) <= 1e-4);
            }
    }

    /// As a model with a trained tower over NF4 has it: what is trained keeps all its bits, the rest is
    /// small.
    void whatIsTrainedIsLoadedInFull()
    {
        using core::gemma3::WeightFormat;
        const TrainingCase training = TrainingCase::open(kCases / "vision_qlora");
        gemma3::Placement placement = kReference;
        placement.weights = WeightFormat::NormalFloat4;
        const std::string up = "language_model.layers.1.mlp.up_proj.weight";
        placement.inFull = {up};
        const auto folder =
            *core::ModelFolder::open(kGoldenFolder / training.json["model"].get<std::string>());
        const gemma3::Model model = *gemma3::loadModel(folder, placement);
        QVERIFY(model.weights.layers[1].ffnUp.weight.format() == WeightFormat::Float32);
        QVERIFY(model.weights.layers[1].ffnGate.weight.format() == WeightFormat::NormalFloat4);
        QVERIFY(model.weights.vision->layers[0].fc1.weight.format() == WeightFormat::NormalFloat4);
        QVERIFY(model.weights.vision->patchEmbedding.weight.format() == WeightFormat::BFloat16);
        QVERIFY(model.weights.embedding.format() == WeightFormat::BFloat16);
        QVERIFY(TrainedModel::make(model, {{up}, {}}, 1));
        const auto refused =
            TrainedModel::make(model, {{"language_model.layers.1.mlp.gate_proj.weight"}, {}}, 1);
        QVERIFY(!refused && refused.error().message.find("as it is stored") != std::string::npos);
    }

    void nothingIsComputedBelowTheLowestTrainedPart()
    {
        const TrainingCase training = TrainingCase::open(kCases / "text_top_layer");
        const TrainedModel model = training.model();
        int layersWithGradient = 0, layers = 0;
        const PackedBatch batch = packed(training.samples(), -1, at::kCPU);
        gemma3::Step step = {batch.token_T, batch.segments, {}, {}};
        const gemma3::Trace trace = [&](const std::string& name, const at::Tensor& value) {
            if (name.starts_with("layer.") && !name.ends_with("attention")) {
                ++layers;
                layersWithGradient += value.requires_grad();
            }
        };
        gemma3::hiddenStates(step, model.model().weights, model.model().config.text, trace);
        QCOMPARE(layers, 7);
        QCOMPARE(layersWithGradient, 4);  // of the layers 0 to 6, number 3 is trained
    }

    void dropoutHasTheRightMeanAndIsTheSamplesOwn()
    {
        const at::Tensor ones = at::ones({100, 100});
        const at::Tensor drawn = dropout(ones, 0.3, {{60, 5}, {40, 9}}, /*stream=*/7);
        const double mean = drawn.mean().item<double>();  // of 10,000 draws; deviation 0.0065
        QVERIFY2(std::abs(mean - 1) < 0.02, qPrintable(QString::number(mean)));
        QVERIFY(((drawn == 0).logical_or((drawn - 1 / 0.7).abs() < 1e-6)).all().item<bool>());
        // A sample's draws do not depend on what stands before it, but on its seed and on the layer.
        QVERIFY(dropout(at::ones({40, 100}), 0.3, {{40, 9}}, 7).equal(drawn.slice(0, 60)));
        QVERIFY(!dropout(at::ones({40, 100}), 0.3, {{40, 9}}, 8).equal(drawn.slice(0, 60)));
        QVERIFY(!dropout(at::ones({40, 100}), 0.3, {{40, 8}}, 7).equal(drawn.slice(0, 60)));

        const at::Tensor x = at::ones({100, 100}).requires_grad_();
        dropout(x, 0.3, {{60, 5}, {40, 9}}, 7).sum().backward();
        QVERIFY(x.grad().equal(drawn));  // what was dropped has no gradient
    }

    void whatTheModelLacksCannotBeTrained()
    {
        const TrainingCase training = TrainingCase::open(kCases / "text_lora");
        const auto refused = [&](const TrainedSelection& selection) {
            const core::Result<TrainedModel> made = TrainedModel::make(training.baseModel(), selection, 1);
            return made ? std::string() : made.error().message;
        };
        QCOMPARE(
            refused({}),
            std::string("nothing is trained: unfreeze a part of the model or choose layers for adapters"));
        QCOMPARE(refused({{"language_model.layers.99.mlp"}, {}}),
                 std::string("the model has no tensor language_model.layers.99.mlp to train"));
        QVERIFY(refused({{"language_model.layers.0.mlp.up_proj.weight"},
                         {{.module = "language_model.layers.0.mlp.up_proj"}}})
                    .find("no PEFT folder can hold") != std::string::npos);
        QCOMPARE(refused({{}, {{.module = "vision_tower.x"}}}),
                 std::string("the model has no linear layer vision_tower.x to adapt"));
    }
};

QTEST_GUILESS_MAIN(TrainingTest)
#include "training_test.moc"
