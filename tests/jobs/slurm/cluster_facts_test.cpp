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

    // What sacct of SLURM 22.05.8 printed with slurmdbd and mariadb behind it, which is too much for a test
    // to start: jobs 1 to 3 of one try, and one that was cancelled before it ran.
    void jobsOfSacctAreRead()
    {
        const std::vector<SlurmJob> jobs = jobsFromSacct(
            "1|COMPLETED|low|n1|00:00:00|UNLIMITED|0:0|done one\n"
            "2|FAILED|low|n2|00:00:00|UNLIMITED|3:0|fails|pipe\n"
            "3|CANCELLED by 0|low|n3|00:00:03|00:10:00|0:0|long\n"
            "4_1|COMPLETED|low|n1|00:00:01|UNLIMITED|0:0|arr\n"
            "9|CANCELLED by 0|low|None assigned|00:00:00|00:30:00|0:0|x\n");
        QCOMPARE(jobs.size(), size_t{5});
        QCOMPARE(jobs[0].name, std::string("done one"));
        QCOMPARE(stateInWords(jobs[0]), std::string("Finished"));
        QCOMPARE(reasonInWords(jobs[0]), std::string());
        QCOMPARE(jobs[1].name, std::string("fails|pipe"));
        QCOMPARE(reasonInWords(jobs[1]), std::string("It ended with status 3; see its output"));
        QCOMPARE(jobs[2].state, std::string("CANCELLED"));
        QCOMPARE(reasonInWords(jobs[2]), std::string());
        QCOMPARE(jobs[3].id, std::string("4_1"));
        QVERIFY(jobs[4].isOver() && jobs[4].nodes.empty());
    }

    void jobsOfScontrolAreRead()
    {
        const std::vector<SlurmJob> jobs = jobsFromScontrol(
            "JobId=2 JobName=fails|pipe JobState=ODD UserId=root(0) GroupId=root(0) MCS_label=N/A "
            "Account=root "
            "QOS=normal JobState=FAILED Reason=NonZeroExitCode Dependency=(null) Requeue=1 Restarts=0 "
            "ExitCode=3:0 RunTime=00:00:00 TimeLimit=UNLIMITED StartTime=2026-11-29T19:33:35 Partition=low "
            "ReqNodeList=(null) ExcNodeList=(null) NodeList=n2 BatchHost=n2 WorkDir=/tmp Power= \n"
            "JobId=7 ArrayJobId=4 ArrayTaskId=2 ArrayTaskThrottle=1 JobName=arr UserId=root(0) "
            "JobState=COMPLETED Reason=None ExitCode=0:0 RunTime=00:00:01 TimeLimit=UNLIMITED Partition=low "
            "NodeList=n1 Power= \n");
        QCOMPARE(jobs.size(), size_t{2});
        QCOMPARE(jobs[0].name, std::string("fails|pipe JobState=ODD"));
        QCOMPARE(jobs[0].state, std::string("FAILED"));
        QCOMPARE(jobs[0].nodes, std::string("n2"));
        QCOMPARE(jobs[0].start, std::string("2026-11-29T19:33:35"));
        QCOMPARE(reasonInWords(jobs[0]), std::string("It ended with status 3; see its output"));
        QCOMPARE(jobs[1].id, std::string("4_2"));
        QCOMPARE(reasonInWords(jobs[1]), std::string());
        SlurmJob killed = jobs[0];
        killed.exitCode = "0:9";
        QCOMPARE(reasonInWords(killed), std::string("Signal 9 ended it; see its output"));
        QVERIFY(jobsFromScontrol("slurm_load_jobs error: Invalid job id specified\n").empty());
    }

    void whetherThereAreAccountsIsRead()
    {
        QVERIFY(
            keepsAccounts("AccountingStoreFlags    = (null)\n"
                          "AccountingStorageType   = accounting_storage/slurmdbd\n"));
        QVERIFY(!keepsAccounts("AccountingStorageType   = accounting_storage/none\n"));
        QVERIFY(!keepsAccounts(""));
    }
};

QTEST_GUILESS_MAIN(ClusterFactsTest)
#include "cluster_facts_test.moc"
