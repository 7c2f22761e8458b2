// The Clusters page over a real SLURM: filled from it, a script is submitted, watched and cancelled; so does
// the Fine-tune page, by the same profile.

#include "tests/slurm/slurm_cluster.h"
#include "tests/ui/clusters/clusters_fixture.h"
#include "ui/finetune/finetune_page.h"
#include "ui/runs/run_list.h"

#include <QAbstractItemModelTester>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QToolButton>

using namespace facet;
using namespace facet::ui;

class ClustersSlurmTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<jobs::SlurmCluster> m_cluster;
    std::unique_ptr<ClustersFixture> m_fixture;

    void type(const char* field, const QString& text)
    {
        auto* line = m_fixture->find<QLineEdit>(field);
        line->setFocus();
        line->selectAll();
        QTest::keyClicks(line, text);
    }

    void submitScript()
    {
        m_fixture->find<QPushButton>("clusterSubmit")->click();
        auto* dialog = m_fixture->find<QDialog>("scriptDialog");
        QVERIFY(dialog);
        dialog->findChild<QPushButton*>("scriptSubmit")->click();
    }

    QString cell(int column)
    {
        const QAbstractItemModel* model = m_fixture->find<QTableView>("clusterJobs")->model();
        return model->rowCount() > 0 ? model->index(0, column).data().toString() : QString();
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_cluster = std::make_unique<jobs::SlurmCluster>();
        if (m_cluster->isMissing())
            QSKIP(m_cluster->problem().constData());
        QVERIFY2(m_cluster->problem().isEmpty(), m_cluster->problem().constData());
        m_fixture = std::make_unique<ClustersFixture>();
    }
    void cleanupTestCase()
    {
        m_fixture.reset();
        m_cluster.reset();
    }

    void aScriptIsSubmittedWatchedAndCancelled()
    {
        auto* table = m_fixture->find<QTableView>("clusterJobs");
        QAbstractItemModelTester tester(table->model(),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        QTest::mouseClick(m_fixture->find<QToolButton>("clusterAdd"), Qt::LeftButton);
        m_fixture->page->openJob(m_fixture->path("job.json"));
        QTest::mouseClick(m_fixture->find<QPushButton>("clusterFill"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_fixture->find<QLineEdit>("clusterPartition")->text(),
                                  QStringLiteral("low"), 30'000);

        // Runs go where the Runs page looks, with the engine of this studio.
        QCOMPARE(m_fixture->find<QLineEdit>("clusterRuns")->text(), m_fixture->path("runs"));
        QCOMPARE(m_fixture->find<QLineEdit>("clusterEngine")->text(), QStringLiteral("/bin/true"));

        // What the cluster said is what the lint goes by.
        type("clusterPartition", "short");
        type("clusterTime", "10:00");
        QCOMPARE(m_fixture->find<QLineEdit>("clusterTime")->accessibleDescription(),
                 QStringLiteral("short allows 1 min; the script asks for 10 min."));
        type("clusterPartition", "low");
        // An engine that is not there: the job waits for other nodes than the cluster has idle, and is
        // cancelled before it starts.
        type("clusterDependency", "singleton");
        QVERIFY(m_cluster->run("sbatch", {"--job-name=receipts", "--wrap=sleep 300"}).exitCode == 0);
        QPushButton* submit = m_fixture->find<QPushButton>("clusterSubmit");
        QVERIFY2(submit->isEnabled(), qPrintable(submit->toolTip()));
        submit->click();
        auto* dialog = m_fixture->find<QDialog>("scriptDialog");
        QVERIFY(dialog);
        QVERIFY2(dialog->findChild<QLabel*>("scriptPlace")->text().contains("and on the Runs page"),
                 qPrintable(dialog->findChild<QLabel*>("scriptPlace")->text()));
        dialog->grab().save(QStringLiteral(SCREENSHOTS "/clusters-submit-light.png"));
        QTest::keyClick(dialog, Qt::Key_Escape);
        QTRY_VERIFY(!m_fixture->find<QDialog>("scriptDialog"));
        QCOMPARE(table->model()->rowCount(), 0);
        submitScript();
        QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 2, 30'000);
        QTRY_COMPARE_WITH_TIMEOUT(cell(SlurmJobs::Reason), QStringLiteral("After another job"), 30'000);
        QCOMPARE(cell(SlurmJobs::State), QStringLiteral("Waiting"));
        m_fixture->picture("clusters");
        table->selectRow(0);
        QPushButton* cancel = m_fixture->find<QPushButton>("clusterCancelJob");
        QVERIFY(cancel->isEnabled());
        cancel->click();
        QTRY_COMPARE_WITH_TIMEOUT(cell(SlurmJobs::State), QStringLiteral("Cancelled"), 30'000);
        QVERIFY(!cancel->isEnabled());
    }

    void theFineTuneFormSubmitsByTheSameProfile()
    {
        const std::filesystem::path home = m_fixture->home.path().toStdString();
        RunList runs({home / "runs"});
        FinetunePage page(FinetunePage::Parts{
            .form = {home, SOURCE_DIR "/resources/recipes", {{"demo", SOURCE_DIR "/resources/demo-model"}}},
            .engine = "/bin/true",
            .runs = &runs});
        page.resize(1368, 872);
        page.show();
        page.form().apply({{"name", "of-the-form"},
                           {"recipe", ""},
                           {"model.base", "demo"},
                           {"data.sources", nlohmann::json::array({{{"path", "mock:text"}}})},
                           {"steps", 20},
                           {"lora.targets", {"q_proj"}}});
        QTest::mouseClick(page.findChild<QWidget*>("wherePlace")->findChild<QToolButton*>("segment1"),
                          Qt::LeftButton);
        auto* submit = page.findChild<QPushButton*>("submitScript");
        QVERIFY(submit);
        QTRY_VERIFY2_WITH_TIMEOUT(submit->isVisible() && submit->isEnabled(), qPrintable(submit->toolTip()),
                                  30'000);
        submit->click();
        auto* dialog = page.findChild<QDialog*>("scriptDialog");
        QVERIFY(dialog);
        dialog->findChild<QPushButton*>("scriptSubmit")->click();
        QTRY_VERIFY_WITH_TIMEOUT(m_cluster->run("squeue", {"--noheader", "--states=all", "--format=%j"})
                                     .out.contains("of-the-form"),
                                 30'000);
    }

    void howAJobEndedIsToldByScontrolWithoutAccounts()
    {
        QVERIFY(m_cluster->run("sbatch", {"--job-name=fails", "--wrap=exit 3"}).exitCode == 0);
        QTRY_COMPARE_WITH_TIMEOUT(cell(SlurmJobs::Reason),
                                  QStringLiteral("It ended with status 3; see its output"), 60'000);
        QCOMPARE(cell(SlurmJobs::State), QStringLiteral("Failed"));
        QCOMPARE(cell(SlurmJobs::Name), QStringLiteral("fails"));
    }

    void whatSlurmRefusesIsSaid()
    {
        type("clusterConstraint", "no-such-feature");
        submitScript();
        QTRY_VERIFY_WITH_TIMEOUT(m_fixture->find<QWidget>("clusterBanner")->isVisible(), 30'000);
        const QList<QLabel*> labels = m_fixture->find<QWidget>("clusterBanner")->findChildren<QLabel*>();
        QStringList said;
        for (const QLabel* label : labels)
            said << label->text();
        QVERIFY2(said.join(' ').contains("Invalid feature specification"), qPrintable(said.join(' ')));
    }
};

QTEST_MAIN(ClustersSlurmTest)
#include "clusters_slurm_test.moc"
