// The Clusters page without a SLURM: profiles, the form, the script beside it and what is said about both.

#include "tests/support/check.h"
#include "tests/ui/clusters/clusters_fixture.h"

#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QClipboard>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>

using namespace facet;
using namespace facet::ui;

class ClustersPageTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<ClustersFixture> m_fixture;

    QString script() { return m_fixture->find<QPlainTextEdit>("clusterScript")->toPlainText(); }

    void type(const char* field, const QString& text)
    {
        auto* line = m_fixture->find<QLineEdit>(field);
        QVERIFY2(line, field);
        line->setFocus();
        line->selectAll();
        QTest::keyClick(line, Qt::Key_Delete);
        QTest::keyClicks(line, text);
    }

private Q_SLOTS:
    void init()
    {
        m_fixture = std::make_unique<ClustersFixture>();
        QTest::mouseClick(m_fixture->find<QToolButton>("clusterAdd"), Qt::LeftButton);
        m_fixture->page->openJob(m_fixture->path("job.json"));
    }
    void cleanup() { m_fixture.reset(); }

    void theScriptFollowsTheFields()
    {
        QVERIFY(script().contains("#SBATCH --job-name=receipts\n"));
        type("clusterTime", "1-00:00:00");
        QVERIFY(script().contains("#SBATCH --time=1-00:00:00\n"));
        type("clusterPartition", "gpu-h100");
        QVERIFY(script().contains("#SBATCH --partition=gpu-h100\n"));
        QTest::keyClick(m_fixture->find<QCheckBox>("clusterExclusive"), Qt::Key_Space);
        QVERIFY(script().contains("#SBATCH --exclusive\n"));
        auto* modules = m_fixture->find<QPlainTextEdit>("clusterModules");
        modules->setFocus();
        QTest::keyClicks(modules, "GCC/12");
        QVERIFY(script().contains("module load GCC/12 ||"));
        QTest::mouseClick(m_fixture->find<QPushButton>("clusterCopy"), Qt::LeftButton);
        QCOMPARE(QGuiApplication::clipboard()->text(), script());
    }

    void whatIsTypedIsKeptAndComesBack()
    {
        type("clusterAccount", "vlm");
        type("clusterNodes", "two");
        QVERIFY(m_fixture->find<QLineEdit>("clusterNodes")->property("invalid").toBool());
        QCOMPARE(m_fixture->find<QLineEdit>("clusterNodes")->text(), QStringLiteral("two"));
        QVERIFY(script().contains("#SBATCH --nodes=1\n"));
        type("clusterNodes", "2");
        QVERIFY(!m_fixture->find<QLineEdit>("clusterNodes")->property("invalid").toBool() ||
                script().contains("--nodes=2"));
        QTRY_VERIFY(QFile::exists(m_fixture->path("clusters/cluster.json")));
        m_fixture->page->hide();  // writes what is not yet written
        m_fixture->open();
        QCOMPARE(m_fixture->find<QLineEdit>("clusterAccount")->text(), QStringLiteral("vlm"));
        QCOMPARE(m_fixture->find<QLineEdit>("clusterNodes")->text(), QStringLiteral("2"));
    }

    void aFindingIsSaidAtTheFieldAndItsFixEndsIt()
    {
        m_fixture->page->hide();
        jobs::ClusterProfile profile;
        profile.name = "lab";
        profile.partition = "gpu";
        profile.time = "3-00:00:00";
        profile.partitions = {{"gpu", 86400, 6, 4, 96, 483328}};
        QVERIFY(jobs::ClusterProfiles(m_fixture->path("clusters").toStdString()).write(profile));
        m_fixture->open();
        m_fixture->page->select("lab");
        m_fixture->page->openJob(m_fixture->path("job.json"));
        QVERIFY(m_fixture->find<QLineEdit>("clusterTime")->property("invalid").toBool());
        QCOMPARE(m_fixture->find<QLineEdit>("clusterTime")->accessibleDescription(),
                 QStringLiteral("gpu allows 1 day; the script asks for 3 days."));
        QVERIFY(!m_fixture->find<QPushButton>("clusterSubmit")->isEnabled());
        m_fixture->picture("clusters-finding");
        QTest::mouseClick(m_fixture->find<QPushButton>("clusterFix0"), Qt::LeftButton);
        QTRY_COMPARE(m_fixture->find<QLineEdit>("clusterTime")->text(), QStringLiteral("1-00:00:00"));
        QVERIFY(script().contains("#SBATCH --time=1-00:00:00\n"));
        QVERIFY(!m_fixture->find<QLineEdit>("clusterTime")->property("invalid").toBool());
    }

    void secretsAreRefusedAtTheField()
    {
        auto* environment = m_fixture->find<QPlainTextEdit>("clusterEnvironment");
        environment->setFocus();
        QTest::keyClicks(environment, "HF_TOKEN=abc");
        QVERIFY(environment->property("invalid").toBool());
        QVERIFY2(environment->accessibleDescription().contains("pass_environment"),
                 qPrintable(environment->accessibleDescription()));
        QVERIFY(!script().contains("abc"));
    }

    void aJobThatIsNoneIsRefusedInWords()
    {
        QFile file(m_fixture->path("wrong.json"));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("{\"stepz\": 1}") > 0);
        file.close();
        m_fixture->page->openJob(file.fileName());
        QVERIFY(m_fixture->find<QWidget>("clusterBanner")->isVisible());
        QVERIFY(script().contains("--job-name=receipts"));
    }

    void modelsHoldTheirPromises()
    {
        ClusterList list(m_fixture->path("clusters").toStdString());
        QAbstractItemModelTester listTester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
        jobs::ClusterProfile profile;
        profile.name = "other";
        QVERIFY(list.write(profile));
        profile.account = "me";
        QVERIFY(list.write(profile));
        QCOMPARE(list.rowCount(), 2);
        ProfileChange change = {profile, profile, {}};
        change.after->name = "another";
        QVERIFY(list.apply(change));
        QVERIFY(list.indexOf("other") < 0 && list.indexOf("another") >= 0);
        change = {change.after, {}, {}};
        QVERIFY(list.apply(change));
        QCOMPARE(list.rowCount(), 1);
        SlurmPrograms programs;
        SlurmJobs jobs(programs);
        QAbstractItemModelTester jobsTester(&jobs, QAbstractItemModelTester::FailureReportingMode::QtTest);
    }

    void aProfileIsRenamedInTheListByKeyboard()
    {
        auto* list = m_fixture->find<QListView>("clusterList");
        type("clusterAccount", "vlm");  // what is typed last goes with it
        const auto rename = [&](const QString& name) {
            list->setFocus();
            QTest::keyClick(list, Qt::Key_F2);
            auto* editor = list->findChild<QLineEdit*>();
            QVERIFY(editor);
            editor->selectAll();
            QTest::keyClicks(editor, name);
            QTest::keyClick(editor, Qt::Key_Return);
        };
        rename("lab one");
        QTRY_VERIFY(m_fixture->find<QWidget>("clusterBanner")->isVisible());
        QVERIFY(QFile::exists(m_fixture->path("clusters/cluster.json")));
        rename("lab");
        QTRY_VERIFY(QFile::exists(m_fixture->path("clusters/lab.json")));
        QVERIFY(!QFile::exists(m_fixture->path("clusters/cluster.json")));
        QTRY_COMPARE(list->currentIndex().data().toString(), QStringLiteral("lab"));
        QCOMPARE(m_fixture->find<QLineEdit>("clusterAccount")->text(), QStringLiteral("vlm"));
        QVERIFY(script().contains("the profile lab") || script().contains("\"lab\""));

        QTest::keyClick(m_fixture->page.get(), Qt::Key_Z, Qt::ControlModifier);
        QVERIFY(QFile::exists(m_fixture->path("clusters/cluster.json")));
        QVERIFY(!QFile::exists(m_fixture->path("clusters/lab.json")));
        QCOMPARE(list->currentIndex().data().toString(), QStringLiteral("cluster"));
        QTest::keyClick(m_fixture->page.get(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_fixture->find<QLineEdit>("clusterAccount")->text(), QString());
        QTest::keyClick(m_fixture->page.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(m_fixture->find<QLineEdit>("clusterAccount")->text(), QStringLiteral("vlm"));
    }

    void aNameThatIsTakenIsRefused()
    {
        QTest::mouseClick(m_fixture->find<QToolButton>("clusterAdd"), Qt::LeftButton);
        ClusterList list(m_fixture->path("clusters").toStdString());
        QCOMPARE(list.rowCount(), 2);
        QCOMPARE(list.problemOfName("cluster"), QStringLiteral("There is a profile cluster already"));
        QCOMPARE(list.problemOfName("lab"), QString());
        for (const char* wrong : {"", "a b", "../x", "-x", ".x"})
            QVERIFY2(!list.problemOfName(wrong).isEmpty(), wrong);
    }

    void whatAnotherProgramWroteIsTakenWhenThePageIsShown()
    {
        m_fixture->page->hide();
        jobs::ClusterProfiles store(m_fixture->path("clusters").toStdString());
        jobs::ClusterProfile profile = *store.read("cluster");
        profile.account = "physics";
        QVERIFY(store.write(profile));
        m_fixture->page->show();
        QCOMPARE(m_fixture->find<QLineEdit>("clusterAccount")->text(), QStringLiteral("physics"));
        type("clusterQos", "high");
        m_fixture->page->hide();
        QCOMPARE(store.read("cluster")->account, std::string("physics"));
        QCOMPARE(store.read("cluster")->qos, std::string("high"));
    }

    void aNarrowPageShowsFormOrScript()
    {
        m_fixture->page->resize(888, 612);
        auto* script = m_fixture->find<QPlainTextEdit>("clusterScript");
        auto* account = m_fixture->find<QLineEdit>("clusterAccount");
        QVERIFY(account->isVisible() && !script->isVisible());
        m_fixture->picture("clusters-960");
        QTest::mouseClick(m_fixture->find<QWidget>("clusterTabs")->findChild<QToolButton*>("segment1"),
                          Qt::LeftButton);
        QVERIFY(!account->isVisible() && script->isVisible());
        m_fixture->page->resize(1368, 872);
        QVERIFY(account->isVisible() && script->isVisible());
    }

    void theScriptsGroundFollowsTheTheme()
    {
        QWidget* viewport = m_fixture->find<QPlainTextEdit>("clusterScript")->viewport();
        for (const Theme::Scheme scheme : {Theme::Scheme::Dark, Theme::Scheme::Light}) {
            Theme::setScheme(scheme);
            QTest::qWait(20);
            const QImage seen = viewport->grab().toImage();
            QCOMPARE(seen.pixelColor(seen.width() - 3, 3), Theme::color(Role::Sunken));
        }
    }

    void removingCanBeUndone()
    {
        QTest::mouseClick(m_fixture->find<QToolButton>("clusterRemove"), Qt::LeftButton);
        QCOMPARE(m_fixture->find<QListView>("clusterList")->model()->rowCount(), 0);
        QVERIFY(!QFile::exists(m_fixture->path("clusters/cluster.json")));
        QVERIFY(m_fixture->find<QPushButton>("emptyAddCluster")->isVisible());
        m_fixture->picture("clusters-empty");
        QTest::mouseClick(m_fixture->find<QToolButton>("clusterUndo"), Qt::LeftButton);
        QVERIFY(QFile::exists(m_fixture->path("clusters/cluster.json")));
        QTest::mouseClick(m_fixture->find<QToolButton>("clusterRedo"), Qt::LeftButton);
        QVERIFY(!QFile::exists(m_fixture->path("clusters/cluster.json")));
    }
};

QTEST_MAIN(ClustersPageTest)
#include "clusters_page_test.moc"
