// What a job leaves open is decided, and what cannot be is refused in words.

#include "jobs/resolved_job.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::jobs;
using namespace facet::core;

namespace {

Settings smallest()
{
    return {{"name", "a"},
            {"model.base", "google/gemma-3-4b-it"},
            {"data.sources", nlohmann::json::array({{{"path", "mock:vision"}}})},
            {"steps", 10},
            {"lora.targets", "all-linear"}};
}

Result<ResolvedJob> resolved(Settings changes, int64_t gpus = 1)
{
    Settings all = smallest();
    for (auto& [key, value] : changes)
        all[key] = value;
    return resolveJob(all, {{}, SOURCE_DIR "/resources/recipes", gpus});
}

std::string complaint(Settings changes, int64_t gpus = 1)
{
    const Result<ResolvedJob> job = resolved(std::move(changes), gpus);
    return job ? "" : job.error().message;
}

bool hasNote(const ResolvedJob& job, const char* words)
{
    return std::ranges::any_of(
        job.notes, [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

class ResolvedJobTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("HF_HUB_CACHE", "/nowhere");
        qputenv("FACET_HOME", "/nowhere/facet");
    }

    void adaptersAloneAreTrainedByDefault()
    {
        const Result<ResolvedJob> job = resolved({});
        QVERIFY2(job, reason(job));
        QCOMPARE(job->adapters.size(), size_t{34 * 7 + 27 * 6});
        QCOMPARE(job->parameters.trained, job->parameters.trainedOf(ParameterPart::Adapters));
        QCOMPARE(job->adapters[0].scale, 2.0);  // alpha 32 over rank 16
        QCOMPARE(job->job.dir, std::string("/nowhere/facet/runs/a"));
        QVERIFY(hasNote(*job, "not on this machine"));
        QVERIFY(hasNote(*job, "teach nothing"));
    }

    void nemosTrapIsSaidWhereItApplies()
    {
        const char* const trap = "the whole vision tower (417 M parameters) is trained besides the adapters";
        QVERIFY(hasNote(*resolved({{"freeze.vision_tower", false}}), trap));
        QVERIFY(!hasNote(*resolved({}), trap));
        const Result<ResolvedJob> recipe =
            resolveJob({{"recipe", "4b-lora"}}, {{}, SOURCE_DIR "/resources/recipes", 1});
        QVERIFY2(recipe, reason(recipe));
        QVERIFY(hasNote(*recipe, trap));
    }

    void ranksAndAlphasGoByTarget()
    {
        const Result<ResolvedJob> job = resolved({{"lora.targets", {"q_proj", "linear_fc2"}},
                                                  {"lora.rslora", true},
                                                  {"lora.rank_pattern", {{"q_proj", 4}, {"linear_fc2", 9}}},
                                                  {"lora.alpha_pattern", {{"linear_fc2", 8}}}});
        QVERIFY2(job, reason(job));
        for (const Adapter& adapter : job->adapters) {
            const bool isQuery = adapter.module.name.ends_with("q_proj");
            QCOMPARE(adapter.rank, isQuery ? 4 : 9);
            QCOMPARE(adapter.scale, isQuery ? 32 / 2.0 : 8 / 3.0);
        }
        QCOMPARE(complaint({{"lora.targets", {"q_proj"}}, {"lora.rank_pattern", {{"v_proj", 4}}}}),
                 std::string("lora.rank_pattern.v_proj matches none of the targets"));
        QVERIFY(complaint({{"lora.rank_pattern", {{"q_proj", 4}, {".*q_proj", 5}}}}).find("two values") !=
                std::string::npos);
    }

    void gpusShareTheBatch()
    {
        const Result<ResolvedJob> job =
            resolved({{"batch.global", 64}, {"batch.micro", 2}, {"parallel.tensor", 2}}, 8);
        QVERIFY2(job, reason(job));
        QCOMPARE(job->numGpus, 8);
        QCOMPARE(job->dataParallel, 4);
        QCOMPARE(job->accumulation, 8);
        QCOMPARE(complaint({{"batch.global", 30}, {"batch.micro", 4}}),
                 std::string("batch.global is 30, no multiple of batch.micro 4 times 1 data-parallel ranks"));
        QVERIFY(complaint({{"parallel.tensor", 3}}, 3).find("does not divide the 8 heads") !=
                std::string::npos);
        QVERIFY(complaint({{"parallel.tensor", 4}}, 2).find("2 GPUs cannot be cut into groups of 4") !=
                std::string::npos);
    }

    void whatCannotBeIsRefused()
    {
        QCOMPARE(complaint({{"name", "my run"}}),
                 std::string("name is \"my run\"; a run's name has letters, digits, \".\", \"_\" and \"-\", "
                             "and starts with none of the last two"));
        QVERIFY(complaint({{"epochs", 2}}).find("both set") != std::string::npos);
        QVERIFY(complaint({{"steps", 0}}).find("neither") != std::string::npos);
        QVERIFY(complaint({{"method", "qlora"}, {"freeze.language_model", false}}).find("4 bits") !=
                std::string::npos);
        QVERIFY(complaint({{"method", "full"},
                           {"freeze.language_model", true},
                           {"freeze.vision_tower", true},
                           {"freeze.projector", true}})
                    .find("nothing to train") != std::string::npos);
        QVERIFY(complaint({{"model.base", "google/gemma-3-1b-it"}}).find("reads text only") !=
                std::string::npos);
        QVERIFY(complaint({{"sequence_length", 200000}}).find("131072 positions") != std::string::npos);
        QVERIFY(complaint({{"model.base", "google/gemma-4-4b"}}).find("model.base: ") == 0);
        QVERIFY(complaint({{"early_stopping.patience", 2}}).find("no loss to watch") != std::string::npos);
        QVERIFY(complaint({{"lora.targets", {"linear_q"}}}).find("lora.targets: ") == 0);
    }

    void whatIsIgnoredIsSaid()
    {
        const Result<ResolvedJob> full = resolved({{"method", "full"}, {"schedule.warmup_steps", 2000}});
        QVERIFY2(full, reason(full));
        QVERIFY(hasNote(*full, "lora.targets is set, but the method has no adapters"));
        QVERIFY(hasNote(*full, "never leaves its warm-up"));
    }

    void aJobShowsHowItDiffersFromItsRecipe()
    {
        const Result<ResolvedJob> job =
            resolveJob({{"recipe", "12b-lora"}, {"lora.rank", 8}, {"steps", 5190}},
                       {{}, SOURCE_DIR "/resources/recipes", 1});
        QVERIFY2(job, reason(job));
        QCOMPARE(job->fromRecipe.size(), size_t{1});
        QCOMPARE(job->fromRecipe[0].key, std::string("lora.rank"));
        QCOMPARE(job->fromRecipe[0].first.get<int>(), 32);
    }
};

QTEST_GUILESS_MAIN(ResolvedJobTest)
#include "resolved_job_test.moc"
