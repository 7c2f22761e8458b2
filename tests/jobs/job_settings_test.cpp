// What a user writes into a job file, and what a wrong word is answered with.

#include "core/base/file.h"
#include "core/base/json.h"
#include "jobs/job/job_json.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::jobs;
using namespace facet::core;

namespace {

/// JSON with ' for ".
nlohmann::json parsed(std::string text)
{
    std::ranges::replace(text, '\'', '"');
    return nlohmann::json::parse(text, nullptr, false);
}

Result<Job> jobOf(const char* text, const std::vector<std::string>& overrides = {})
{
    Result<Settings> settings = settingsFrom(parsed(text));
    if (!settings)
        return settings.error();
    for (const std::string& each : overrides)
        if (const Result<void> done = applyOverride(each, *settings); !done)
            return done.error();
    return jobFrom(*settings);
}

std::string complaint(const char* text, const std::vector<std::string>& overrides = {})
{
    const Result<Job> job = jobOf(text, overrides);
    return job ? "" : job.error().message;
}

}  // namespace

class JobSettingsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void valuesAreReadAndTheRestHasDefaults()
    {
        const Result<Job> job = jobOf(
            "{'facet_job': 1, 'name': 'a', 'method': 'dora', 'lora': {'rank': 8, 'targets': '.*q_proj', "
            "'rank_pattern': {'v_proj': 4}}, 'parallel': {'tensor': 'auto', 'nodes': 2}, 'freeze': {'norms': "
            "null, 'projector': true}, "
            "'data': {'sources': [{'path': 'x.jsonl', 'weight': 0.5, 'format': 'llava'}]}, 'steps': 10.0}");
        QVERIFY2(job, reason(job));
        QVERIFY(job->method == Method::Dora);
        QCOMPARE(job->lora.rank, 8);
        QCOMPARE(job->lora.targets.regex, std::string(".*q_proj"));
        QVERIFY(job->lora.targets.names.empty());
        QCOMPARE(job->lora.rankPattern.at("v_proj"), 4.0);
        QVERIFY(!job->parallel.tensor);
        QCOMPARE(*job->parallel.numNodes, 2);
        QVERIFY(!job->freeze.norms);
        QVERIFY(*job->freeze.projector);
        QCOMPARE(job->data.sources.at(0).weight, 0.5);
        QVERIFY(job->data.sources.at(0).format == SourceFormat::Llava);
        QCOMPARE(job->steps, 10);
        QCOMPARE(job->lora.alpha, Job().lora.alpha);
    }

    void aJobThatIsWrittenReadsTheSame()
    {
        Result<Job> job = jobOf(
            "{'name': 'a', 'lora': {'alpha_pattern': {'q_proj': 1.5}}, 'optimizer': {'lr': 3e-7}, "
            "'data': {'sources': [{'path': 'x'}]}, 'samples': {'prompts': [{'prompt': 'Hello'}]}}");
        QVERIFY2(job, reason(job));
        const Result<Job> again = jobOf(toJson(*job).dump().c_str());
        QVERIFY2(again, reason(again));
        QVERIFY(differences(*job, *again).empty());
    }

    void unknownKeysAreRefusedWithTheNearestRightName()
    {
        QCOMPARE(complaint("{'lora': {'rnak': 8}}"),
                 std::string("the job has no key \"lora.rnak\"; did you mean \"lora.rank\"?"));
        QCOMPARE(complaint("{'rank': 8}"),
                 std::string("the job has no key \"rank\"; did you mean \"lora.rank\"?"));
        QCOMPARE(complaint("{'loar': {'rank': 8}}"),
                 std::string("the job has no key \"loar.rank\"; did you mean \"lora.rank\"?"));
        QCOMPARE(complaint("{'seqence_length': 8}"),
                 std::string("the job has no key \"seqence_length\"; did you mean \"sequence_length\"?"));
        QCOMPARE(complaint("{'data': {'sources': [{'path': 'a', 'wieght': 2}]}}"),
                 std::string("data.sources[0].wieght is not known; did you mean \"weight\"?"));
        QCOMPARE(complaint("{'zzzzzzzzzzzz': 8}"), std::string("the job has no key \"zzzzzzzzzzzz\""));
        QCOMPARE(complaint("{}", {"lora.rnak=8"}),
                 std::string("the job has no key \"lora.rnak\"; did you mean \"lora.rank\"?"));
    }

    void wrongValuesAreRefusedWithWhatIsWanted()
    {
        QCOMPARE(complaint("{'lora': {'rank': '8'}}"),
                 std::string("lora.rank is \"8\", not a whole number from 1 to 65536"));
        QCOMPARE(complaint("{'lora': {'rank': 8.5}}"),
                 std::string("lora.rank is 8.5, not a whole number from 1 to 65536"));
        QCOMPARE(complaint("{'method': 'Lora'}"),
                 std::string(
                     "method is \"Lora\", not pretrain, full, lora, dora or qlora; did you mean \"lora\"?"));
        QCOMPARE(complaint("{'lora': 8}"), std::string("lora is 8, not an object"));
        QCOMPARE(complaint("{'packing': 1}"), std::string("packing is 1, not true or false"));
        QCOMPARE(complaint("{'data': {'sources': ['a']}}"),
                 std::string("data.sources[0] is \"a\", not an object"));
        QCOMPARE(complaint("{'lora': {'targets': [1]}}"),
                 std::string("lora.targets is a list, not a list of texts or one text"));
        QCOMPARE(complaint("{'parallel': {'tensor': 0}}"),
                 std::string("parallel.tensor is 0, not auto or a whole number from 1 to 64"));
        QCOMPARE(complaint("{'facet_job': 2}"), std::string("facet_job is 2; this Facet reads version 1"));
    }

    void nemosNamesAreAccepted()
    {
        const Result<Job> job = jobOf(
            "{'name': 'a', 'num_nodes': 2, 'num_gpus_per_node': 8, 'peft_scheme': 'none', "
            "'resume_path': 'nemo://google/gemma-3-4b-it', 'peft': {'target_modules': ['linear_qkv'], 'dim': "
            "4, 'freeze_vision_model': false}, "
            "'trainer': {'max_steps': 7, 'strategy': {'tensor_model_parallel_size': 2}}, 'optim': {'config': "
            "{'lr': 0.5}, 'lr_scheduler': {'min_lr': 0.25}}, "
            "'log': {'ckpt': {'save_last': 'link', 'save_top_k': 2}}, 'data': {'global_batch_size': 64, "
            "'num_workers': 3}}");
        QVERIFY2(job, reason(job));
        QCOMPARE(*job->parallel.numNodes, 2);
        QCOMPARE(*job->parallel.gpusPerNode, 8);
        QVERIFY(job->method == Method::Full);
        QCOMPARE(job->modelBase, std::string("google/gemma-3-4b-it"));
        QCOMPARE(job->lora.targets.names, std::vector<std::string>{"linear_qkv"});
        QCOMPARE(job->lora.rank, 4);
        QVERIFY(!*job->freeze.visionTower);
        QCOMPARE(job->steps, 7);
        QCOMPARE(*job->parallel.tensor, 2);
        QCOMPARE(job->optimizer.lr, 0.5);
        QCOMPARE(job->schedule.minLr, 0.25);
        QCOMPARE(job->keepLast, 1);
        QCOMPARE(job->keepBest, 2);
        QCOMPARE(job->globalBatch, 64);
        QCOMPARE(job->data.numWorkers, 3);
        for (const auto& [theirs, ours] : aliases())
            QVERIFY2(std::ranges::find(jobKeys(), ours) != jobKeys().end(), theirs.c_str());
    }

    void aModelMayBeSaidAsATextAlone()
    {
        QCOMPARE(jobOf("{'model': 'demo'}")->modelBase, std::string("demo"));
        QCOMPARE(jobOf("{'model': {'base': 'demo', 'text_only': true}}")->modelBase, std::string("demo"));
        QCOMPARE(jobOf("{'model': {'base': 'demo'}}", {"model=other"})->modelBase, std::string("other"));
        QCOMPARE(complaint("{'model': 3}"), std::string("model.base is 3, not a text"));
    }

    void aKeyThatIsSaidTwiceUnderTwoNamesIsRefused()
    {
        QCOMPARE(complaint("{'lora': {'rank': 8}, 'peft': {'dim': 4}}"),
                 std::string(
                     "the job says both \"lora.rank\" and \"peft.dim\", which are the same; leave one out"));
    }

    void overridesAreLaidOverTheFile()
    {
        const Result<Job> job =
            jobOf("{'name': 'a', 'lora': {'rank': 8}, 'data': {'sources': [{'path': 'x'}]}}",
                  {"lora.rank=4", "name=b-1", "peft.alpha=2", "lora.targets=[\"q_proj\"]",
                   "data.sources.0.weight=3", "data.sources.1={\"path\": \"y\"}", "lora={\"dropout\": 0.5}",
                   "deterministic=true"});
        QVERIFY2(job, reason(job));
        QCOMPARE(job->lora.rank, 4);
        QCOMPARE(job->name, std::string("b-1"));
        QCOMPARE(job->lora.alpha, 2.0);
        QCOMPARE(job->lora.dropout, 0.5);
        QCOMPARE(job->lora.targets.names, std::vector<std::string>{"q_proj"});
        QCOMPARE(job->data.sources.size(), size_t{2});
        QCOMPARE(job->data.sources[0].weight, 3.0);
        QCOMPARE(job->data.sources[1].path, std::string("y"));
        QVERIFY(job->deterministic);
        QVERIFY(complaint("{}", {"lora.rank"}).find("no override such as lora.rank=8") != std::string::npos);
        QVERIFY(complaint("{}", {"data.sources.3.path=x"}).find("data.sources has 0 entries") !=
                std::string::npos);
        QVERIFY(complaint("{}", {"lora=3"}).find("group of keys") != std::string::npos);
    }

    void pathsCountFromTheFilesFolder()
    {
        const QTemporaryDir folder;
        const std::filesystem::path path = folder.filePath("job.json").toStdString();
        std::filesystem::create_directory(path.parent_path() / "model");
        QVERIFY(writeFileAtomically(
            path,
            parsed("{'name': 'a', 'dir': 'runs/a', 'model': {'base': 'model'}, "
                   "'data': {'sources': [{'path': 'x.jsonl'}, {'path': 'mock:text'}, {'path': '/abs'}]}}")
                .dump()));
        const Result<Settings> settings = readJobFile(path);
        QVERIFY2(settings, reason(settings));
        const Result<Job> job = jobFrom(*settings);
        QVERIFY2(job, reason(job));
        QCOMPARE(job->dir, (path.parent_path() / "runs/a").string());
        QCOMPARE(job->modelBase, (path.parent_path() / "model").string());
        QCOMPARE(job->data.sources[0].path, (path.parent_path() / "x.jsonl").string());
        QCOMPARE(job->data.sources[1].path, std::string("mock:text"));
        QCOMPARE(job->data.sources[2].path, std::string("/abs"));
    }

    void differencesAreInTheOrderOfTheFile()
    {
        const Result<Job> one = jobOf("{'name': 'a', 'lora': {'rank': 8}}");
        const Result<Job> other = jobOf("{'name': 'a', 'seed': 1, 'lora': {'rank': 4}}");
        const std::vector<Difference> found = differences(*one, *other);
        QCOMPARE(found.size(), size_t{2});
        QCOMPARE(found[0].key, std::string("lora.rank"));
        QCOMPARE(found[0].first.get<int>(), 8);
        QCOMPARE(found[0].second.get<int>(), 4);
        QCOMPARE(found[1].key, std::string("seed"));
    }
};

QTEST_GUILESS_MAIN(JobSettingsTest)
#include "job_settings_test.moc"
