// All the way through the studio with the real engine and the demo model, as a user goes it: a LoRA is set up
// by the keyboard, trains, is watched, outlives the window, is saved, paused, gone on with, finished,
// compared in Chat, exported and deleted. Each step begins where the one before ended. Leaves pictures of the
// pages in the build's folder "screenshots".

#include "app/studio/studio.h"
#include "core/run/event_log.h"
#include "ui/finetune/finetune_page.h"
#include "ui/runs/plot.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QApplication>
#include <QDialog>
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMessageBox>
#include <QPushButton>
#include <QTabBar>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <unistd.h>

#include <csignal>
#include <memory>

using namespace facet;

class StudioJourneyTest final : public QObject {
    Q_OBJECT

    static constexpr int kCheckpointsTab = 2;

    QTemporaryDir m_home;
    QString m_engine;
    std::unique_ptr<app::Studio> m_studio;
    core::RunFolder m_run;
    bool m_hasFailed = false;

    ui::MainWindow& window() { return m_studio->window(); }

    template <typename T = QWidget>
    T* find(const char* name)
    {
        return window().findChild<T*>(QString::fromLatin1(name));
    }

    void openStudio()
    {
        m_studio =
            std::make_unique<app::Studio>(app::Studio::Options{.model = {}, .engineProgram = m_engine});
        window().resize(1440, 900);
        m_studio->show();
        QVERIFY(QTest::qWaitForWindowActive(&window()));
    }

    static QWidget* focused() { return QApplication::focusWidget(); }

    /// Tab until a widget has the focus, then what is typed into it.
    void typeInto(const char* name, const QString& text)
    {
        const QWidget* wanted = find(name);
        QVERIFY2(wanted, name);
        QStringList trail;
        for (int i = 0; i < 200 && focused() != wanted; ++i) {
            trail << (focused() ? focused()->objectName() : QString());
            QTest::keyClick(focused() ? focused() : &window(), Qt::Key_Tab);
        }
        if (focused() != wanted)
            qWarning() << "Tab leads to" << trail;
        QVERIFY2(focused() == wanted, name);
        if (text.isEmpty())
            return;
        QTest::keyClick(focused(), Qt::Key_A, Qt::ControlModifier);
        QTest::keyClicks(focused(), text);
    }

    /// What a button does, by the keyboard.
    void press(const char* name)
    {
        auto* button = find<QPushButton>(name);
        QVERIFY2(button, name);
        QTRY_VERIFY2(button->isVisible() && button->isEnabled(), name);
        button->setFocus();
        QTest::keyClick(button, Qt::Key_Space);
    }

    /// No window manager gives the window back what a dialog took.
    void activate()
    {
        window().activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&window()));
    }

    core::RunState state() const
    {
        const core::Result<core::RunStatus> status = core::readStatus(m_run);
        return status ? status->state : core::RunState::Starting;
    }

    template <typename Event>
    std::vector<Event> events() const
    {
        std::vector<Event> found;
        const core::Result<std::vector<core::RunEvent>> all = core::EventReader(m_run.events()).poll();
        for (const core::RunEvent& event : all ? *all : std::vector<core::RunEvent>())
            if (const auto* wanted = std::get_if<Event>(&event.what))
                found.push_back(*wanted);
        return found;
    }

    int64_t lastStep() const
    {
        const auto metrics = events<core::MetricEvent>();
        return metrics.empty() ? 0 : metrics.back().step;
    }

    int numPoints() { return find<QTableView>("plotTable")->model()->rowCount(); }

    void save(const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        for (const bool isDark : {false, true}) {
            ui::Theme::setScheme(isDark ? ui::Theme::Scheme::Dark : ui::Theme::Scheme::Light);
            QVERIFY(window().grab().save(
                QStringLiteral(SCREENSHOTS "/journey-%1-%2.png")
                    .arg(name, isDark ? QStringLiteral("dark") : QStringLiteral("light"))));
        }
        ui::Theme::setScheme(ui::Theme::Scheme::Light);
    }

    void pauseIt()
    {
        press("runPause");
        QTRY_COMPARE_WITH_TIMEOUT(state(), core::RunState::Stopped, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(find("runResume")->isVisible(), 10'000);
        QCOMPARE(m_run.savedSteps().back(), lastStep());
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_engine = qEnvironmentVariable("FACET_TEST_ENGINE", QStringLiteral(FACET_ENGINE_PROGRAM));
        if (!QFile::exists(m_engine))
            QSKIP("there is no facet-engine: build it, or name one by FACET_TEST_ENGINE");
        qputenv("FACET_HOME", m_home.path().toUtf8());
        qputenv("HF_HUB_CACHE", m_home.filePath(QStringLiteral("hub")).toUtf8());
        qputenv("HF_TOKEN", "");
        qputenv("XDG_DATA_HOME", m_home.filePath(QStringLiteral("data")).toUtf8());  // has the trash
        qunsetenv("DBUS_SESSION_BUS_ADDRESS");
        QVERIFY(QDir(m_home.path()).mkpath(QStringLiteral("data")));
        m_run = {m_home.filePath(QStringLiteral("runs/by-keys")).toStdString()};
        QFile rows(m_home.filePath(QStringLiteral("rows.jsonl")));
        QVERIFY(rows.open(QIODevice::WriteOnly));
        for (int i = 0; i < 16; ++i)
            rows.write(
                QStringLiteral("{\"messages\": [{\"role\": \"user\", \"content\": \"What is %1 and 1?\"}, "
                               "{\"role\": \"assistant\", \"content\": \"It is %2.\"}]}\n")
                    .arg(i)
                    .arg(i + 1)
                    .toUtf8());
        openStudio();
    }

    void init()
    {
        if (m_hasFailed)
            QSKIP("a step before this one failed");
    }

    void cleanup() { m_hasFailed = m_hasFailed || QTest::currentTestFailed(); }

    void cleanupTestCase()
    {
        m_studio.reset();
        // Whatever happened, nothing goes on behind the test's back.
        const core::Result<core::RunStatus> status = core::readStatus(m_run);
        if (status && core::isAlive(status->process()).value_or(false))
            ::kill(static_cast<pid_t>(status->pid), SIGKILL);
    }

    void aLoraIsSetUpByTheKeyboardAlone()
    {
        QTest::keyClick(&window(), Qt::Key_3, Qt::ControlModifier);
        QTRY_VERIFY(window().findChild<ui::FinetunePage*>());
        ui::JobForm& form = window().findChild<ui::FinetunePage*>()->form();
        QTRY_VERIFY_WITH_TIMEOUT(form.isJudged(), 20'000);
        typeInto("job.recipe", {});
        QTest::keyClick(focused(), Qt::Key_Home);  // none
        QTRY_COMPARE(form.recipe(), QString());
        typeInto("job.name", QStringLiteral("by-keys"));
        typeInto("job.model.base", QStringLiteral("demo"));
        typeInto("job.precision", {});
        QTest::keyClick(focused(), Qt::Key_End);  // fp32
        typeInto("job.lora.rank", QStringLiteral("8"));
        typeInto("targetPattern", QStringLiteral("all-linear"));
        QTest::keyClick(focused(), Qt::Key_Return);
        typeInto("dataPath", m_home.filePath(QStringLiteral("rows.jsonl")));
        typeInto("job.sequence_length", QStringLiteral("64"));
        typeInto("job.batch.micro", QStringLiteral("4"));
        typeInto("job.batch.global", QStringLiteral("4"));
        typeInto("job.steps", QStringLiteral("100000"));
        typeInto("job.optimizer.lr", QStringLiteral("0.005"));
        QTRY_VERIFY_WITH_TIMEOUT(form.isJudged(), 20'000);
        QTRY_COMPARE(find<QPushButton>("jobVerdict")->text(), QStringLiteral("Ready"));
        QVERIFY(form.verdict().resolved->job.method == jobs::Method::Lora);
        save(QStringLiteral("form"));
    }

    void itIsStarted()
    {
        QTest::keyClick(focused(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY2_WITH_TIMEOUT(window().currentPage() == QStringLiteral("runs"),
                                  qPrintable(find("finetuneBanner")->accessibleDescription()), 60'000);
        const core::Result<core::RunStatus> status = core::readStatus(m_run);
        QVERIFY(status);
        QVERIFY(::getsid(static_cast<pid_t>(status->pid)) != ::getsid(0));
    }

    void itsPointsArrive()
    {
        QTRY_COMPARE_WITH_TIMEOUT(find<QLabel>("runTitle")->text(), QStringLiteral("by-keys"), 10'000);
        QTRY_VERIFY_WITH_TIMEOUT(numPoints() >= 3, 60'000);
        const int before = numPoints(), drawn = find<ui::Plot>("lossPlot")->numDrawn();
        QTRY_VERIFY_WITH_TIMEOUT(numPoints() > before, 60'000);
        QTRY_VERIFY(find<ui::Plot>("lossPlot")->numDrawn() > drawn);
        save(QStringLiteral("running"));
    }

    void theWindowIsClosedAndOpenedInTheMiddle()
    {
        m_studio.reset();
        const int64_t before = lastStep();
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() >= before + 3, 60'000);
        QCOMPARE(state(), core::RunState::Running);
        openStudio();
        QTest::keyClick(&window(), Qt::Key_4, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(find<QLabel>("runTitle")->text(), QStringLiteral("by-keys"), 10'000);
        QTRY_VERIFY_WITH_TIMEOUT(find("runSave")->isVisible(), 10'000);
        QTRY_VERIFY_WITH_TIMEOUT(numPoints() > before, 10'000);
    }

    void itIsSavedNow()
    {
        press("runSave");
        const auto isSaved = [this] {
            for (const core::CheckpointEvent& event : events<core::CheckpointEvent>())
                if (event.why == "signal")
                    return true;
            return false;
        };
        QTRY_VERIFY_WITH_TIMEOUT(isSaved(), 60'000);
        QVERIFY(std::filesystem::exists(m_run.checkpoint(m_run.savedSteps().back()) /
                                        "adapter_model.safetensors"));
        QCOMPARE(state(), core::RunState::Running);
        QTRY_VERIFY_WITH_TIMEOUT(find<QTableView>("runCheckpoints")->model()->rowCount() >= 1, 10'000);
    }

    void itIsPaused()
    {
        pauseIt();
        const core::Result<core::RunStatus> status = core::readStatus(m_run);
        QVERIFY(status);
        QTRY_VERIFY(!core::isAlive(status->process()).value_or(true));
        save(QStringLiteral("paused"));
    }

    void itIsResumed()
    {
        const int64_t before = lastStep();
        press("runResume");
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() >= before + 3, 60'000);
        const auto resumes = events<core::ResumeEvent>();
        QCOMPARE(resumes.size(), size_t(1));
        QCOMPARE(resumes[0].fromStep, before);
        QTRY_VERIFY_WITH_TIMEOUT(find("runSave")->isVisible(), 10'000);
        QTRY_VERIFY_WITH_TIMEOUT(numPoints() > before, 10'000);
    }

    void itIsFinished()
    {
        pauseIt();
        const int64_t last = std::max<int64_t>(lastStep(), 40) + 20;
        find<QAction>("actionRunResumeChanged")->trigger();
        QTRY_VERIFY(find<QDialog>("resumeDialog"));
        auto* steps = find<QDialog>("resumeDialog")->findChild<QLineEdit*>(QStringLiteral("resume.steps"));
        steps->setFocus();
        steps->selectAll();
        QTest::keyClicks(steps, QString::number(last));
        QTest::keyClick(steps, Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(state(), core::RunState::Done, 120'000);
        QCOMPARE(lastStep(), last);
        QTRY_VERIFY_WITH_TIMEOUT(!find("runSave")->isVisible() && !find("runResume")->isVisible(), 10'000);
        QTRY_COMPARE_WITH_TIMEOUT(numPoints(), int(last), 10'000);
        save(QStringLiteral("done"));
    }

    void itIsComparedWithItsBaseInChat()
    {
        activate();
        find<QTabBar>("runTabs")->setCurrentIndex(kCheckpointsTab);
        press("checkpointChat");
        QTRY_COMPARE(window().currentPage(), QStringLiteral("chat"));
        ui::ChatViewModel& chat = m_studio->chat();
        QTRY_COMPARE_WITH_TIMEOUT(chat.settings().adapters.size(), size_t(1), 60'000);
        core::Sampling sampling;
        sampling.temperature = 0;
        sampling.maxTokens = 16;
        chat.setSampling(sampling);
        auto* composer = find("chatComposer");
        QTRY_VERIFY_WITH_TIMEOUT(composer->isEnabled(), 60'000);
        composer->setFocus();
        QTest::keyClick(composer, Qt::Key_B, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(chat.isComparing());
        QTest::keyClicks(composer, QStringLiteral("What is 3 and 1?"));
        QTest::keyClick(composer, Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(chat.pair().question != 0, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(!chat.isAnswering(), 120'000);
        std::array<ui::Turn, 2> answers;
        for (size_t side = 0; side < 2; ++side) {
            answers[side] = chat.turn(chat.pair().answers[side]).value_or(ui::Turn());
            QVERIFY2(answers[side].state == core::MessageState::Complete, qPrintable(answers[side].error));
        }
        QVERIFY2(answers[1].text.startsWith(QStringLiteral("It is")), qPrintable(answers[1].text));
        QVERIFY2(answers[0].text != answers[1].text, qPrintable(answers[0].text));
        save(QStringLiteral("compared"));
    }

    void itIsExported()
    {
        QTest::keyClick(&window(), Qt::Key_4, Qt::ControlModifier);
        find<QTabBar>("runTabs")->setCurrentIndex(kCheckpointsTab);
        auto* action = find<QAction>("checkpointGguf");
        QTRY_VERIFY_WITH_TIMEOUT(action->isVisible(), 20'000);
        action->trigger();
        QTRY_VERIFY(find<QDialog>("taskDialog"));
        auto* dialog = find<QDialog>("taskDialog");
        const QString path = m_home.filePath(QStringLiteral("by-keys.gguf"));
        auto* folder = dialog->findChild<QLineEdit*>(QStringLiteral("taskFolder"));
        folder->selectAll();
        QTest::keyClicks(folder, path);
        QTest::keyClick(folder, Qt::Key_Return);
        const auto* words = dialog->findChild<QLabel*>(QStringLiteral("taskWords"));
        QTRY_COMPARE_WITH_TIMEOUT(words->text(), QStringLiteral("Written: ") + path, 120'000);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.read(4), QByteArray("GGUF"));
        QTest::keyClick(dialog, Qt::Key_Escape);
        QTRY_VERIFY(!find<QDialog>("taskDialog"));
    }

    void itIsDeleted()
    {
        activate();
        auto* list = find<QListView>("runList");
        list->setFocus();
        QTest::keyClick(list, Qt::Key_Delete);
        QTRY_VERIFY(find<QMessageBox>("trashQuestion"));
        auto* yes = find<QMessageBox>("trashQuestion")->findChild<QPushButton*>(QStringLiteral("trashYes"));
        yes->setFocus();
        QTest::keyClick(yes, Qt::Key_Space);
        QTRY_VERIFY(!QFile::exists(QString::fromStdString(m_run.path.string())));
        QTRY_COMPARE_WITH_TIMEOUT(list->model()->rowCount(), 0, 10'000);
        QVERIFY(QFile::exists(m_home.filePath(QStringLiteral("data/Trash/files/by-keys/events.jsonl"))));
    }
};

int main(int argc, char* argv[])
{
    QApplication application(argc, argv);
    StudioJourneyTest test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_journey_test.moc"
