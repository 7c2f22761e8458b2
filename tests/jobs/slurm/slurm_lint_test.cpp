// What is said before a script is sent. Times and memory are written as in the manual of sbatch (22.05).

#include "jobs/slurm/amounts.h"
#include "jobs/slurm/lint.h"
#include "tests/jobs/slurm/golden_scripts.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet;
using namespace facet::jobs;

class SlurmLintTest final : public QObject {
    Q_OBJECT

    static ClusterProfile lab()
    {
        ClusterProfile profile = bareProfile();
        profile.partition = "gpu";
        profile.partitions = {{.name = "gpu",
                               .seconds = 86400,
                               .nodes = 6,
                               .gpusPerNode = 4,
                               .cpusPerNode = 96,
                               .memoryMiB = 483328},
                              {.name = "cpu", .seconds = 3600}};
        profile.accounts = {"vlm"};
        return profile;
    }

    static std::vector<Finding> about(const std::string& key, const ClusterProfile& profile,
                                      const Job& job = smallJob("sums"))
    {
        std::vector<Finding> found = lint(TrainingTask{job, {}}, profile);
        std::erase_if(found, [&](const Finding& each) { return each.key != key; });
        return found;
    }

private Q_SLOTS:
    void timesAreReadAsSbatchDoes()
    {
        QCOMPARE(*slurmSeconds("30"), 1800);
        QCOMPARE(*slurmSeconds("1:30"), 90);
        QCOMPARE(*slurmSeconds("2:00:05"), 7205);
        QCOMPARE(*slurmSeconds("1-12"), 129600);
        QCOMPARE(*slurmSeconds("1-12:30"), 131400);
        QCOMPARE(*slurmSeconds("1-12:30:01"), 131401);
        QCOMPARE(*slurmSeconds("UNLIMITED"), 0);
        for (const char* wrong : {"", "a", "1:2:3:4", "1-", "-1", "1 day", "1:", "9999999999"})
            QVERIFY2(!slurmSeconds(wrong), wrong);
        QCOMPARE(slurmTime(86400), std::string("1-00:00:00"));
        QCOMPARE(slurmTime(5400), std::string("01:30:00"));
        QCOMPARE(timeInWords(90000), std::string("1 day 1 h"));
        QCOMPARE(timeInWords(5400), std::string("1 h 30 min"));
        QCOMPARE(*slurmMiB("480G"), 491520);
        QCOMPARE(*slurmMiB("1t"), 1048576);
        QCOMPARE(*slurmMiB("2048K"), 2);
        QCOMPARE(*slurmMiB("4000"), 4000);
        QVERIFY(!slurmMiB("many") && !slurmMiB("") && !slurmMiB("1.5G"));
    }

    void aGoodProfileHasNoFindings()
    {
        const std::vector<Finding> found = lint(TrainingTask{smallJob("sums"), {}}, lab());
        QVERIFY2(found.empty(), found.empty() ? "" : found[0].sentence.c_str());
    }

    void whatTheClusterRefusesIsSaidWithAFix()
    {
        ClusterProfile profile = lab();
        profile.time = "3-00:00:00";
        const auto time = about("time", profile);
        QCOMPARE(time.size(), size_t{1});
        QCOMPARE(time[0].sentence, std::string("gpu allows 1 day; the script asks for 3 days."));
        QCOMPARE(time[0].fix->value, std::string("1-00:00:00"));
        QCOMPARE(time[0].fix->label, std::string("Use 1 day"));
        QCOMPARE(lineOf(time[0], *batchScript(TrainingTask{smallJob("sums"), {}}, profile)), 6);

        profile = lab();
        profile.partition = "gqu";
        QCOMPARE(about("partition", profile)[0].fix->value, std::string("gpu"));
        profile = lab();
        profile.account = "vml";
        QCOMPARE(about("account", profile)[0].fix->value, std::string("vlm"));
        profile = lab();
        profile.memory = "480G";
        QCOMPARE(about("memory", profile)[0].fix->label, std::string("Use 472 GiB"));
        profile = lab();
        profile.gpusPerNode = 8;
        QCOMPARE(about("gpus_per_node", profile)[0].sentence,
                 std::string("gpu has 4 GPUs a node; the script asks for 8."));
        profile.partition = "cpu";
        QCOMPARE(about("gpus_per_node", profile)[0].sentence,
                 std::string("cpu has no GPUs; the script asks for 8 a node."));
        profile = lab();
        profile.nodes = 7;
        QCOMPARE(about("nodes", profile).size(), size_t{1});
        profile = lab();
        profile.cpusPerTask = 97;
        QCOMPARE(about("cpus_per_task", profile)[0].fix->value, std::string("96"));
        profile = lab();
        profile.saveBeforeEnd = 7200;
        QCOMPARE(about("save_before_end", profile).size(), size_t{1});
    }

    void whatThisEngineCannotRunIsSaid()
    {
        Job job = smallJob("sums");
        job.parallel = {.numNodes = 4, .gpusPerNode = 8, .tensor = 8, .pipeline = 4, .context = {}};
        QCOMPARE(about("parallel.gpus_per_node", lab(), job)[0].sentence,
                 std::string("This engine trains on one GPU so far and will refuse 32."));
        QVERIFY(about("parallel.tensor", lab(), job).empty());
        job.parallel.pipeline = 3;
        QCOMPARE(about("parallel.tensor", lab(), job).size(), size_t{1});
        job = smallJob("sums");
        job.saveEveryMinutes = 0;
        QCOMPARE(about("saving.every_minutes", lab(), job).size(), size_t{1});
    }

    void containersNeedAnImageAndTheData()
    {
        ClusterProfile profile = lab();
        profile.launch = LaunchVariant::Pyxis;
        QCOMPARE(about("image", profile)[0].weight, Finding::Weight::Refused);
        profile.image = "nvcr.io/nvidia/cuda:13";
        QCOMPARE(about("image", profile)[0].fix->value, std::string("nvcr.io#nvidia/cuda:13"));
        profile.image = "/images/facet.sqsh";
        QVERIFY(about("image", profile).empty());
        QCOMPARE(about("mounts", profile).size(), size_t{1});
        profile.mounts = {"/lustre/data:/data:ro"};
        QVERIFY(about("mounts", profile).empty());
    }
};

QTEST_GUILESS_MAIN(SlurmLintTest)
#include "slurm_lint_test.moc"
