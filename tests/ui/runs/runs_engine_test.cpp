// The Runs page with the real engine and the demo model, as a user has it: save now, pause, resume, the
// process killed, resume with changes, evaluate, close and reopen, to the trash.

#include "core/base/file.h"
#include "jobs/launch/launch.h"
#include "tests/ui/pictures.h"
#include "ui/runs/evaluation_table.h"
#include "ui/runs/runs_page.h"
#include "ui/theme/theme.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QTabBar>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <memory>

using namespace facet;

class RunsEngineTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;
    QString m_program;
    std::unique_ptr<ui::RunList> m_runs;
    std::unique_ptr<ui::QueueList> m_queue;
    std::unique_ptr<ui::RunsPage> m_page;

    core::RunFolder folder() const { return {m_home.filePath(QStringLiteral("runs/sums")).toStdString()}; }

    void write(const QString& name, const QByteArray& bytes) const
    {
        QFile file(m_home.filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("cannot write %s", qPrintable(name));
    }

    static QByteArray row(int number)
    {
        return QStringLiteral(
                   "{\"messages\": [{\"role\": \"user\", \"content\": \"What is %1 and 1?\"}, "
                   "{\"role\": \"assistant\", \"content\": \"It is %2.\"}]}\n")
            .arg(number)
            .arg(number + 1)
            .toUtf8();
    }

    template <typename T>
    T* find(const char* name) const
    {
        return m_page->findChild<T*>(QLatin1String(name));
    }

    void open()
    {
        const std::filesystem::path home = m_home.path().toStdString();
        m_runs = std::make_unique<ui::RunList>(std::vector{home / "runs"});
        m_queue = std::make_unique<ui::QueueList>(*m_runs, home, m_program.toStdString());
        m_page = std::make_unique<ui::RunsPage>(ui::RunsPage::Parts{*m_runs, *m_queue, m_program});
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        QTRY_VERIFY(m_runs->hasLooked());
    }

    void close()
    {
        m_page.reset();
        m_queue.reset();
        m_runs.reset();
    }

    core::ObservedRun run() const { return m_runs->rowCount() > 0 ? m_runs->run(0) : core::ObservedRun(); }
    bool is(core::RunCondition condition) const { return run().condition == condition; }

    void save(const QString& name) const { ui::savePictures(*m_page, QStringLiteral(SCREENSHOTS), name); }

    void chooseNewestCheckpoint()
    {
        auto* checkpoints = find<QTableView>("runCheckpoints");
        QTRY_VERIFY(checkpoints->model()->rowCount() > 0);
        checkpoints->selectRow(0);
        QTRY_VERIFY(find<QPushButton>("checkpointChat")->isEnabled());
    }

    void trigger(const char* action) { m_page->findChild<QAction*>(QLatin1String(action))->trigger(); }

private Q_SLOTS:
    void initTestCase()
    {
        m_program = qEnvironmentVariable("FACET_TEST_ENGINE", QStringLiteral(FACET_ENGINE_PROGRAM));
        if (!QFile::exists(m_program))
            QSKIP("there is no facet-engine: build it, or name one by FACET_TEST_ENGINE");
        ui::Theme::install(*qApp, ui::Theme::Scheme::Light);
        qputenv("FACET_HOME", m_home.path().toUtf8());
        qputenv("HF_HUB_CACHE", m_home.filePath(QStringLiteral("hub")).toUtf8());
        qputenv("XDG_DATA_HOME", m_home.filePath(QStringLiteral("data")).toUtf8());
        QDir().mkpath(m_home.filePath(QStringLiteral("data")));
        QByteArray rows, others;
        for (int i = 0; i < 40; ++i)
            rows += row(i);
        for (int i = 40; i < 44; ++i)
            others += row(i);
        write(QStringLiteral("rows.jsonl"), rows);
        write(QStringLiteral("others.jsonl"), others);
        write(QStringLiteral("job.json"),
              R"({"facet_job": 1, "name": "sums", "model": "demo", "method": "lora",
            "lora": {"rank": 8}, "data": {"sources": [{"path": "rows.jsonl"}], "validation": {"fraction": 0.25}},
            "sequence_length": 64, "batch": {"global": 4, "micro": 4}, "steps": 5000,
            "schedule": {"warmup_steps": 1}, "precision": "fp32", "optimizer": {"lr": 0.01},
            "validation": {"every_steps": 5}, "saving": {"every_steps": 1000}})");
    }

    void cleanupTestCase()
    {
        // No run may outlive a test that has failed.
        if (m_runs)
            for (int row = 0; row < m_runs->rowCount(); ++row)
                if (const int64_t pid = m_runs->run(row).pid; pid > 0)
                    ::kill(static_cast<pid_t>(pid), SIGKILL);
        close();
    }

    /// Also after a test that failed between closing the page and opening it again.
    void init()
    {
        if (!m_page)
            open();
    }

    void aRunIsSavedPausedAndResumed()
    {
        const auto launched = jobs::launch(
            {m_program.toStdString(), m_home.filePath(QStringLiteral("job.json")).toStdString(), "cpu", {}});
        QVERIFY2(launched, launched ? "" : launched.error().message.c_str());
        QTRY_VERIFY_WITH_TIMEOUT(is(core::RunCondition::Running) && run().step >= 2, 100'000);

        auto* saveNow = find<QPushButton>("runSave");
        QTRY_VERIFY(saveNow->isVisible());
        saveNow->setFocus();
        QTest::keyClick(saveNow, Qt::Key_Space);
        const auto saidSo = [this] {
            const core::Result<std::string> events = core::readFile(folder().events(), 16 << 20);
            return events && events->find("\"why\":\"signal\"") != std::string::npos;
        };
        QTRY_VERIFY_WITH_TIMEOUT(saidSo(), 100'000);
        QVERIFY(run().isUnderWay());

        auto* pause = find<QPushButton>("runPause");
        pause->setFocus();
        QTest::keyClick(pause, Qt::Key_Space);
        QTRY_VERIFY_WITH_TIMEOUT(is(core::RunCondition::Stopped), 100'000);
        const int64_t paused = run().step;
        QCOMPARE(run().savedStep, paused);
        QCOMPARE(run().pid, int64_t{0});
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("sums"));

        auto* resume = find<QPushButton>("runResume");
        QTRY_VERIFY(resume->isVisible());
        resume->setFocus();
        QTest::keyClick(resume, Qt::Key_Space);
        QTRY_VERIFY_WITH_TIMEOUT(is(core::RunCondition::Running) && run().step > paused, 100'000);
    }

    void aRunWhoseProcessIsGoneSaysSoAndGoesOn()
    {
        // The window is closed and opened in between: only what lies on the disk counts.
        close();
        const core::Result<core::RunStatus> status = core::readStatus(folder());
        QVERIFY(status);
        QCOMPARE(::kill(static_cast<pid_t>(status->pid), SIGKILL), 0);
        open();
        QTRY_VERIFY_WITH_TIMEOUT(is(core::RunCondition::Lost), 10'000);
        QTRY_VERIFY(find<QWidget>("runBanner")->isVisible());
        QVERIFY(find<QWidget>("runBanner")
                    ->accessibleName()
                    .contains(QStringLiteral("Lost at step %1").arg(run().step)));
        const int64_t saved = run().savedStep;
        QVERIFY(saved > 0);
        save(QStringLiteral("runs-lost"));

        QTRY_VERIFY(!m_page->findChild<QWidget*>(QStringLiteral("resumeDialog")));
        QTRY_VERIFY(find<QPushButton>("runResume")->isVisible());
        trigger("actionRunResumeChanged");
        auto* dialog = find<QDialog>("resumeDialog");
        QVERIFY(dialog);
        auto* steps = dialog->findChild<QLineEdit*>(QStringLiteral("resume.steps"));
        QTRY_VERIFY(steps);
        steps->setText(QString::number(saved + 20));
        QTest::keyClick(steps, Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(is(core::RunCondition::Done), 100'000);
        QCOMPARE(run().step, saved + 20);
    }

    void aCheckpointIsEvaluatedByKeysAndTheResultStays()
    {
        const auto tabs = find<QTabBar>("runTabs");
        chooseNewestCheckpoint();
        trigger("actionRunEvaluate");
        QTRY_VERIFY(find<QDialog>("evaluationDialog"));
        auto* dialog = find<QDialog>("evaluationDialog");
        auto* rows = dialog->findChild<QComboBox*>(QStringLiteral("evaluateRows"));
        QCOMPARE(rows->currentText(), QStringLiteral("The run's own: 25 % of rows.jsonl, held out"));
        QTRY_VERIFY(rows->hasFocus());
        QVERIFY(!dialog->findChild<QLineEdit*>(QStringLiteral("evaluateFile"))->isVisible());
        dialog->findChild<QComboBox*>(QStringLiteral("evaluateDevice"))->setCurrentIndex(1);
        auto* start = dialog->findChild<QPushButton*>(QStringLiteral("evaluateStart"));
        start->setFocus();
        QTest::keyClick(start, Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(!find<QDialog>("evaluationDialog"), 100'000);
        QTRY_COMPARE(tabs->tabText(7), QStringLiteral("Evaluations  1"));
        QCOMPARE(tabs->currentIndex(), 7);
        auto* table = find<QTableView>("runEvaluations");
        const QAbstractItemModelTester tester(table->model());
        auto* samples = find<QTableView>("runEvaluationSamples");
        const QAbstractItemModelTester samplesTester(samples->model());
        QTRY_VERIFY(table->isVisible());

        // What the engine wrote is what is shown; the run has learned what it was held back from.
        const std::vector<std::filesystem::path> files = core::evaluationFiles(folder());
        QCOMPARE(files.size(), size_t{1});
        const core::Result<core::EvaluationReport> report = core::readEvaluation(files.front());
        QVERIFY(report);
        QCOMPARE(report->numSamples, 8);
        QCOMPARE(report->measures.size(), size_t{2});
        QVERIFY(report->measures[1].loss < report->measures[0].loss);
        const auto cell = [table](int section) {
            return table->model()->index(0, section).data().toString();
        };
        QCOMPARE(cell(ui::EvaluationTable::Checkpoint), QStringLiteral("step %1").arg(run().step));
        QCOMPARE(cell(ui::EvaluationTable::Rows), QStringLiteral("8 of the run's own, rows.jsonl"));
        QCOMPARE(cell(ui::EvaluationTable::Loss), QString::number(report->measures[1].loss, 'f', 4));
        QCOMPARE(samples->model()->rowCount(), 6);
        QCOMPARE(samples->model()->columnCount(), 4);
        QVERIFY(samples->model()->index(5, 1).data().toString().startsWith(QStringLiteral("It is ")));
        save(QStringLiteral("runs-evaluation"));

        // Rows of another file, and mistakes.
        trigger("actionRunEvaluate");
        QTRY_VERIFY(find<QDialog>("evaluationDialog"));
        dialog = find<QDialog>("evaluationDialog");
        rows = dialog->findChild<QComboBox*>(QStringLiteral("evaluateRows"));
        rows->setFocus();
        QTest::keyClick(rows, Qt::Key_Down);
        auto* file = dialog->findChild<QLineEdit*>(QStringLiteral("evaluateFile"));
        QVERIFY(file->isVisible());
        start = dialog->findChild<QPushButton*>(QStringLiteral("evaluateStart"));
        file->setText(m_home.filePath(QStringLiteral("nowhere.jsonl")));
        start->click();
        QCOMPARE(dialog->focusWidget(), file);
        file->setText(m_home.filePath(QStringLiteral("others.jsonl")));
        auto* most = dialog->findChild<QLineEdit*>(QStringLiteral("evaluateMost"));
        most->setText(QStringLiteral("few"));
        start->click();
        QCOMPARE(dialog->focusWidget(), most);
        most->setText(QStringLiteral("3"));
        dialog->findChild<QComboBox*>(QStringLiteral("evaluateDevice"))->setCurrentIndex(1);
        start->click();
        QTRY_VERIFY_WITH_TIMEOUT(!find<QDialog>("evaluationDialog"), 100'000);
        QTRY_COMPARE(table->model()->rowCount(), 2);
        QCOMPARE(cell(ui::EvaluationTable::Rows), QStringLiteral("3 of others.jsonl"));

        close();
        open();
        QTRY_COMPARE(find<QTabBar>("runTabs")->tabText(7), QStringLiteral("Evaluations  2"));
        QCOMPARE(find<QTableView>("runEvaluations")->model()->rowCount(), 2);
    }

    void anEvaluationIsCancelledAndNothingIsLeftOfIt()
    {
        QByteArray many;
        for (int i = 0; i < 20'000; ++i)
            many += row(i % 50);
        write(QStringLiteral("many.jsonl"), many);
        chooseNewestCheckpoint();
        trigger("actionRunEvaluate");
        QTRY_VERIFY(find<QDialog>("evaluationDialog"));
        auto* dialog = find<QDialog>("evaluationDialog");
        dialog->findChild<QComboBox*>(QStringLiteral("evaluateRows"))->setCurrentIndex(1);
        dialog->findChild<QLineEdit*>(QStringLiteral("evaluateFile"))
            ->setText(m_home.filePath(QStringLiteral("many.jsonl")));
        dialog->findChild<QComboBox*>(QStringLiteral("evaluateDevice"))->setCurrentIndex(1);
        dialog->findChild<QPushButton*>(QStringLiteral("evaluateStart"))->click();
        auto* words = dialog->findChild<QLabel*>(QStringLiteral("taskWords"));
        QTRY_VERIFY_WITH_TIMEOUT(words->text().contains(QStringLiteral("reading rows with the base model")),
                                 100'000);
        save(QStringLiteral("runs-evaluating"));
        QVERIFY(dialog->grab().save(QStringLiteral(SCREENSHOTS "/evaluation-dialog-light.png")));
        QTest::keyClick(dialog, Qt::Key_Escape);
        QTRY_COMPARE_WITH_TIMEOUT(words->text(), QStringLiteral("Cancelled; nothing is left of it."), 10'000);
        QTest::keyClick(dialog, Qt::Key_Escape);
        QTRY_VERIFY(!find<QDialog>("evaluationDialog"));
        QCOMPARE(core::evaluationFiles(folder()).size(), size_t{2});
    }

    void aRunGoesToTheTrash()
    {
        trigger("actionRunTrash");
        auto* question = m_page->findChild<QMessageBox*>(QStringLiteral("trashQuestion"));
        QVERIFY(question);
        question->findChild<QPushButton*>(QStringLiteral("trashYes"))->click();
        QTRY_COMPARE(m_runs->rowCount(), 0);
        QVERIFY(!std::filesystem::exists(folder().path));
    }
};

QTEST_MAIN(RunsEngineTest)
#include "runs_engine_test.moc"
