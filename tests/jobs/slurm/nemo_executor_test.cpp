// NeMo-Run's SlurmExecutor becomes a profile. The members are those of nemo_run/core/execution/slurm.py.

#include "jobs/slurm/nemo_executor.h"
#include "core/base/yaml.h"
#include "tests/support/check.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace facet;
using namespace facet::jobs;

class NemoExecutorTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anExecutorBecomesAProfile()
    {
        // As "nemo ... --to-yaml" writes it.
        QTemporaryDir folder;
        QFile file(folder.filePath("executor.yaml"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(R"(_target_: nemo_run.core.execution.slurm.SlurmExecutor
account: coreai
partition: batch
time: 04:00:00
nodes: 4
ntasks_per_node: 8
gpus_per_node: 8
mem: "0"
exclusive: true
container_image: nvcr.io/nvidia/nemo:25.04
container_mounts:
- /lustre:/lustre
- /data
env_vars:
  NCCL_NVLS_ENABLE: "0"
  TRANSFORMERS_OFFLINE: "1"
  HF_TOKEN: hf_abcdefghijklmnopqrstuvwxyz012345
additional_parameters:
  reservation: tuesday
tunnel:
  host: login.example.org
  user: me
wait_time_for_group_job: 30
)");
        file.close();
        const auto executor = core::readYaml(file.fileName().toStdString());
        QVERIFY2(executor, core::reason(executor));
        const auto imported = importNemoExecutor(*executor, "eos");
        QVERIFY2(imported, core::reason(imported));
        const ClusterProfile& profile = imported->profile;
        QCOMPARE(profile.account, std::string("coreai"));
        QCOMPARE(profile.time, std::string("04:00:00"));
        QCOMPARE(profile.nodes, 4);
        QCOMPARE(profile.tasksPerNode, 8);
        QVERIFY(profile.exclusive && profile.launch == LaunchVariant::Pyxis);
        QCOMPARE(profile.mounts, (std::vector<std::string>{"/lustre:/lustre", "/data:/data"}));
        QCOMPARE(profile.nccl.at("NCCL_NVLS_ENABLE"), std::string("0"));
        QCOMPARE(profile.environment.at("TRANSFORMERS_OFFLINE"), std::string("1"));
        QCOMPARE(profile.passEnvironment, std::vector<std::string>{"HF_TOKEN"});
        QCOMPARE(profile.extra, std::vector<std::string>{"--reservation=tuesday"});
        QCOMPARE(profile.host, std::string("me@login.example.org"));
        QVERIFY(toJson(profile).dump().find("hf_abc") == std::string::npos);
        QCOMPARE(imported->notes.size(), size_t{2});  // the token, and wait_time_for_group_job
    }

    void wrongMembersAreNamed()
    {
        const auto wrong = importNemoExecutor({{"nodes", "four"}}, "eos");
        QVERIFY(!wrong);
        QCOMPARE(wrong.error().message, std::string("nodes is \"four\", not a whole number"));
        QVERIFY(!importNemoExecutor(nlohmann::json::array(), "eos"));
    }
};

QTEST_GUILESS_MAIN(NemoExecutorTest)
#include "nemo_executor_test.moc"
