// Numbers of the estimator. Expectations for FLOPs: tables computed apart from this code from
// google/gemma_pytorch's shapes (per token 6 N + 3 A / S in full, 4 N + 3 A / S for LoRA; one picture 5.46
// TFLOP). For memory: bytes for each parameter that the literature names (16 in fp32, 6 with 8-bit Adam in
// bf16).

#include "jobs/estimate/estimate.h"
#include "jobs/estimate/device_rate.h"
#include "jobs/estimate/edits.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace facet::jobs;
using facet::core::reason;
using facet::core::Result;

namespace {

ResolvedJob job(const std::string& model, Settings changes, int64_t gpus = 1)
{
    Settings all = {{"name", "a"},
                    {"model.base", model},
                    {"data.sources", nlohmann::json::array({{{"path", "mock:text"}}})},
                    {"steps", 100},
                    {"batch.global", 8 * gpus},
                    {"lora.targets", {"linear_qkv", "linear_proj", "linear_fc1", "linear_fc2"}}};
    for (auto& [key, value] : changes)
        all[key] = value;
    const Result<ResolvedJob> resolved = resolveJob(all, {{}, SOURCE_DIR "/resources/recipes", gpus});
    if (!resolved)
        qFatal("%s", reason(resolved));
    return *resolved;
}

double gigaflopsPerToken(const std::string& model, int64_t length, const char* method)
{
    const ResolvedJob full =
        job(model,
            {{"sequence_length", length}, {"method", method}, {"model.text_only", true}, {"lora.rank", 1}});
    const Estimate result = estimate(full, {});
    return result.flops.language / result.tokensPerStep / 1e9;
}

}  // namespace

class EstimateTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("HF_HUB_CACHE", "/nowhere");
        qputenv("FACET_HOME", "/nowhere/facet");
    }

    void flopsPerTokenAreThePublishedFormula_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("length");
        QTest::addColumn<QString>("method");
        QTest::addColumn<double>("expected");
        const auto row = [](const char* model, int length, const char* method, double expected) {
            QTest::addRow("%s %s %d", model, method, length) << model << length << method << expected;
        };
        row("gemma-3-1b", 2048, "full", 6.17);
        row("gemma-3-1b", 8192, "full", 6.33);
        row("gemma-3-1b", 32768, "full", 6.94);
        row("gemma-3-4b", 2048, "full", 23.96);
        row("gemma-3-4b", 8192, "full", 24.47);
        row("gemma-3-4b", 32768, "full", 26.0);
        row("gemma-3-12b", 8192, "full", 74.1);
        row("gemma-3-27b", 2048, "full", 164.5);
        row("gemma-3-1b", 4096, "lora", 4.23);
        row("gemma-3-4b", 4096, "lora", 16.4);
        row("gemma-3-12b", 4096, "lora", 49.6);
        row("gemma-3-27b", 4096, "lora", 111);
    }
    void flopsPerTokenAreThePublishedFormula()
    {
        QFETCH(QString, model);
        QFETCH(int, length);
        QFETCH(QString, method);
        QFETCH(double, expected);
        const double actual = gigaflopsPerToken(model.toStdString(), length, method.toUtf8().constData());
        QVERIFY2(std::abs(actual / expected - 1) < 0.004, qPrintable(QString::number(actual)));
    }

    void peaksAreThoseOfRunsOnAGpu_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("optimizer");
        QTest::addColumn<QString>("data");
        QTest::addColumn<int>("length");
        QTest::addColumn<int>("micro");
        QTest::addColumn<QString>("checkpointing");
        QTest::addColumn<double>("gib");
        QTest::addColumn<double>("dropout");
        const auto row = [](const char* model, const char* method, int length, int micro, double gib,
                            const char* checkpointing = "none", const char* optimizer = "adamw",
                            const char* data = "mock:text", double dropout = 0) {
            QTest::addRow("%s %s %s %s %d x %d, dropout %g", model, method, optimizer, data, micro, length,
                          dropout)
                << model << method << optimizer << data << length << micro << checkpointing << gib << dropout;
        };
        // LibTorch's max_memory_allocated of ./dev bench train on an H200, 2026-11-29.
        row("gemma-3-270m", "full", 2048, 4, 9.051);
        row("gemma-3-1b", "lora", 2048, 4, 15.660);
        row("gemma-3-1b", "full", 2048, 4, 27.945);
        row("gemma-3-1b", "full", 2048, 4, 18.639, "none", "adamw_8bit");
        row("gemma-3-1b", "full", 2048, 4, 20.545, "none", "adamw_bf16");
        row("gemma-3-4b", "lora", 2048, 2, 23.731);
        row("gemma-3-4b", "lora", 8192, 1, 11.599, "full");
        row("gemma-3-12b", "lora", 2048, 1, 40.675);
        // One constant, the workspace, was chosen with these in sight, too.
        row("gemma-3-4b", "lora", 1024, 2, 16.255, "none", "adamw", "mock:vision");
        row("gemma-3-1b", "lora", 4096, 1, 9.380);
        row("gemma-3-270m", "full", 1024, 2, 5.327, "full");
        row("gemma-3-4b", "qlora", 2048, 2, 18.719);
        row("gemma-3-4b", "lora", 2048, 2, 26.254, "none", "adamw", "mock:text", 0.1);
    }
    void peaksAreThoseOfRunsOnAGpu()
    {
        QFETCH(QString, model);
        QFETCH(QString, method);
        QFETCH(QString, optimizer);
        QFETCH(QString, data);
        QFETCH(int, length);
        QFETCH(int, micro);
        QFETCH(QString, checkpointing);
        QFETCH(double, gib);
        QFETCH(double, dropout);
        const char* const targets =
            R"(.*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj))";
        Settings settings = {{"method", method.toStdString()},
                             {"data.sources", nlohmann::json::array({{{"path", data.toStdString()}}})},
                             {"sequence_length", length},
                             {"batch.global", micro},
                             {"batch.micro", micro},
                             {"optimizer.type", optimizer.toStdString()},
                             {"precision", optimizer == "adamw" ? "bf16_mixed" : "bf16"},
                             {"activation_checkpointing", checkpointing.toStdString()},
                             {"lora.rank", 8},
                             {"lora.dropout", dropout}};
        if (model == "gemma-3-4b" || model == "gemma-3-12b")
            settings["lora.targets"] = targets;
        const MemoryByPart memory = estimate(job(model.toStdString(), settings), {}).memory;
        const double estimated = (memory.total() - memory.overhead) / std::pow(2, 30);
        QVERIFY2(std::abs(estimated / gib - 1) < 0.03, qPrintable(QString::number(estimated)));
    }

    void aPictureCostsItsFlops()
    {
        QVERIFY(std::abs(visionFlops(*publicShape("gemma-3-4b")->vision) / 5.46e12 - 1) < 0.002);
        const Settings withPictures = {{"data.sources", nlohmann::json::array({{{"path", "mock:vision"}}})}};
        const Estimate frozen = estimate(job("gemma-3-4b", withPictures), {});
        QCOMPARE(frozen.picturesPerSample, 1);
        // linear_qkv and the others match the vision tower, too: forward and the gradient of its input.
        QVERIFY(std::abs(frozen.flops.vision / (8 * 2 * 5.46e12) - 1) < 0.002);
    }

    void statesTakeTheirBytesForEachParameter_data()
    {
        QTest::addColumn<QString>("precision");
        QTest::addColumn<QString>("optimizer");
        QTest::addColumn<double>("bytes");
        QTest::newRow("fp32") << "fp32"
                              << "adamw" << 16.0;
        QTest::newRow("bf16, 8-bit Adam") << "bf16"
                                          << "adamw_8bit" << 6.03;
        QTest::newRow("bf16, bf16 Adam") << "bf16"
                                         << "adamw_bf16" << 8.0;
        QTest::newRow("bf16 mixed") << "bf16_mixed"
                                    << "adamw" << 18.0;
    }
    void statesTakeTheirBytesForEachParameter()
    {
        QFETCH(QString, precision);
        QFETCH(QString, optimizer);
        QFETCH(double, bytes);
        const ResolvedJob full = job("gemma-3-4b", {{"method", "full"},
                                                    {"model.text_only", true},
                                                    {"precision", precision.toStdString()},
                                                    {"optimizer.type", optimizer.toStdString()}});
        const MemoryByPart memory = estimate(full, {}).memory;
        const double states = memory.weights + memory.gradients + memory.optimizer;
        QVERIFY2(std::abs(states / (3880.3e6 * bytes) - 1) < 0.001, qPrintable(QString::number(states)));
        QCOMPARE(memory.adapters, 0.0);
    }

    void adaptersTrainAndTheModelOnlyLies()
    {
        const ResolvedJob lora = job("gemma-3-12b", {{"model.text_only", true}});
        const MemoryByPart memory = estimate(lora, {}).memory;
        QVERIFY(std::abs(memory.weights / (2 * 11766.0e6) - 1) < 0.001);
        QVERIFY(std::abs(memory.gradients / (4 * 65.5e6) - 1) < 0.002);  // rank 16: 65.5 M, peft's count
        const MemoryByPart nf4 =
            estimate(job("gemma-3-12b", {{"model.text_only", true}, {"method", "qlora"}}), {}).memory;
        // arXiv:2305.14314, section 3: 4 bits, and with double quantisation 0.127 for the scales.
        QVERIFY(std::abs(nf4.weights / (4.127 / 8 * 10758e6 + 2 * 1007.7e6) - 1) < 0.002);
    }

    void qloraKeepsATowerInFullThatIsTrained()
    {
        const auto weights = [](bool isFrozen) {
            return estimate(job("gemma-3-4b", {{"method", "qlora"},
                                               {"freeze.vision_tower", isFrozen},
                                               {"freeze.projector", true}}),
                            {})
                .memory.weights;
        };
        const double tower = 416.4e6;  // its linear layers and embeddings
        QVERIFY(std::abs((weights(false) - weights(true)) / (tower * (2 - 4.127 / 8)) - 1) < 0.01);
    }

    /// As engine/ does it: fp32 whatever the job says, and no CUDA.
    void aCpuComputesInFloat()
    {
        const ResolvedJob lora = job("gemma-3-1b", {{"activation_checkpointing", "none"}});
        const Estimate cpu = estimate(lora, {.name = "", .memoryBytes = 64e9, .isCpu = true});
        QCOMPARE(cpu.memory.weights, 2 * estimate(lora, {}).memory.weights);
        QCOMPARE(cpu.memory.overhead, 0.0);
        QVERIFY(cpu.fits);
        QVERIFY(!estimate(lora, {.name = "", .memoryBytes = cpu.memory.total() - 1, .isCpu = true}).fits);
    }

    void layoutsShareTheLoad()
    {
        const Settings full = {{"method", "full"}, {"model.text_only", true}};
        const MemoryByPart one = estimate(job("gemma-3-4b", full), {}).memory;
        const MemoryByPart data = estimate(job("gemma-3-4b", full, 4), {}).memory;
        QVERIFY(std::abs(data.optimizer * 4 / one.optimizer - 1) < 1e-9);
        QCOMPARE(data.weights, one.weights);
        Settings tensor = full;
        tensor["parallel.tensor"] = 4;
        const MemoryByPart split = estimate(job("gemma-3-4b", tensor, 4), {}).memory;
        QVERIFY(split.weights < 0.26 * one.weights && split.weights > 0.25 * one.weights);
        QVERIFY(std::abs(split.activations * 4 / one.activations - 1) < 1e-9);
    }

    void checkpointingIsTheLeastThatFits()
    {
        const ResolvedJob lora =
            job("gemma-3-4b", {{"model.text_only", true}, {"sequence_length", 8192}, {"batch.micro", 4}});
        double last = 1e30;
        // On a GPU selective keeps what none keeps.
        for (const Checkpointing each : {Checkpointing::None, Checkpointing::Full}) {
            const double total = memoryOf(lora, 4, 8192, each, 0).total();
            QVERIFY(total < last);
            last = total;
            const Estimate result = estimate(lora, {"", total + 1, 0});
            QVERIFY(result.checkpointing == each);
            QVERIFY(result.fits);
            QCOMPARE(result.flops.recompute > 0, each == Checkpointing::Full);
        }
        QVERIFY(!estimate(lora, {"", last - 1, 0}).fits);
    }

    void theLargestThatFitsFitsAndOneMoreDoesNot()
    {
        const ResolvedJob lora =
            job("gemma-3-4b",
                {{"model.text_only", true}, {"batch.global", 4096}, {"activation_checkpointing", "none"}});
        const Estimate result = estimate(lora, {"", 80e9, 0});
        QVERIFY(result.largestMicroBatch > 1);
        QVERIFY(memoryOf(lora, result.largestMicroBatch, 2048, Checkpointing::None, 0).total() <= 80e9);
        // The next one that divides 4096.
        QVERIFY(memoryOf(lora, result.largestMicroBatch * 2, 2048, Checkpointing::None, 0).total() > 80e9);
        const Estimate ofSix = estimate(
            job("gemma-3-4b", {{"model.text_only", true}, {"batch.global", 6}, {"sequence_length", 64}}),
            {"", 80e9, 0});
        QCOMPARE(ofSix.largestMicroBatch, 6);
        for (const double bytes : {9.6e9, 10e9, 11e9, 12e9}) {
            const int64_t most =
                estimate(job("gemma-3-4b", {{"model.text_only", true}, {"batch.global", 15}}), {"", bytes, 0})
                    .largestMicroBatch;
            QVERIFY(most == 0 || 15 % most == 0);  // what is told can be set
        }
        QVERIFY(memoryOf(lora, 1, result.largestSequence, Checkpointing::None, 0).total() <= 80e9);
        QVERIFY(memoryOf(lora, 1, result.largestSequence + 64, Checkpointing::None, 0).total() > 80e9);
        QCOMPARE(estimate(job("gemma-3-27b", {{"method", "full"}}), {"", 80e9, 0}).largestMicroBatch, 0);
    }

    void timeComesFromTheMeasuredRate()
    {
        const ResolvedJob lora = job("gemma-3-1b", {});
        const Estimate result = estimate(lora, {"", 80e9, 798e12});
        QVERIFY(result.secondsPerStep > 0);
        QCOMPARE(result.seconds, 100 * result.secondsPerStep);
        QCOMPARE(estimate(lora, {"", 80e9, 399e12}).secondsPerStep, 2 * result.secondsPerStep);
        QCOMPARE(estimate(lora, {}).secondsPerStep, 0.0);

        // A rate of whole steps counts as it is, and before that of products.
        const Estimate probed = estimate(lora, {.name = "", .flops = 798e12, .stepFlops = 100e12});
        QVERIFY(std::abs(probed.secondsPerStep * 100e12 / (probed.flops.total() + probed.flops.recompute) -
                         1) < 1e-12);
    }

    void ratesAreRememberedByDeviceAndType()
    {
        QTemporaryDir home;
        const std::filesystem::path folder = home.path().toStdString();
        const Gpu gpu = {.name = "A card"}, cpu = {.name = "CPU, 4 cores", .isCpu = true};
        QCOMPARE(rememberedRate(folder, gpu, Precision::Bf16), 0.0);
        QVERIFY(rememberRate(folder, gpu, Precision::Bf16Mixed, 3e14));
        QVERIFY(rememberRate(folder, gpu, Precision::Fp32, 4e13));
        QVERIFY(rememberRate(folder, cpu, Precision::Bf16, 5e10));
        QCOMPARE(rememberedRate(folder, gpu, Precision::Bf16), 3e14);
        QCOMPARE(rememberedRate(folder, gpu, Precision::Fp32), 4e13);
        QCOMPARE(rememberedRate(folder, {.name = "another"}, Precision::Fp32), 0.0);
        QCOMPARE(rememberedRate(folder, cpu, Precision::Fp32), 5e10);  // it has no other type

        std::ofstream(folder / "cache/device-rates.json") << "{ damaged";
        QCOMPARE(rememberedRate(folder, gpu, Precision::Fp32), 0.0);
        QVERIFY(rememberRate(folder, gpu, Precision::Fp32, 4e13));
        QCOMPARE(rememberedRate(folder, gpu, Precision::Fp32), 4e13);
    }

    void whatDoesNotFitGetsThreeEditsAtMost()
    {
        const Settings settings = {{"name", "a"},
                                   {"model.base", "gemma-3-12b"},
                                   {"data.sources", nlohmann::json::array({{{"path", "mock:text"}}})},
                                   {"steps", 100},
                                   {"batch.global", 8},
                                   {"batch.micro", 8},
                                   {"sequence_length", 8192}};
        const Surroundings surroundings = {{}, SOURCE_DIR "/resources/recipes", 1};
        const Result<ResolvedJob> resolved = resolveJob(settings, surroundings);
        QVERIFY2(resolved, reason(resolved));
        const Gpu gpu = {"", 32e9, 0};
        QVERIFY(!estimate(*resolved, gpu).fits);
        const std::vector<JobEdit> edits = editsThatFit(settings, *resolved, surroundings, gpu);
        QCOMPARE(edits.size(), size_t{3});
        QVERIFY(edits.front().fits);
        for (const JobEdit& edit : edits) {
            Settings changed = settings;
            for (const auto& [key, value] : edit.changes)
                changed[key] = value;
            const Estimate then = estimate(*resolveJob(changed, surroundings), gpu);
            QCOMPARE(then.memory.total(), edit.bytes);
            QCOMPARE(then.fits, edit.fits);
        }
        QCOMPARE(asOverrides({{"", {{"method", "lora"}, {"freeze.language_model", true}}, 0, false},
                              {"", {{"batch.micro", 2}}, 0, false}}),
                 std::string("freeze.language_model=true method=lora, or batch.micro=2"));
    }

    void theDescriptionSaysWhatAUserNeeds()
    {
        const Result<ResolvedJob> resolved =
            resolveJob({{"recipe", "4b-lora"}, {"lora.rank", 8}}, {{}, SOURCE_DIR "/resources/recipes", 1});
        QVERIFY2(resolved, reason(resolved));
        const Gpu gpu = {"H100", 80e9, 798e12};
        const std::string text = describe(*resolved, estimate(*resolved, gpu), gpu);
        for (const char* words :
             {"lora.rank", "8  (recipe: 32)", "NeMo: 8 nodes x 8 GPUs, tensor parallel 2", "vision tower",
              "fits into 80.0 GB", "note: the whole vision tower", "32 passes on 1 GPU"})
            QVERIFY2(text.find(words) != std::string::npos, (std::string(words) + "\n" + text).c_str());
    }
};

QTEST_GUILESS_MAIN(EstimateTest)
#include "estimate_test.moc"
