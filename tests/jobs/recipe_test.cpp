// The recipes have NeMo's numbers: nemo/collections/vlm/recipes/gemma3vl_{4b,12b,27b}.py,
// nemo/collections/llm/recipes/gemma3_1b.py and finetune_default.py, as of September 2025.

#include "jobs/recipe.h"
#include "jobs/job/job_json.h"
#include "jobs/resolved_job.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::jobs;
using namespace facet::core;

namespace {

const std::filesystem::path kFolder = SOURCE_DIR "/resources/recipes";

Job jobOf(const std::string& name)
{
    const Result<Recipe> recipe = readRecipe(kFolder, name);
    return *jobFrom(recipe->settings);
}

}  // namespace

class RecipeTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everySizeAndMethodHasOneAndItResolves()
    {
        const Result<std::vector<std::string>> names = recipeNames(kFolder);
        QVERIFY2(names, reason(names));
        QCOMPARE(names->size(), size_t{15});
        qputenv("HF_HUB_CACHE", "/nowhere");
        qputenv("FACET_HOME", "/nowhere");
        for (const std::string& name : *names) {
            const Result<ResolvedJob> job = resolveJob({{"recipe", name}}, {{}, kFolder, 1});
            QVERIFY2(job, (name + ": " + reason(job)).c_str());
            QVERIFY(job->fromRecipe.empty());
            QCOMPARE(job->accumulation, job->job.globalBatch);
        }
    }

    void visionModelsHaveNemosNumbers()
    {
        for (const std::string size : {"4b", "12b", "27b"}) {
            const Job pretrain = jobOf(size + "-pretrain");
            QCOMPARE(pretrain.sequenceLength, 512);
            QCOMPARE(pretrain.globalBatch, 512);
            QCOMPARE(pretrain.microBatch, 1);
            QCOMPARE(pretrain.steps, 1'168'251);
            QCOMPARE(pretrain.optimizer.lr, 3e-4);
            QCOMPARE(pretrain.schedule.minLr, 3e-5);
            QCOMPARE(pretrain.schedule.warmupSteps, 2000);
            QCOMPARE(pretrain.validateEverySteps, 2000);
            QCOMPARE(pretrain.validationBatches, 32);
            QCOMPARE(pretrain.logEverySteps, 10);

            const Job full = jobOf(size + "-full");
            QCOMPARE(full.globalBatch, 32);
            QCOMPARE(full.steps, 5190);
            QCOMPARE(full.optimizer.lr, 2e-5);
            QCOMPARE(full.schedule.minLr, 2e-7);
            QCOMPARE(full.schedule.warmupSteps, 150);
            QCOMPARE(full.validateEverySteps, 1000);
            QCOMPARE(full.validationBatches, 10);

            const Job lora = jobOf(size + "-lora");
            QCOMPARE(lora.optimizer.lr, 1e-4);
            QCOMPARE(lora.schedule.minLr, 2e-7);
            QCOMPARE(lora.lora.rank, 32);
            QCOMPARE(lora.lora.alpha, 32.0);
            QCOMPARE(lora.lora.dropout, 0.0);
            QVERIFY(!*lora.freeze.visionTower);
            QCOMPARE(lora.modelBase, "google/gemma-3-" + size + "-it");
            for (const Job& job : {pretrain, full, lora}) {
                QCOMPARE(job.optimizer.beta1, 0.9);
                QCOMPARE(job.optimizer.beta2, 0.95);
                QCOMPARE(job.optimizer.eps, 1e-5);
                QCOMPARE(job.optimizer.weightDecay, 0.1);
                QCOMPARE(job.optimizer.clipGradNorm, 1.0);
                QCOMPARE(job.keepBest, 10);
                QCOMPARE(job.saveEveryMinutes, 15.0);
                QVERIFY(job.precision == Precision::Bf16Mixed);
                QVERIFY(job.schedule.kind == ScheduleKind::Cosine);
            }
        }
    }

    void textModelsHaveNemosNumbersFor1B()
    {
        for (const std::string size : {"270m", "1b"}) {
            const Job pretrain = jobOf(size + "-pretrain");
            QCOMPARE(pretrain.steps, 10);
            QCOMPARE(pretrain.sequenceLength, 8192);
            QCOMPARE(pretrain.globalBatch, 512);
            const Job lora = jobOf(size + "-lora");
            QCOMPARE(lora.lora.rank, 8);
            QCOMPARE(lora.lora.alpha, 16.0);
            QCOMPARE(lora.optimizer.lr, 1e-4);
            QCOMPARE(lora.optimizer.beta2, 0.98);
            QCOMPARE(lora.globalBatch, 128);
            QCOMPARE(lora.sequenceLength, 2048);
            QCOMPARE(lora.steps, 1000);
            QCOMPARE(lora.schedule.warmupSteps, 50);
            QCOMPARE(lora.schedule.minLr, 0.0);
            QCOMPARE(lora.validateEverySteps, 30);
            QCOMPARE(lora.saveEverySteps, 50);
            QCOMPARE(lora.keepBest, 2);
            QCOMPARE(jobOf(size + "-full").optimizer.lr, 5e-6);
        }
    }

    void nemosLayoutIsNamedWhereItIsReplaced()
    {
        const Result<Recipe> lora27 = readRecipe(kFolder, "gemma3_27b_lora");
        const Result<Recipe> full27 = readRecipe(kFolder, "27b-full");
        const Result<Recipe> full4 = readRecipe(kFolder, "4b-full");
        QCOMPARE(lora27->replaced[0].nemo,
                 std::string("1 node x 8 GPUs, tensor parallel 4, sequence parallel"));
        QCOMPARE(full27->replaced[0].nemo,
                 std::string("1 node x 8 GPUs, tensor parallel 8, sequence parallel"));
        QCOMPARE(full4->replaced[0].nemo,
                 std::string("8 nodes x 8 GPUs, tensor parallel 2, sequence parallel"));
    }

    void aWrongNameIsAnsweredWithTheNearest()
    {
        const Result<Recipe> wrong = readRecipe(kFolder, "4b-lroa");
        QCOMPARE(wrong.error().message,
                 std::string("there is no recipe \"4b-lroa\"; did you mean \"gemma3_4b_lora\"?"));
    }
};

QTEST_GUILESS_MAIN(RecipeTest)
#include "recipe_test.moc"
