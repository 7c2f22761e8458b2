// Profiles of clusters: read, written, refused in words.

#include "jobs/cluster_profile.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet;
using namespace facet::jobs;
using nlohmann::json;

class ClusterProfileTest final : public QObject {
    Q_OBJECT

    static std::string refusalOf(const json& object)
    {
        const auto profile = profileFrom(object);
        return profile ? std::string("(accepted)") : profile.error().message;
    }

private Q_SLOTS:
    void everyKeyComesBack()
    {
        json object = {{"name", "lab"},
                       {"launch", "pyxis"},
                       {"image", "a.sif"},
                       {"mounts", {"/a:/b:ro"}},
                       {"nodes", 4},
                       {"exclusive", true},
                       {"environment", {{"A", "b c"}}},
                       {"nccl", {{"NCCL_IB_HCA", "mlx5"}}},
                       {"partitions", {{{"name", "gpu"}, {"seconds", 60}, {"gpus_per_node", 8}}}},
                       {"extra", {"--nice=3"}}};
        const auto profile = profileFrom(object);
        QVERIFY2(profile, core::reason(profile));
        QCOMPARE(profile->partitions.size(), size_t{1});
        QCOMPARE(profile->partitions[0].gpusPerNode, 8);
        const json written = toJson(*profile);
        QCOMPARE(written["facet_cluster"].get<int>(), 1);
        for (const auto& [key, value] : object.items())
            if (key != "partitions")
                QCOMPARE(written[key].dump(), value.dump());
        QVERIFY(*profileFrom(written) == *profile);
    }

    void whatIsWrongIsSaid()
    {
        QCOMPARE(refusalOf({{"name", "lab"}, {"partion", "x"}}),
                 "there is no key \"partion\"; did you mean \"partition\"?");
        QCOMPARE(refusalOf({{"name", "lab"}, {"nodes", -1}}),
                 "nodes is -1, not a whole number that is not negative");
        QCOMPARE(refusalOf({{"name", "lab"}, {"launch", "docker"}}),
                 "launch is \"docker\", not pyxis, apptainer or modules");
        QCOMPARE(refusalOf({{"name", "lab"}, {"facet_cluster", 2}}),
                 "facet_cluster is 2; this Facet reads version 1");
        QVERIFY(refusalOf({{"name", "../lab"}}).starts_with("name is \"../lab\""));
        QVERIFY(refusalOf({{"name", "lab"}, {"mounts", {"/a"}}}).find("FROM:TO") != std::string::npos);
        QVERIFY(refusalOf({{"name", "lab"}, {"environment", {{"1A", "x"}}}}).find("no name of a variable") !=
                std::string::npos);
        QVERIFY(refusalOf({{"name", "lab"}, {"partitions", {{{"name", "gpu"}, {"secons", 60}}}}})
                    .find("seconds") != std::string::npos);
    }

    void secretsAreRefused()
    {
        const std::string token = "hf_" + std::string(34, 'a');
        QVERIFY(refusalOf({{"name", "lab"}, {"environment", {{"HF_TOKEN", "x"}}}}).find("pass_environment") !=
                std::string::npos);
        QVERIFY(refusalOf({{"name", "lab"}, {"environment", {{"X", token}}}}).find("secret") !=
                std::string::npos);
        QVERIFY(refusalOf({{"name", "lab"}, {"extra", {"--export=A=" + token}}}).find("access token") !=
                std::string::npos);
        QVERIFY(!looksSecret("TOKENIZERS_PARALLELISM", "false"));
        QVERIFY(!looksSecret("", "/data/hf_cache"));
        QVERIFY(looksSecret("WANDB_API_KEY", "1"));
    }

    void profilesAreFiles()
    {
        QTemporaryDir home;
        const ClusterProfiles profiles((home.path() + "/clusters").toStdString());
        QCOMPARE(profiles.names()->size(), size_t{0});
        ClusterProfile lab;
        lab.name = "lab";
        QVERIFY(profiles.write(lab));
        lab.name = "booster";
        lab.account = "me";
        QVERIFY(profiles.write(lab));
        QCOMPARE(*profiles.names(), (std::vector<std::string>{"booster", "lab"}));
        QCOMPARE(profiles.read("booster")->account, std::string("me"));
        const auto missing = profiles.read("bosster");
        QVERIFY(!missing && missing.error().message.find("did you mean \"booster\"?") != std::string::npos);
        QVERIFY(profiles.remove("booster"));
        QCOMPARE(profiles.names()->size(), size_t{1});
    }
};

QTEST_GUILESS_MAIN(ClusterProfileTest)
#include "cluster_profile_test.moc"
