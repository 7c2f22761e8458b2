// Where a job runs: devices of this machine and who has them, or a cluster's profile and its script. Leaves
// pictures in the build's folder "screenshots".

#include "core/base/file.h"
#include "core/run/launch_record.h"
#include "jobs/queue/run_queue.h"
#include "tests/support/check.h"
#include "tests/support/fake_engine.h"
#include "ui/engine/engine_client.h"
#include "ui/finetune/finetune_page.h"
#include "ui/runs/run_list.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <unistd.h>

#include <chrono>
#include <memory>

using namespace facet;
using namespace facet::ui;

namespace {

const std::vector<TrainDevice> kGpus = {{"cuda:0", "NVIDIA GeForce RTX 4090", 25.3e9, false},
                                        {"cuda:1", "NVIDIA H200", 150e9, false},
                                        {"cuda:2", "NVIDIA GeForce RTX 4090", 25.3e9, false}};

}  // namespace

class WhereTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<RunList> m_runs;
    std::unique_ptr<FinetunePage> m_page;

    std::filesystem::path home() const { return m_home->path().toStdString(); }

    template <typename T = QWidget>
    T* find(const char* name)
    {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    void open(EngineClient* client = nullptr, const std::filesystem::path& engine = "/bin/true")
    {
        m_page.reset();
        FinetunePage::Parts parts = {
            .form = {home(), SOURCE_DIR "/resources/recipes", {{"demo", SOURCE_DIR "/resources/demo-model"}}},
            .engine = engine,
            .runs = m_runs.get(),
            .client = client};
        m_page = std::make_unique<FinetunePage>(std::move(parts));
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
    }

    void setGpus(const std::vector<TrainDevice>& gpus)
    {
        m_page->form().setGpus(gpus);
        QTRY_VERIFY(find("device.cuda:0")->isVisible());
        QTest::qWait(50);  // is laid out, to be clicked
    }

    /// On its box: the label may be shorter than the widget.
    void click(const char* box)
    {
        QTest::mouseClick(find(box), Qt::LeftButton, {}, QPoint(8, find(box)->height() / 2));
    }

    void openJob()
    {
        open();
        m_page->form().apply({{"name", "sums"},
                              {"recipe", ""},
                              {"model.base", "demo"},
                              {"data.sources", nlohmann::json::array({{{"path", "mock:text"}}})},
                              {"steps", 20},
                              {"lora.targets", {"q_proj"}}});
        QTRY_COMPARE_WITH_TIMEOUT(find<QPushButton>("jobVerdict")->text(), QStringLiteral("Ready"), 20'000);
    }

    bool tabTo(const char* name)
    {
        QStringList trail;
        for (int i = 0; i < 150; ++i) {
            if (QApplication::focusWidget() &&
                QApplication::focusWidget()->objectName() == QLatin1String(name))
                return true;
            trail << (QApplication::focusWidget() ? QApplication::focusWidget()->objectName() : QString());
            QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : m_page.get(),
                            Qt::Key_Tab);
        }
        qWarning() << name << "is not reached:" << trail;
        return false;
    }

    /// A run of this very process on a device, as it lies on the disk.
    void makeRun(const std::string& name, const std::string& device) const
    {
        const core::RunFolder folder = {home() / "runs" / name};
        QVERIFY(folder.create());
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = core::RunState::Running;
        status.heartbeat =
            std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
        status.step = 5;
        status.numSteps = 20;
        QVERIFY(core::writeStatus(folder, status));
        QVERIFY(core::writeLaunch(folder.launch(),
                                  {core::ProcessIdentity::of(::getpid()), status.heartbeat, device}));
    }

    std::vector<jobs::QueueEntry> queued() const
    {
        const core::Result<jobs::RunQueue> queue = jobs::QueueFile(home()).read();
        return queue ? queue->entries : std::vector<jobs::QueueEntry>();
    }

    void writeProfile(const jobs::ClusterProfile& profile) const
    {
        const auto written = jobs::ClusterProfiles(home() / "clusters").write(profile);
        QVERIFY2(written, reason(written));
    }

    void choosePlace(int place)
    {
        QTest::mouseClick(find("wherePlace")->findChild<QToolButton*>(QStringLiteral("segment%1").arg(place)),
                          Qt::LeftButton);
    }

    void save(const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        for (const bool isDark : {false, true}) {
            Theme::setScheme(isDark ? Theme::Scheme::Dark : Theme::Scheme::Light);
            QTest::qWait(50);
            find<QScrollArea>("jobScroll")->ensureWidgetVisible(find("addSweep"));
            QVERIFY(
                m_page->grab().save(QStringLiteral(SCREENSHOTS "/") + name +
                                    (isDark ? QStringLiteral("-dark.png") : QStringLiteral("-light.png"))));
        }
        Theme::setScheme(Theme::Scheme::Light);
    }

private Q_SLOTS:
    void initTestCase() { Theme::install(*qApp, Theme::Scheme::Light); }
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
        m_runs = std::make_unique<RunList>(std::vector<std::filesystem::path>{home() / "runs"});
    }
    void cleanup()
    {
        m_page.reset();
        m_runs.reset();
    }

    void gpusAppearWhenTheEngineConnectsLater()
    {
        FakeEngine engine(QStringLiteral("gpus"));
        EngineClient client;
        client.useProcess(engine);
        open(&client);
        QVERIFY(!find("device.cuda:0") && find<QCheckBox>("device.cpu")->isChecked());
        QVERIFY(find<QLabel>("whereLine")->text().contains(QStringLiteral("once the engine has answered")));
        client.connectToEngine();
        QTRY_VERIFY_WITH_TIMEOUT(find("device.cuda:1"), 20'000);
        QVERIFY(!find("device.cuda:2"));  // which cannot be used
        QCOMPARE(find<QCheckBox>("device.cuda:0")->text(), QStringLiteral("GPU 0, Card of 24 GB"));
        QVERIFY(find<QCheckBox>("device.cuda:0")->isChecked() && !find<QCheckBox>("device.cpu")->isChecked());
        QCOMPARE(m_page->form().device().memoryBytes, double(24LL << 30));
    }

    void severalGpusAreChosenByKeyboardAndQueuedAsASet()
    {
        openJob();
        setGpus(kGpus);
        QVERIFY(tabTo("device.cuda:0"));
        QVERIFY(find<QCheckBox>("device.cuda:0")->isChecked());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
        QVERIFY2(find<QCheckBox>("device.cuda:0")->isChecked(), "one at least stays");
        QVERIFY(tabTo("device.cuda:2"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
        QCOMPARE(m_page->form().chosenDevices(), (std::vector<std::string>{"cuda:0", "cuda:2"}));
        QVERIFY2(
            find<QLabel>("whereLine")->text().contains(QStringLiteral("the first of GPU 0, 2 that is free")),
            qPrintable(find<QLabel>("whereLine")->text()));
        QCOMPARE(m_page->form().commandLine(),
                 QStringLiteral("facet-engine queue add sums.json --device cuda:0,cuda:2"));
        save(QStringLiteral("finetune-where"));

        // The CPU is alone; undo brings the GPUs back.
        click("device.cpu");
        QCOMPARE(m_page->form().chosenDevices(), std::vector<std::string>{"cpu"});
        QTest::keyClick(m_page.get(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_page->form().chosenDevices(), (std::vector<std::string>{"cuda:0", "cuda:2"}));
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("queueJob")->isEnabled(), 20'000);
        QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE_WITH_TIMEOUT(queued().size(), size_t(1), 20'000);
        QCOMPARE(queued()[0].devices, (std::vector<std::string>{"cuda:0", "cuda:2"}));
        find<QPushButton>("anyGpu")->click();
        QCOMPARE(m_page->form().chosenDevices(), (std::vector<std::string>{"cuda:0", "cuda:1", "cuda:2"}));
        QVERIFY(!find("anyGpu")->isVisible());
    }

    void theChoiceIsInTheDraftAndAGpuThatIsGoneIsSaid()
    {
        openJob();
        setGpus(kGpus);
        click("device.cuda:1");
        click("device.cuda:0");
        QCOMPARE(m_page->form().chosenDevices(), std::vector<std::string>{"cuda:1"});
        open();
        QCOMPARE(m_page->form().chosenDevices(), std::vector<std::string>{"cuda:1"});
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged(), 20'000);
        QVERIFY(!find<QPushButton>("startJob")->isEnabled());
        QCOMPARE(find<QPushButton>("startJob")->toolTip(),
                 QStringLiteral("The engine has not told of GPU 1 yet"));
        setGpus({kGpus[0]});
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged(), 20'000);
        QVERIFY(!find<QPushButton>("startJob")->isEnabled());
        QCOMPARE(find<QPushButton>("jobVerdict")->text(), QStringLiteral("Choose where it runs"));
        click("device.cuda:0");
        click("device.cuda:1");
        QTRY_VERIFY(!find("device.cuda:1"));
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("startJob")->isEnabled(), 20'000);
    }

    void aTakenGpuQueuesAndAFreeOneStarts()
    {
        makeRun("blue", "cuda:0");
        openJob();
        setGpus(kGpus);
        QPushButton* start = find<QPushButton>("startJob");
        QTRY_COMPARE_WITH_TIMEOUT(start->text(), QStringLiteral("Queue behind GPU 0"), 20'000);
        QVERIFY(!find("queueJob")->isVisible());
        QVERIFY2(
            find<QCheckBox>("device.cuda:0")->accessibleDescription().contains(QStringLiteral("blue has it")),
            qPrintable(find<QCheckBox>("device.cuda:0")->accessibleDescription()));
        save(QStringLiteral("finetune-taken"));
        QTRY_VERIFY_WITH_TIMEOUT(start->isEnabled(), 20'000);
        QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(queued().size(), size_t(1), 20'000);
        QCOMPARE(queued()[0].devices, std::vector<std::string>{"cuda:0"});
        QVERIFY(!std::filesystem::exists(home() / "runs/sums"));

        // Of two chosen ones the free one is taken at once.
        click("device.cuda:2");
        QTRY_COMPARE_WITH_TIMEOUT(start->text(), QStringLiteral("Start"), 20'000);
        QTRY_VERIFY_WITH_TIMEOUT(start->isEnabled(), 20'000);
        QCOMPARE(find<QLineEdit>("job.name")->text(), QStringLiteral("sums-2"));
        start->click();
        const core::RunFolder run = {home() / "runs/sums-2"};
        QTRY_VERIFY_WITH_TIMEOUT(core::readLaunch(run.launch()), 20'000);
        QCOMPARE(core::readLaunch(run.launch())->device, std::string("cuda:2"));
        QTRY_VERIFY_WITH_TIMEOUT(find("finetuneBanner")->isVisible(), 20'000);  // /bin/true is no engine

        makeRun("red", "cuda:2");
        QTRY_COMPARE_WITH_TIMEOUT(start->text(), QStringLiteral("Queue behind any of GPU 0, 2"), 20'000);
    }

    void whatTheEngineRefusesIsSaidBeforeTheQueue()
    {
        openJob();
        m_page->form().set("parallel.gpus_per_node", 2);
        QTRY_COMPARE_WITH_TIMEOUT(find<QPushButton>("jobVerdict")->text(), QStringLiteral("1 to fix"),
                                  20'000);
        QVERIFY(!find<QPushButton>("queueJob")->isEnabled() && !find<QPushButton>("startJob")->isEnabled());
        QTest::keyClick(m_page.get(), Qt::Key_F8);
        QCOMPARE(QApplication::focusWidget()->objectName(), QStringLiteral("job.parallel.gpus_per_node"));
        QVERIFY2(QApplication::focusWidget()->accessibleDescription().contains(
                     QStringLiteral("training runs on one device so far")),
                 qPrintable(QApplication::focusWidget()->accessibleDescription()));
        m_page->form().reset("parallel.gpus_per_node");
        m_page->form().set("model.base", "google/gemma-3-4b-it");
        QTRY_COMPARE_WITH_TIMEOUT(find<QPushButton>("jobVerdict")->text(),
                                  QStringLiteral("Import the model first"), 20'000);
        QCOMPARE(find<QPushButton>("startJob")->toolTip(),
                 QStringLiteral("google/gemma-3-4b-it is not on this machine: import it first"));
        QVERIFY(!find<QPushButton>("queueJob")->isEnabled());
    }

    void aProfileMakesTheScriptThatTheEngineWrites()
    {
        jobs::ClusterProfile lab;
        lab.name = "lab";
        lab.host = "login.example.org";
        lab.partition = "gpu";
        lab.time = "3-00:00:00";
        lab.gpusPerNode = 1;
        lab.partitions = {{"gpu", 86400, 6, 4, 96, 483328}};
        writeProfile(lab);
        openJob();
        // Neither the model nor the rows have to be here.
        m_page->form().apply({{"model.base", "google/gemma-3-4b-it"},
                              {"data.sources", nlohmann::json::array({{{"path", "/data/receipts.jsonl"}}})}});
        choosePlace(1);
        QCOMPARE(m_page->form().profile(), std::string("lab"));
        QTRY_COMPARE_WITH_TIMEOUT(find<QPushButton>("jobVerdict")->text(), QStringLiteral("Ready"), 20'000);
        QVERIFY(!find("startJob")->isVisible() && !find("queueJob")->isVisible());
        QVERIFY(!find("submitScript")->isVisible());
        QVERIFY(find("exportScript")->isVisible() && find("exportScript")->isEnabled());
        QCOMPARE(find<QComboBox>("jobProfile")->currentText(), QStringLiteral("lab"));
        const auto hasSentence = [this](const QString& sentence) {
            return std::ranges::any_of(m_page->findChildren<QLabel*>(), [&](const QLabel* label) {
                return label->isVisible() && label->text() == sentence;
            });
        };
        QVERIFY(hasSentence(QStringLiteral("gpu allows 1 day; the script asks for 3 days.")));
        save(QStringLiteral("finetune-cluster"));

        // Its fix is one of the profile.
        find<QPushButton>("clusterFix0")->click();
        QTRY_VERIFY_WITH_TIMEOUT(
            !hasSentence(QStringLiteral("gpu allows 1 day; the script asks for 3 days.")), 20'000);
        QTRY_COMPARE_WITH_TIMEOUT(jobs::ClusterProfiles(home() / "clusters").read("lab")->time,
                                  std::string("1-00:00:00"), 20'000);

        QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier);
        auto* dialog = m_page->findChild<QDialog*>(QStringLiteral("scriptDialog"));
        QVERIFY(dialog);
        const QString shown = dialog->findChild<QPlainTextEdit*>(QStringLiteral("scriptText"))->toPlainText();
        QVERIFY(dialog->grab().save(QStringLiteral(SCREENSHOTS "/finetune-script-light.png")));
        dialog->findChild<QPushButton*>(QStringLiteral("scriptSave"))->click();
        auto* files = dialog->findChild<QFileDialog*>(QStringLiteral("saveScriptDialog"));
        QVERIFY(files);
        const QString path = m_home->filePath(QStringLiteral("sums.sbatch"));
        Q_EMIT files->fileSelected(path);
        QFile script(path);
        QVERIFY(script.open(QIODevice::ReadOnly));
        const QByteArray text = script.readAll();
        QCOMPARE(QString::fromUtf8(text), shown);
        QVERIFY(text.contains("#SBATCH --job-name=sums\n") && text.contains("--time=1-00:00:00"));

        const QString engine = qEnvironmentVariable("FACET_ENGINE_PROGRAM", QStringLiteral(ENGINE));
        if (engine.isEmpty())
            QSKIP("facet-engine is not built here: its script is not compared");
        QVERIFY(m_page->form().save(m_home->filePath(QStringLiteral("sums.json"))));
        QCOMPARE(m_page->form().commandLine(), QStringLiteral("facet-engine slurm %1 --profile lab")
                                                   .arg(m_home->filePath(QStringLiteral("sums.json"))));
        QProcess program;
        program.start(engine, {QStringLiteral("slurm"), m_page->form().file(), QStringLiteral("--profile"),
                               QStringLiteral("lab")});
        QVERIFY(program.waitForFinished(60'000));
        QCOMPARE(program.readAllStandardOutput(), text);
    }

    void aProfileThatIsGoneIsSaidAndThisMachineComesBack()
    {
        jobs::ClusterProfile lab;
        lab.name = "lab";
        writeProfile(lab);
        openJob();
        choosePlace(1);
        QVERIFY(jobs::ClusterProfiles(home() / "clusters").remove("lab"));
        open();
        QCOMPARE(m_page->form().profile(), std::string("lab"));
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged(), 20'000);
        QCOMPARE(find<QLabel>("profileLine")->text(),
                 QStringLiteral("A profile says how a SLURM cluster is used."));
        QVERIFY(!find<QPushButton>("exportScript")->isEnabled());
        QSignalSpy wanted(m_page.get(), &FinetunePage::profileWanted);
        find<QPushButton>("editProfile")->click();
        QCOMPARE(wanted.size(), 1);
        choosePlace(0);
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("startJob")->isVisible(), 20'000);
    }
};

QTEST_MAIN(WhereTest)
#include "where_test.moc"
