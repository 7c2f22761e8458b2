// What one does with runs: notes and tags, checkpoints, resuming with changes, a notice at the end, and
// commands of the engine. The engine is a script here that says what it was asked for.

#include "core/base/file.h"
#include "core/run/event_log.h"
#include "tests/ui/pictures.h"
#include "ui/runs/checkpoint_table.h"
#include "ui/runs/checkpoints_view.h"
#include "ui/runs/job_diff_table.h"
#include "ui/runs/run_detail.h"
#include "ui/runs/run_list.h"
#include "ui/runs/run_list_pane.h"
#include "ui/runs/run_notices.h"
#include "ui/runs/runs_page.h"
#include "ui/runs/samples_view.h"
#include "ui/runs/task_dialog.h"
#include "ui/theme/theme.h"
#include "ui/widgets/toast.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QFile>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabBar>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <memory>

using namespace facet;

class RunWorkTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_place;
    std::unique_ptr<ui::RunList> m_runs;
    std::unique_ptr<ui::QueueList> m_queue;
    std::unique_ptr<ui::RunsPage> m_page;
    ui::LoadedModels* m_loaded = nullptr;

    QString path(const QString& name) const { return m_place->filePath(name); }

    static void write(const QString& file, const QByteArray& bytes)
    {
        QDir().mkpath(QFileInfo(file).path());
        QFile out(file);
        if (!out.open(QIODevice::WriteOnly) || out.write(bytes) != bytes.size())
            qFatal("cannot write %s", qPrintable(file));
    }

    core::RunFolder make(const std::string& name, core::RunState state, const QByteArray& more = {})
    {
        core::RunFolder folder = {path(QStringLiteral("runs/")).toStdString() + name};
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = state;
        status.step = 300;
        status.numSteps = 1000;
        status.heartbeat = double(QDateTime::currentSecsSinceEpoch());
        if (!folder.create() || !core::writeStatus(folder, status))
            qFatal("cannot make a run");
        write(QString::fromStdString(folder.job().string()), R"({"facet_job": 1, "name": ")" +
                                                                 QByteArray::fromStdString(name) +
                                                                 R"(", "model": "demo")" + more + "}");
        return folder;
    }

    static void append(const core::RunFolder& folder, double time, decltype(core::RunEvent::what) what)
    {
        auto log = core::EventLog::open(folder.events());
        if (!log || !log->append({time, std::move(what)}))
            qFatal("cannot write events");
    }

    /// An adapter of 3 MiB that was saved at `step`.
    void saveAdapter(const core::RunFolder& folder, int64_t step, double loss)
    {
        const QString place = QString::fromStdString(folder.checkpoint(step).string());
        write(place + QStringLiteral("/adapter_model.safetensors"), QByteArray(3 << 20, 'w'));
        write(place + QStringLiteral("/adapter_config.json"), "{}");
        write(place + QStringLiteral("/trainer_state.json"), "{}");
        append(folder, double(step), core::ValidationEvent{step, loss, 9});
        append(folder, double(step),
               core::CheckpointEvent{step, ("checkpoints" / folder.checkpoint(step).filename()).string(),
                                     "steps"});
    }

    /// A program that writes its arguments to args.txt and then does what `script` says.
    QString engine(const QByteArray& script)
    {
        const QString file = path(QStringLiteral("engine.sh"));
        write(file, "#!/bin/sh\n[ \"$2\" = --help ] && exec echo --format hf, gguf\necho \"$@\" > " +
                        path(QStringLiteral("args.txt")).toUtf8() + "\n" + script + "\n");
        QFile(file).setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return file;
    }

    QByteArray read(const QString& name) const
    {
        QFile file(path(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    void open(const QString& program)
    {
        m_runs = std::make_unique<ui::RunList>(
            std::vector<std::filesystem::path>{path(QStringLiteral("runs")).toStdString()});
        m_queue =
            std::make_unique<ui::QueueList>(*m_runs, m_place->path().toStdString(), program.toStdString());
        m_page = std::make_unique<ui::RunsPage>(ui::RunsPage::Parts{*m_runs, *m_queue, program, m_loaded});
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        QTRY_VERIFY(m_runs->hasLooked());
    }

    template <typename T>
    T* find(const char* name) const
    {
        return m_page->findChild<T*>(QLatin1String(name));
    }

    void save(const QString& name) { ui::savePictures(*m_page, QStringLiteral(SCREENSHOTS), name); }

private Q_SLOTS:
    void initTestCase() { ui::Theme::install(*qApp, ui::Theme::Scheme::Light); }
    void init()
    {
        m_place = std::make_unique<QTemporaryDir>();
        QDir().mkpath(path(QStringLiteral("runs")));
    }
    void cleanup()
    {
        m_page.reset();
        m_queue.reset();
        m_runs.reset();
    }

    void checkpointsAreListedWithWhatLiesOnTheDisk()
    {
        const core::RunFolder folder = make("receipts", core::RunState::Done);
        saveAdapter(folder, 100, 0.7);
        saveAdapter(folder, 200, 0.5);
        saveAdapter(folder, 300, 0.6);
        append(folder, 300, core::CheckpointEvent{300, "checkpoints/step-00000300", "end"});
        std::filesystem::remove_all(folder.checkpoint(100));
        core::HistoryReader reader(folder.events());
        core::RunHistory history = std::move(reader.poll()->history);
        ui::CheckpointTable table;
        QAbstractItemModelTester tester(&table);
        table.show(folder.path, history);
        QCOMPARE(table.rowCount(), 3);
        QTRY_COMPARE(table.index(0, ui::CheckpointTable::Size).data().toString(), QStringLiteral("3 MiB"));
        QCOMPARE(table.index(0, ui::CheckpointTable::Saved).data().toString(), QStringLiteral("step 300"));
        QCOMPARE(table.index(1, ui::CheckpointTable::Saved).data().toString(),
                 QStringLiteral("step 200, best"));
        QCOMPARE(table.index(2, ui::CheckpointTable::Size).data().toString(),
                 QStringLiteral("removed since"));
        QVERIFY(table.at(0)->isAdapter);
        saveAdapter(folder, 400, 0.4);
        history.append(std::move(reader.poll()->history));
        table.show(folder.path, history);
        QCOMPARE(table.rowCount(), 4);
        QTRY_VERIFY(table.at(0)->isBest);
    }

    void aCheckpointIsChattedWithAndCopied()
    {
        saveAdapter(make("receipts", core::RunState::Done), 100, 0.7);
        open(engine("exit 0"));
        QSignalSpy wanted(m_page.get(), &ui::RunsPage::chatWanted);
        find<QTabBar>("runTabs")->setCurrentIndex(2);
        auto* chat = find<QPushButton>("checkpointChat");
        QTRY_VERIFY(chat->isEnabled());
        save(QStringLiteral("runs-checkpoints"));
        chat->setFocus();
        QTest::keyClick(chat, Qt::Key_Space);
        QCOMPARE(wanted.size(), 1);
        QCOMPARE(wanted[0][0].toString(), QStringLiteral("demo"));
        QCOMPARE(wanted[0][1].toString(), path(QStringLiteral("runs/receipts/checkpoints/step-00000100")));
        QCOMPARE(wanted[0][2].toString(), QStringLiteral("receipts, step 100"));
    }

    void aMergeShowsWhatTheEngineSaysAndWhatBecameOfIt()
    {
        saveAdapter(make("receipts", core::RunState::Done), 100, 0.7);
        open(
            engine("mkdir -p \"$7\"; echo 'merging 40 %' >&2; echo half > \"$7/half\"; "
                   "if [ -e " +
                   path(QStringLiteral("fail")).toUtf8() +
                   " ]; then echo 'facet-engine: the disk is full: make room' >&2; exit 1; fi; "
                   "[ -e " +
                   path(QStringLiteral("wait")).toUtf8() + " ] && exec sleep 60; exit 0"));
        find<QTabBar>("runTabs")->setCurrentIndex(2);
        QTRY_VERIFY(find<QPushButton>("checkpointChat")->isEnabled());
        m_page->findChild<QAction*>(QStringLiteral("actionRunMerge"))->trigger();
        auto* dialog = find<QDialog>("taskDialog");
        QVERIFY(dialog);
        auto* folder = dialog->findChild<QLineEdit*>(QStringLiteral("taskFolder"));
        auto* start = dialog->findChild<QPushButton*>(QStringLiteral("taskStart"));
        auto* words = dialog->findChild<QLabel*>(QStringLiteral("taskWords"));
        auto* cancel = dialog->findChild<QPushButton*>(QStringLiteral("taskCancel"));

        folder->setText(path(QStringLiteral("runs")));
        start->click();
        QVERIFY(words->text().contains(QStringLiteral("not empty")));

        write(path(QStringLiteral("fail")), "");
        folder->setText(path(QStringLiteral("merged")));
        start->click();
        QTRY_COMPARE(words->text(), QStringLiteral("the disk is full: make room"));
        QTRY_VERIFY(!QFile::exists(path(QStringLiteral("merged"))));
        QCOMPARE(read(QStringLiteral("args.txt")).trimmed(),
                 "merge -m demo -a " +
                     path(QStringLiteral("runs/receipts/checkpoints/step-00000100")).toUtf8() + " --out " +
                     path(QStringLiteral("merged")).toUtf8() + " --dtype bfloat16");
        QFile::remove(path(QStringLiteral("fail")));

        write(path(QStringLiteral("wait")), "");
        QTRY_VERIFY(start->isEnabled());
        start->click();
        QTRY_COMPARE(words->text(), QStringLiteral("merging 40 %"));
        cancel->click();
        QTRY_COMPARE(words->text(), QStringLiteral("Cancelled; nothing is left of it."));
        QTRY_VERIFY(!QFile::exists(path(QStringLiteral("merged"))));
        QFile::remove(path(QStringLiteral("wait")));

        start->click();
        QTRY_COMPARE(words->text(), QStringLiteral("Written: ") + path(QStringLiteral("merged")));
        QSignalSpy wanted(m_page.get(), &ui::RunsPage::chatWanted);
        dialog->findChild<QPushButton*>(QStringLiteral("taskChat"))->click();
        QCOMPARE(wanted[0][0].toString(), path(QStringLiteral("merged")));
        QCOMPARE(wanted[0][1].toString(), QString());
    }

    void whatTheEngineCanWriteIsOfferedAndNothingElse()
    {
        saveAdapter(make("receipts", core::RunState::Done), 100, 0.7);
        open(engine("exit 0"));
        find<QTabBar>("runTabs")->setCurrentIndex(2);
        auto* gguf = m_page->findChild<QAction*>(QStringLiteral("checkpointGguf"));
        QTRY_VERIFY(gguf->isVisible());
        gguf->trigger();
        auto* dialog = find<QDialog>("taskDialog");
        dialog->findChild<QLineEdit*>(QStringLiteral("taskFolder"))->setText(path(QStringLiteral("x.gguf")));
        dialog->findChild<QComboBox*>(QStringLiteral("taskType"))->setCurrentIndex(2);
        dialog->findChild<QPushButton*>(QStringLiteral("taskStart"))->click();
        QTRY_COMPARE(dialog->findChild<QLabel*>(QStringLiteral("taskWords"))->text(),
                     QStringLiteral("Written: ") + path(QStringLiteral("x.gguf")));
        QVERIFY(read(QStringLiteral("args.txt")).trimmed().endsWith("--dtype q8_0"));
        QVERIFY(!dialog->findChild<QPushButton*>(QStringLiteral("taskChat"))->isVisible());

        // An engine that cannot do it is not asked to.
        cleanup();
        open(QStringLiteral("/bin/true"));
        find<QTabBar>("runTabs")->setCurrentIndex(2);
        QTRY_VERIFY(find<QPushButton>("checkpointChat")->isEnabled());
        QVERIFY(!m_page->findChild<QAction*>(QStringLiteral("checkpointGguf"))->isVisible());
    }

    void aRunIsResumedWithWhatMayChange()
    {
        make("receipts", core::RunState::Stopped, R"(, "steps": 1000, "optimizer": {"lr": 0.0001})");
        open(engine("exit 0"));
        QTRY_VERIFY(find<QPushButton>("runResume")->isVisible());
        QTRY_VERIFY(!find<QPlainTextEdit>("runJob")->toPlainText().isEmpty());
        m_page->findChild<QAction*>(QStringLiteral("actionRunResumeChanged"))->trigger();
        auto* dialog = find<QDialog>("resumeDialog");
        QVERIFY(dialog);
        auto* steps = dialog->findChild<QLineEdit*>(QStringLiteral("resume.steps"));
        auto* resume = dialog->findChild<QPushButton*>(QStringLiteral("resumeYes"));
        QCOMPARE(steps->text(), QStringLiteral("1000"));
        steps->setFocus();
        steps->selectAll();
        QTest::keyClicks(steps, QStringLiteral("many"));
        QVERIFY(!resume->isEnabled());
        steps->selectAll();
        QTest::keyClicks(steps, QStringLiteral("2,000"));
        QVERIFY(resume->isEnabled());
        QTest::keyClick(steps, Qt::Key_Return);
        QTRY_VERIFY(read(QStringLiteral("args.txt")).contains("steps=2000"));
        QVERIFY(!read(QStringLiteral("args.txt")).contains("lr="));
        QVERIFY(read(QStringLiteral("args.txt"))
                    .startsWith("train " + path(QStringLiteral("runs/receipts")).toUtf8()));
    }

    void aRunGoesToFineTuneAsItsJob()
    {
        make("receipts", core::RunState::Done);
        open(engine("exit 0"));
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("receipts"));
        QSignalSpy wanted(m_page.get(), &ui::RunsPage::duplicateWanted);
        m_page->findChild<QAction*>(QStringLiteral("actionRunDuplicate"))->trigger();
        QCOMPARE(wanted.size(), 1);
        QCOMPARE(wanted[0][0].toString(), path(QStringLiteral("runs/receipts")));
    }

    void nameTagsAndNotesAreWrittenAndTheListShowsATag()
    {
        make("receipts", core::RunState::Done);
        make("signs", core::RunState::Done);
        open(engine("exit 0"));
        auto* list = find<QListView>("runList");
        QCOMPARE(list->model()->rowCount(), 2);
        const QAbstractItemModelTester tester(list->model());
        QVERIFY(!find<QComboBox>("runTagFilter")->isVisible());
        list->setCurrentIndex(list->model()->index(0, 0));
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("receipts"));
        find<QTabBar>("runTabs")->setCurrentIndex(5);
        const auto type = [](QLineEdit* edit, const QString& text) {
            edit->setFocus();
            edit->selectAll();
            QTest::keyClicks(edit, text);
        };
        type(find<QLineEdit>("runName"), QStringLiteral("Receipts, r32"));
        type(find<QLineEdit>("runTags"), QStringLiteral("best, first try"));
        find<QPlainTextEdit>("runNotes")->setFocus();
        QTest::keyClicks(find<QPlainTextEdit>("runNotes"), QStringLiteral("Rank 8 was enough."));
        const core::RunFolder folder = {path(QStringLiteral("runs/receipts")).toStdString()};
        QTRY_COMPARE(core::readNotes(folder).text, std::string("Rank 8 was enough."));
        QVERIFY(core::readNotes(folder).tags == (std::vector<std::string>{"best", "first try"}));
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("Receipts, r32"));
        save(QStringLiteral("runs-notes"));
        auto* tags = find<QComboBox>("runTagFilter");
        QTRY_VERIFY(tags->isVisible());
        tags->setFocus();
        QTest::keyClick(tags, Qt::Key_Down);
        QCOMPARE(tags->currentText(), QStringLiteral("best"));
        QCOMPARE(list->model()->rowCount(), 1);
        QTest::keyClick(tags, Qt::Key_Home);
        QCOMPARE(list->model()->rowCount(), 2);

        // The job's own name again is no name that the user gave.
        type(find<QLineEdit>("runName"), QStringLiteral("receipts"));
        QTRY_COMPARE(core::readNotes(folder).name, std::string());
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("receipts"));
    }

    void theNextRunIsShownWhenTheChosenOneIsGone()
    {
        make("a", core::RunState::Done);
        make("b", core::RunState::Done);
        open(engine("exit 0"));
        auto* list = find<QListView>("runList");
        QTRY_COMPARE(list->model()->rowCount(), 2);
        list->setCurrentIndex(list->model()->index(0, 0));
        const QString first = find<QLabel>("runTitle")->text();
        std::filesystem::remove_all(path(QStringLiteral("runs/")).toStdString() + first.toStdString());
        QTRY_COMPARE(list->model()->rowCount(), 1);
        QTRY_COMPARE(find<QLabel>("runTitle")->text(),
                     first == QLatin1String("a") ? QStringLiteral("b") : QStringLiteral("a"));
        QVERIFY(find<QWidget>("runDetail")->isEnabled());
    }

    void severalRunsShowWhereTheirJobsDiffer()
    {
        make("a", core::RunState::Done, R"(, "lora": {"rank": 8}, "optimizer": {"lr": 0.0001})");
        make("b", core::RunState::Done, R"(, "lora": {"rank": 32}, "optimizer": {"lr": 0.0001})");
        open(engine("exit 0"));
        // By the keyboard: Compare, and Space on each.
        auto* list = find<QListView>("runList");
        auto* compare = find<QPushButton>("runsCompare");
        compare->setFocus();
        QTest::keyClick(compare, Qt::Key_Space);
        list->setFocus();
        QTest::keyClick(list, list->currentIndex().row() == 0 ? Qt::Key_Down : Qt::Key_Up);
        QTest::keyClick(list, Qt::Key_Space);
        QTRY_COMPARE(find<QLabel>("runTitle")->text(), QStringLiteral("2 runs over each other"));
        QTRY_COMPARE(find<QTableView>("runJobDiffBelow")->model()->rowCount(), 1);
        QVERIFY(find<QTableView>("runJobDiffBelow")->isVisible());
        save(QStringLiteral("runs-compare"));
        find<QTabBar>("runTabs")->setCurrentIndex(4);
        auto* diff = find<QTableView>("runJobDiff");
        QTRY_COMPARE(diff->model()->rowCount(), 1);
        QAbstractItemModelTester tester(diff->model());
        QVERIFY(diff->isVisible());
        QCOMPARE(diff->model()->index(0, 0).data().toString(), QStringLiteral("lora.rank"));
        QCOMPARE(diff->model()->columnCount(), 3);
        QVERIFY(diff->model()->index(0, 2).data(ui::JobDiffTable::IsOddRole).toBool());
        save(QStringLiteral("runs-diff"));
    }

    void samplesComeWithTheirPictures()
    {
        const core::RunFolder folder = make("receipts", core::RunState::Done);
        QImage picture(400, 300, QImage::Format_RGB32);
        picture.fill(QColor(120, 105, 87));
        QVERIFY(picture.save(path(QStringLiteral("cat.png"))));
        append(
            folder, 1,
            core::SampleEvent{1, "What is <this>?", path(QStringLiteral("cat.png")).toStdString(), "A cat"});
        open(engine("exit 0"));
        find<QTabBar>("runTabs")->setCurrentIndex(1);
        auto* samples = find<ui::SamplesView>("runSamples");
        QTRY_VERIFY(samples->toPlainText().contains(QStringLiteral("What is <this>?")));
        QVERIFY(samples->toPlainText().contains(QStringLiteral("A cat")));
        QTRY_COMPARE(qvariant_cast<QImage>(
                         samples->document()->resource(QTextDocument::ImageResource,
                                                       QUrl::fromLocalFile(path(QStringLiteral("cat.png")))))
                         .height(),
                     192);
        save(QStringLiteral("runs-samples"));
    }

    void aSignalReachesTheProcessThatWasSeenAndNoOtherOfItsNumber()
    {
        make("receipts", core::RunState::Running);
        open(engine("exit 0"));
        QTRY_VERIFY(find<QPushButton>("runSave")->isVisible());
        QProcess other;
        other.start(QStringLiteral("sleep"), {QStringLiteral("60")});
        QVERIFY(other.waitForStarted());
        core::ObservedRun run = m_runs->run(0);
        run.process = core::ProcessIdentity::of(other.processId());
        run.pid = other.processId();
        run.process.start -= 1;  // it had this number before
        m_runs->take({run});
        find<QPushButton>("runSave")->click();
        QTRY_VERIFY(m_page->window()->findChild<ui::Toast*>());
        QVERIFY(!other.waitForFinished(200));
        run.process.start += 1;
        m_runs->take({run});
        find<QPushButton>("runSave")->click();
        QVERIFY(other.waitForFinished(5000));
        QCOMPARE(other.exitCode(), SIGUSR1);
    }

    void theEndOfARunIsSaidInTheWindowWhereTheDesktopSaysNothing()
    {
        const core::RunFolder folder = make("receipts", core::RunState::Running);
        open(engine("exit 0"));
        // Nobody is at this address, so there is no service.
        ui::RunNotices notices(*m_runs, *m_page);
        QTRY_COMPARE(m_runs->numUnderWay(), 1);
        core::RunStatus status = *core::readStatus(folder);
        status.state = core::RunState::Failed;
        status.message = "out of memory at step 301";
        QVERIFY(core::writeStatus(folder, status));
        QTRY_VERIFY(m_page->window()->findChild<ui::Toast*>());
        QCOMPARE(m_page->window()->findChild<ui::Toast*>()->accessibleName(),
                 QStringLiteral("receipts: failed"));
    }
};

int main(int argc, char* argv[])
{
    qputenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    QApplication application(argc, argv);
    RunWorkTest test;
    return QTest::qExec(&test, argc, argv);
}
#include "run_work_test.moc"
