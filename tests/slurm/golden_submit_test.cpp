// sbatch of a real cluster takes every golden script, and refuses in words what the lint foresaw.

#include "jobs/slurm/lint.h"
#include "tests/jobs/slurm/golden_scripts.h"
#include "tests/slurm/slurm_cluster.h"
#include "tests/support/check.h"

#include <QFile>

using namespace facet;
using namespace facet::jobs;

class GoldenSubmitTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<SlurmCluster> m_cluster;

    QString scriptFile(const std::string& script) const
    {
        QFile file(m_cluster->path("job.sbatch"));
        const bool isWritten =
            file.open(QIODevice::WriteOnly) && file.write(script.data(), qint64(script.size())) > 0;
        return isWritten ? file.fileName() : QString();
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_cluster = std::make_unique<SlurmCluster>();
        if (m_cluster->isMissing())
            QSKIP(m_cluster->problem().constData());
        QVERIFY2(m_cluster->problem().isEmpty(), m_cluster->problem().constData());
    }

    void cleanupTestCase() { m_cluster.reset(); }

    void everyGoldenScriptWouldStart()
    {
        for (const GoldenScript& each : goldenScripts()) {
            const auto tested = m_cluster->run("sbatch", {"--test-only", scriptFile(*each.script)});
            QVERIFY2(tested.exitCode == 0 && tested.error.contains("to start at"),
                     (each.name + (": " + tested.error)).constData());
        }
    }

    void namesReachSlurmAsTheyAre()
    {
        for (const GoldenScript& each : goldenScripts())
            if (std::string_view(each.name) == "hostile") {
                const auto submitted =
                    m_cluster->run("sbatch", {"--parsable", "--hold", scriptFile(*each.script)});
                QVERIFY2(submitted.exitCode == 0, submitted.error.constData());
                const QByteArray about = m_cluster->about(submitted.out.trimmed());
                QVERIFY2(about.contains("JobName=it's a \"name\" $(touch pwned) 50% #1; x "),
                         about.constData());
                QVERIFY2(about.contains("Comment=50 % \"off\" \\ # $(touch pwned) "), about.constData());
                QCOMPARE(m_cluster->run("scancel", {QString::fromLatin1(submitted.out.trimmed())}).exitCode,
                         0);
            }
    }

    void whatSbatchRefusesTheLintForesees_data()
    {
        QTest::addColumn<QString>("partition");
        QTest::addColumn<QString>("time");
        QTest::addColumn<QString>("memory");
        QTest::newRow("time") << "short"
                              << "10:00"
                              << "";
        QTest::newRow("partition") << "shrot"
                                   << "1:00"
                                   << "";
        QTest::newRow("memory") << "short"
                                << "1:00"
                                << "100G";
    }

    void whatSbatchRefusesTheLintForesees()
    {
        QFETCH(QString, partition);
        QFETCH(QString, time);
        QFETCH(QString, memory);
        ClusterProfile profile = bareProfile();
        profile.partition = partition.toStdString();
        profile.time = time.toStdString();
        profile.memory = memory.toStdString();
        profile.saveBeforeEnd = 10;
        profile.partitions = {{.name = "short",
                               .seconds = 60,
                               .nodes = 1,
                               .gpusPerNode = 2,
                               .cpusPerNode = 2,
                               .memoryMiB = 4000}};
        const TrainingTask task = {smallJob("sums"), {}};
        const std::vector<Finding> found = lint(task, profile);
        QCOMPARE(found.size(), size_t{1});
        QCOMPARE(found[0].key, QByteArray(QTest::currentDataTag()).toStdString());
        const auto refused =
            m_cluster->run("sbatch", {"--test-only", scriptFile(*batchScript(task, profile))});
        QVERIFY(refused.exitCode != 0);

        // With its own fix it is taken.
        QVERIFY(found[0].fix);
        if (found[0].key == "time")
            profile.time = found[0].fix->value;
        else if (found[0].key == "partition")
            profile.partition = found[0].fix->value;
        else
            profile.memory = found[0].fix->value;
        const auto taken = m_cluster->run("sbatch", {"--test-only", scriptFile(*batchScript(task, profile))});
        QVERIFY2(taken.exitCode == 0, taken.error.constData());
    }
};

QTEST_GUILESS_MAIN(GoldenSubmitTest)
#include "golden_submit_test.moc"
