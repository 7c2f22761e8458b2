// What SLURM's programs print. The lines are those of SLURM 22.05 on the loopback cluster of tests/slurm,
// shortened.

#include "jobs/slurm/cluster_facts.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet;
using namespace facet::jobs;

class ClusterFactsTest final : public QObject {
    Q_OBJECT

    static SlurmJob withReason(const char* reason)
    {
        SlurmJob job;
        job.reason = reason;
        return job;
    }

private Q_SLOTS:
    void partitionsHaveTheirLargestNode()
    {
        const std::vector<PartitionLimits> found = partitionsFrom(
            "PartitionName=low AllowGroups=ALL Default=YES MaxNodes=UNLIMITED MaxTime=UNLIMITED TotalCPUs=6 "
            "TotalNodes=3\n"
            "PartitionName=short MaxNodes=1 MaxTime=1-00:00:00 TotalNodes=3\n",
            "NodeName=n1 CPUTot=2 Gres=gpu:h100:8(S:0-1),nvme:3 RealMemory=4000 Partitions=low,short \n"
            "NodeName=n2 CPUTot=4 Gres=(null) RealMemory=8000 Partitions=low \n");
        QCOMPARE(found.size(), size_t{2});
        QVERIFY(found[0] == (PartitionLimits{"low", 0, 3, 8, 4, 8000}));
        QVERIFY(found[1] == (PartitionLimits{"short", 86400, 1, 8, 2, 4000}));
        QVERIFY(partitionsFrom("", "").empty());
        QCOMPARE(namesFrom("vlm\nphysics\nvlm\n\n"), (std::vector<std::string>{"physics", "vlm"}));
    }

    void jobsOfSqueueAreRead()
    {
        const std::vector<SlurmJob> jobs = jobsFromSqueue(
            "3|PENDING|Resources|low||0:00|30:00|N/"
            "A|a|b\n2|RUNNING|None|low|n1|1:05|30:00|2026-11-25T12:55:15|rough\nrubbish\n");
        QCOMPARE(jobs.size(), size_t{2});
        QCOMPARE(jobs[0].name, std::string("a|b"));
        QCOMPARE(stateInWords(jobs[0]), std::string("Waiting"));
        QCOMPARE(reasonInWords(jobs[0]), std::string("No nodes are free"));
        QVERIFY(jobs[0].start.empty() && !jobs[0].isOver());
        QCOMPARE(reasonInWords(jobs[1]), std::string());
        QCOMPARE(jobs[1].nodes, std::string("n1"));
        QCOMPARE(reasonInWords(withReason("ReqNodeNotAvail, UnavailableNodes:n3")),
                 std::string("Nodes that it needs are down or reserved"));
        QCOMPARE(reasonInWords(withReason("SomethingNew")), std::string("(SomethingNew)"));
    }

    void jobsOfSacctAreRead()
    {
        const std::vector<SlurmJob> jobs =
            jobsFromSacct("7|CANCELLED by 0|low|None assigned|00:00:00|00:30:00|x|y\n");
        QCOMPARE(jobs.size(), size_t{1});
        QCOMPARE(jobs[0].state, std::string("CANCELLED"));
        QCOMPARE(jobs[0].name, std::string("x|y"));
        QVERIFY(jobs[0].isOver() && jobs[0].nodes.empty());
    }
};

QTEST_GUILESS_MAIN(ClusterFactsTest)
#include "cluster_facts_test.moc"
