// The Fine-tune page fills the queue: one run, a sweep by keyboard, and the question when Chat holds the GPU.
// Leaves pictures in the build's folder "screenshots".

#include "core/run/run_folder.h"
#include "jobs/queue/sweep_results.h"
#include "tests/support/fake_engine.h"
#include "ui/finetune/finetune_page.h"
#include "ui/finetune/sweep_section.h"
#include "ui/models/loaded_models.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollArea>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace facet;
using namespace facet::ui;

class FinetuneQueueTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<FinetunePage> m_page;

    std::filesystem::path home() const { return m_home->path().toStdString(); }

    template <typename T = QWidget>
    T* find(const char* name)
    {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    void open(LoadedModels* loaded = nullptr)
    {
        FinetunePage::Parts parts = {
            {home(), SOURCE_DIR "/resources/recipes", {{"demo", SOURCE_DIR "/resources/demo-model"}}},
            "/bin/true",  // who works the queue is not of interest here
            /*conversations=*/nullptr,
            loaded};
        m_page = std::make_unique<FinetunePage>(std::move(parts));
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        m_page->form().apply({{"name", "sums"},
                              {"model.base", "demo"},
                              {"freeze.vision_tower", true},  // else it would be trained twice
                              {"lora.targets", {"all-linear"}}});
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("queueJob")->isEnabled(), 20'000);
    }

    std::vector<jobs::QueueEntry> queued() const
    {
        const core::Result<jobs::RunQueue> queue = jobs::QueueFile(home()).read();
        return queue ? queue->entries : std::vector<jobs::QueueEntry>();
    }

    bool tabTo(const char* name)
    {
        for (int i = 0; i < 150; ++i) {
            if (QApplication::focusWidget() &&
                QApplication::focusWidget()->objectName() == QLatin1String(name))
                return true;
            QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : m_page.get(),
                            Qt::Key_Tab);
        }
        return false;
    }

private Q_SLOTS:
    void initTestCase() { Theme::install(*qApp, Theme::Scheme::Light); }
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
    }
    void cleanup() { m_page.reset(); }

    void aJobIsAddedAndTheNextOneHasAnotherName()
    {
        open();
        QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE_WITH_TIMEOUT(queued().size(), size_t(1), 30'000);
        QCOMPARE(QString::fromStdString(queued()[0].name), QStringLiteral("sums"));
        QCOMPARE(queued()[0].devices, std::vector<std::string>{"cpu"});
        QTRY_COMPARE_WITH_TIMEOUT(find<QLineEdit>("job.name")->text(), QStringLiteral("sums-2"), 30'000);
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("queueJob")->isEnabled(), 20'000);
        m_page->form().set("name", "sums");
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged() && find<QPushButton>("queueJob")->isEnabled(),
                                 20'000);
        find<QPushButton>("queueJob")->click();
        QTRY_VERIFY_WITH_TIMEOUT(find("finetuneBanner")->isVisible(), 30'000);
        QVERIFY(
            find("finetuneBanner")->accessibleDescription().contains(QStringLiteral("in the queue already")));
    }

    void aSweepIsSetUpByKeyboard()
    {
        open();
        QVERIFY(tabTo("addSweep"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
        QCOMPARE(QApplication::focusWidget()->objectName(), QStringLiteral("sweepKey0"));
        QVERIFY(!find<QPushButton>("queueJob")->isEnabled());
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("lora.rank"));
        QCOMPARE(find<QComboBox>("sweepKey0")->currentText(), QStringLiteral("lora.rank"));
        QVERIFY(tabTo("sweepValues0"));
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("4, 8, x"));
        QVERIFY2(find<QLabel>("sweepRuns")->text().contains(QStringLiteral("lora.rank is \"x\"")),
                 qPrintable(find<QLabel>("sweepRuns")->text()));
        QVERIFY(!find<QPushButton>("queueJob")->isEnabled());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Backspace);
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("16"));
        QCOMPARE(find<QLabel>("sweepRuns")->text(), QStringLiteral("3 runs: sums-rank4 … sums-rank16"));
        QCOMPARE(find<QPushButton>("queueJob")->text(), QStringLiteral("Add 3 to queue"));
        QVERIFY(!find<QPushButton>("startJob")->isEnabled());
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        for (const bool isDark : {false, true}) {
            Theme::setScheme(isDark ? Theme::Scheme::Dark : Theme::Scheme::Light);
            find<QScrollArea>("jobScroll")->ensureWidgetVisible(find("addSweep"));
            QTest::qWait(50);
            QVERIFY(m_page->grab().save(isDark ? QStringLiteral(SCREENSHOTS "/finetune-sweep-dark.png")
                                               : QStringLiteral(SCREENSHOTS "/finetune-sweep-light.png")));
        }
        Theme::setScheme(Theme::Scheme::Light);
        // By its key: alone in a window, the page gives Tab at its end to its first field, past the head.
        QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE_WITH_TIMEOUT(queued().size(), size_t(3), 30'000);
        QCOMPARE(QString::fromStdString(queued()[2].name), QStringLiteral("sums-rank16"));
        QCOMPARE(QString::fromStdString(queued()[2].sweep), QStringLiteral("sums"));
        QVERIFY(jobs::readSweep(home(), "sums"));
        QTRY_VERIFY_WITH_TIMEOUT(!find("sweepKey0"), 30'000);
        QTRY_COMPARE_WITH_TIMEOUT(find<QLineEdit>("job.name")->text(), QStringLiteral("sums-2"), 30'000);
    }

    void itAsksBeforeChatsModelIsUnloaded()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        LoadedModels loaded(client);
        loaded.setDevice(QStringLiteral("cuda:0"));
        open(&loaded);
        m_page->form().setGpus({{"cuda:0", "NVIDIA GeForce RTX 4090", 25.3e9, false}});
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("queueJob")->isEnabled(), 20'000);
        bool isLoaded = false;
        loaded.ensureReady(QStringLiteral("demo"), this, [&](const core::Result<EngineModel>& model) {
            isLoaded = static_cast<bool>(model);
        });
        QTRY_VERIFY_WITH_TIMEOUT(isLoaded, 20'000);
        QCOMPARE(loaded.models().size(), 1);
        const QString id = loaded.models().front().id;

        find<QPushButton>("queueJob")->click();
        auto* question = m_page->findChild<QMessageBox*>(QStringLiteral("unloadQuestion"));
        QVERIFY(question);
        QVERIFY2(question->text().contains(id), qPrintable(question->text()));
        QTest::keyClick(question, Qt::Key_Escape);
        QTRY_VERIFY_WITH_TIMEOUT(!m_page->findChild<QMessageBox*>(QStringLiteral("unloadQuestion")), 30'000);
        QVERIFY(queued().empty());
        QCOMPARE(loaded.models().size(), 1);

        find<QPushButton>("queueJob")->click();
        question = m_page->findChild<QMessageBox*>(QStringLiteral("unloadQuestion"));
        QVERIFY(question);
        QTest::mouseClick(question->findChild<QPushButton*>(QStringLiteral("unloadYes")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(queued().size(), size_t(1), 20'000);
        QVERIFY(loaded.models().isEmpty());
    }
};

QTEST_MAIN(FinetuneQueueTest)
#include "finetune_queue_test.moc"
