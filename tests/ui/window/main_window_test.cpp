// The whole window as the program joins it, without a screen. What needs no engine is here;
// studio_session_test has the rest. Leaves a picture of each page, light and dark, in the build's folder
// "screenshots".

#include "app/studio/studio.h"
#include "jobs/queue/queue_report.h"
#include "ui/models/models_page.h"
#include "ui/settings/settings_page.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/window/command_palette.h"
#include "ui/window/single_instance.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDateTime>
#include <QDir>
#include <QDropEvent>
#include <QFileDialog>
#include <QFocusFrame>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QThread>
#include <QToolButton>

#include <memory>

using namespace facet;

class MainWindowTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<app::Studio> m_studio;

    ui::MainWindow& window() { return m_studio->window(); }

    template <typename T>
    T* find(const char* name)
    {
        return window().findChild<T*>(QString::fromLatin1(name));
    }

    void save(const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        QTest::qWait(50);
        const QString scale = qEnvironmentVariable("QT_SCALE_FACTOR");
        const QString file = scale.isEmpty() ? name : name + QStringLiteral("-at-") + scale;
        QVERIFY(window().grab().save(QStringLiteral(SCREENSHOTS "/") + file + QStringLiteral(".png")));
    }

    /// What a user can press, type into or choose from.
    QList<QWidget*> interactiveWidgets()
    {
        QList<QWidget*> found;
        for (QWidget* widget : window().findChildren<QWidget*>()) {
            const bool isOfQt = widget->objectName().startsWith(QStringLiteral("qt_"));
            const bool isInside = qobject_cast<QComboBox*>(widget->parentWidget()) ||
                                  widget->window() != &window() || widget->inherits("QComboBoxListView") ||
                                  qobject_cast<QAbstractScrollArea*>(widget->parentWidget()) ||
                                  qobject_cast<QLineEdit*>(widget->parentWidget());
            if ((widget->focusPolicy() != Qt::NoFocus || qobject_cast<QAbstractButton*>(widget)) && !isOfQt &&
                !isInside && !qobject_cast<QScrollBar*>(widget) && !widget->isWindow())
                found << widget;
        }
        return found;
    }

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
        qputenv("HF_HUB_CACHE", (m_home->path() + QStringLiteral("/hub")).toUtf8());
        qputenv("HF_TOKEN", "");
        qunsetenv("DBUS_SESSION_BUS_ADDRESS");
        // An engine that is not there: the window has to live without one.
        m_studio = std::make_unique<app::Studio>(
            app::Studio::Options{.model = {}, .engineProgram = QStringLiteral("/nonexistent/facet-engine")});
        window().resize(1440, 900);
        m_studio->show();
        QVERIFY(QTest::qWaitForWindowActive(&window()));
    }

    void cleanup()
    {
        m_studio.reset();
        ui::Theme::setScheme(ui::Theme::Scheme::Light);
        m_home.reset();
    }

    void aPageThatIsMadeOpensNoWindowOfItsOwn()
    {
        class Watch final : public QObject {
        public:
            QStringList windows;

        protected:
            bool eventFilter(QObject* object, QEvent* event) override
            {
                auto* widget = qobject_cast<QWidget*>(object);
                if (event->type() == QEvent::Show && widget && widget->isWindow())
                    windows << QString::fromLatin1(widget->metaObject()->className()) + u' ' +
                                   widget->objectName() + u' ' + widget->accessibleName();
                return QObject::eventFilter(object, event);
            }
        } watch;
        qApp->installEventFilter(&watch);
        for (const QString& id : window().pageIds()) {
            window().showPage(id);
            QTest::qWait(20);
        }
        QVERIFY2(watch.windows.isEmpty(), qPrintable(watch.windows.join(u'\n')));
        QCOMPARE(QApplication::activeWindow(), &window());
    }

    void tabLeadsToAllThatAPageShows()
    {
        for (const QString& id : window().pageIds()) {
            window().showPage(id);
            QTest::qWait(20);
            QCOMPARE(QApplication::activeWindow(), &window());
            QSet<QWidget*> seen;
            QStringList trail;
            for (int i = 0; i < 300; ++i) {
                QWidget* focused = QApplication::focusWidget();
                QTest::keyClick(focused ? focused : &window(), Qt::Key_Tab);
                seen << QApplication::focusWidget();
                trail << (QApplication::focusWidget() ? QApplication::focusWidget()->objectName()
                                                      : QString());
            }
            for (QWidget* widget : window().page(id)->findChildren<QWidget*>())
                if (widget->isVisible() && widget->isEnabled() && widget->focusPolicy() & Qt::TabFocus &&
                    !widget->focusProxy() && !seen.contains(widget))
                    QVERIFY2(false, qPrintable(QStringLiteral("%1: %2 %3 is not reached, Tab leads to %4")
                                                   .arg(id, QLatin1String(widget->metaObject()->className()),
                                                        widget->objectName(), trail.mid(0, 60).join(u' '))));
        }
    }

    void keysAndRailLeadToEachPage_data()
    {
        QTest::addColumn<QString>("id");
        QTest::addColumn<int>("key");
        QTest::newRow("chat") << "chat" << static_cast<int>(Qt::Key_1);
        QTest::newRow("models") << "models" << static_cast<int>(Qt::Key_2);
        QTest::newRow("finetune") << "finetune" << static_cast<int>(Qt::Key_3);
        QTest::newRow("clusters") << "clusters" << static_cast<int>(Qt::Key_5);
        QTest::newRow("runs") << "runs" << static_cast<int>(Qt::Key_4);
        QTest::newRow("settings") << "settings" << static_cast<int>(Qt::Key_6);
    }

    void keysAndRailLeadToEachPage()
    {
        QFETCH(const QString, id);
        QFETCH(const int, key);
        window().showPage(id == QStringLiteral("models") ? QStringLiteral("settings")
                                                         : QStringLiteral("models"));
        QTest::keyClick(&window(), static_cast<Qt::Key>(key), Qt::ControlModifier);
        QCOMPARE(window().currentPage(), id);
        const QString name = QStringLiteral("rail") + id.left(1).toUpper() + id.mid(1);
        auto* button = window().findChild<QToolButton*>(name);
        QVERIFY(button);
        QVERIFY(button->isChecked());
        window().showPage(QStringLiteral("models"));
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(window().currentPage(), id);
    }

    void everyWidgetOneCanUseHasANameForCodeAndOneForPeople()
    {
        window().makeAllPages();
        find<QToolButton>("clusterAdd")->click();  // its form is there with a profile only
        QStringList problems;
        for (const QWidget* widget : interactiveWidgets()) {
            const QString what = QStringLiteral("%1 \"%2\" in %3")
                                     .arg(QString::fromLatin1(widget->metaObject()->className()),
                                          widget->objectName(), widget->parentWidget()->objectName());
            if (widget->objectName().isEmpty())
                problems << what + QStringLiteral(" has no object name");
            QAccessibleInterface* access =
                QAccessible::queryAccessibleInterface(const_cast<QWidget*>(widget));
            if (!access || access->text(QAccessible::Name).isEmpty())
                problems << what + QStringLiteral(" has no accessible name");
        }
        QVERIFY2(problems.isEmpty(), qPrintable(problems.join(QLatin1Char('\n'))));
    }

    void theThirdStepOfTabIsShownByARing()
    {
        window().showPage(QStringLiteral("settings"));
        window().activateWindow();
        QTRY_VERIFY(QApplication::focusWidget());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QTRY_VERIFY(window().findChild<QFocusFrame*>());
        QTRY_COMPARE(window().findChild<QFocusFrame*>()->widget(), QApplication::focusWidget());
        QVERIFY(window().findChild<QFocusFrame*>()->isVisible());
    }

    void thePaletteFindsAnActionAndRunsIt()
    {
        window().showPage(QStringLiteral("models"));
        QTest::keyClick(&window(), Qt::Key_K, Qt::ControlModifier);
        auto* palette = window().findChild<ui::CommandPalette*>();
        QVERIFY(palette);
        save(QStringLiteral("palette-light"));
        QTest::keyClicks(palette->findChild<QLineEdit*>(), QStringLiteral("go to settings"));
        QCOMPARE(palette->findChild<QListView*>()->model()->rowCount(), 1);
        QTest::keyClick(palette->findChild<QLineEdit*>(), Qt::Key_Return);
        QTRY_COMPARE(window().currentPage(), QStringLiteral("settings"));
    }

    void theStatusLineSaysWhatRunsAndWhatWaits()
    {
        auto* queued = find<QToolButton>("statusQueued");
        auto* runs = find<QToolButton>("statusRuns");
        QVERIFY(!queued->isVisible() && !runs->isVisible());
        const std::filesystem::path home = m_home->path().toStdString();
        const core::RunFolder folder = {home / "runs/receipts-4b-lora-r32"};
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = core::RunState::Running;
        status.step = 612;
        status.numSteps = 1000;
        status.heartbeat = double(QDateTime::currentSecsSinceEpoch());
        QVERIFY(folder.create() && core::writeStatus(folder, status));
        const jobs::QueueFile file(home);
        const core::Result<void> added = file.edit([&](jobs::RunQueue& queue) -> core::Result<void> {
            for (const char* name : {"blue", "red"}) {
                jobs::QueueEntry entry;
                entry.name = name;
                entry.folder = home / "runs" / name;
                entry.host = jobs::thisHost();
                entry.devices = {"cpu"};
                if (const core::Result<int64_t> id = jobs::addEntry(queue, entry); !id)
                    return id.error();
            }
            return {};
        });
        QVERIFY(added);
        QTRY_COMPARE(queued->text(), QStringLiteral("2 queued"));
        QTRY_COMPARE(runs->text(), QStringLiteral("receipts-4b-lora-r32, 61 %"));
        QCOMPARE(queued->accessibleDescription(), QStringLiteral("2 queued"));
        QTRY_COMPARE(find<QToolButton>("railRuns")->property("badge").toInt(), 1);
        QCOMPARE(find<QToolButton>("railRuns")->accessibleDescription(), QStringLiteral("1 run under way"));
        QVERIFY(window().currentPage() != QStringLiteral("runs"));
        queued->setFocus();
        QTest::keyClick(queued, Qt::Key_Space);
        QCOMPARE(window().currentPage(), QStringLiteral("runs"));
        QTRY_VERIFY(find<QListView>("queueList")->isVisible());
        QTRY_COMPARE(QApplication::focusWidget(), find<QListView>("queueList"));
        for (const bool isDark : {false, true}) {
            ui::Theme::setScheme(isDark ? ui::Theme::Scheme::Dark : ui::Theme::Scheme::Light);
            save(isDark ? QStringLiteral("status-queued-dark") : QStringLiteral("status-queued-light"));
        }
        QVERIFY(file.edit([](jobs::RunQueue& queue) -> core::Result<void> {
            queue.entries.clear();
            return {};
        }));
        QTRY_VERIFY(!queued->isVisible());
    }

    void allActionsAreInThePalette()
    {
        window().makeAllPages();
        ui::ActionList actions(window());
        QAbstractItemModelTester tester(&actions, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QStringList names;
        for (int row = 0; row < actions.rowCount(); ++row)
            names << actions.action(row)->objectName();
        for (const char* name :
             {"goToModels", "actionAddFolder", "actionScanCache", "actionLoadModel", "actionEnterToken",
              "actionRunResume", "switchScheme", "restartEngine", "quit"})
            QVERIFY2(names.contains(QLatin1String(name)), name);
    }

    void aFolderIsImportedByTheDialog()
    {
        window().showPage(QStringLiteral("models"));
        auto* table = find<QTableView>("modelTable");
        QAbstractItemModelTester tester(table->model(),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        QTRY_COMPARE(table->model()->rowCount(), 1);  // the demo
        QTest::mouseClick(find<QPushButton>("addFolder"), Qt::LeftButton);
        auto* dialog = find<QFileDialog>("addFolderDialog");
        QVERIFY(dialog);
        dialog->selectFile(QStringLiteral(SOURCE_DIR "/resources/demo-model"));
        QMetaObject::invokeMethod(dialog, "accept");
        QTRY_COMPARE(table->model()->rowCount(), 2);
        const core::Result<std::vector<core::LibraryEntry>> entries =
            core::Library(m_home->path().toStdString()).list();
        QVERIFY(entries);
        QCOMPARE(entries->size(), size_t(1));
        QCOMPARE(QString::fromStdString(entries->front().name), QStringLiteral("demo-model"));
    }

    void aDroppedFolderIsImported()
    {
        window().showPage(QStringLiteral("models"));
        auto* table = find<QTableView>("modelTable");
        QTRY_COMPARE(table->model()->rowCount(), 1);
        auto* page = window().findChild<ui::ModelsPage*>();
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(QStringLiteral(SOURCE_DIR "/resources/demo-model"))});
        const QPoint middle = page->rect().center();
        QDragEnterEvent enter(middle, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(page, &enter);
        QVERIFY(enter.isAccepted());
        save(QStringLiteral("models-drop-light"));
        QDropEvent dropped(middle, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(page, &dropped);
        QTRY_COMPARE(table->model()->rowCount(), 2);
    }

    void aFolderThatIsNoModelIsRefusedInWords()
    {
        window().showPage(QStringLiteral("models"));
        auto* box = find<QLineEdit>("modelBox");
        QTest::keyClicks(box, m_home->path());
        QTest::keyClick(box, Qt::Key_Return);
        auto* banner = find<QWidget>("libraryBanner");
        QTRY_VERIFY(banner->isVisible());
        QVERIFY(banner->accessibleDescription().contains(QStringLiteral("config.json")));
    }

    void nonsenseInTheBoxIsAnsweredAtOnce()
    {
        window().showPage(QStringLiteral("models"));
        auto* box = find<QLineEdit>("modelBox");
        QTest::keyClicks(box, QStringLiteral("gemma!"));
        QTest::keyClick(box, Qt::Key_Return);
        QVERIFY(find<QWidget>("libraryBanner")->isVisible());
        QVERIFY(box->property("invalid").toBool());
    }

    void removingAModelLeavesItsFilesAndCanBeUndone()
    {
        const QString folder = m_home->path() + QStringLiteral("/copy");
        QVERIFY(QDir().mkpath(folder));
        for (const QFileInfo& file :
             QDir(QStringLiteral(SOURCE_DIR "/resources/demo-model")).entryInfoList(QDir::Files))
            QVERIFY(QFile::copy(file.filePath(), folder + QLatin1Char('/') + file.fileName()));
        window().showPage(QStringLiteral("models"));
        auto* box = find<QLineEdit>("modelBox");
        QTest::keyClicks(box, folder);
        QTest::keyClick(box, Qt::Key_Return);
        auto* table = find<QTableView>("modelTable");
        QTRY_COMPARE(table->model()->rowCount(), 2);
        auto* page = window().findChild<ui::ModelsPage*>();
        page->select(QStringLiteral("copy"));
        QCOMPARE(table->currentIndex().data().toString(), QStringLiteral("copy"));
        table->setFocus();
        QCOMPARE(QApplication::focusWidget(), table);
        QTest::keyClick(table, Qt::Key_Delete);
        QTRY_COMPARE(table->model()->rowCount(), 1);
        QVERIFY(QFile::exists(folder + QStringLiteral("/model.safetensors")));
        auto* undo = find<QPushButton>("toastAction");
        QVERIFY(undo);
        QTest::mouseClick(undo, Qt::LeftButton);
        QTRY_COMPARE(table->model()->rowCount(), 2);
    }

    void anEngineThatIsNotThereIsSaidInWordsAndTheWindowStays()
    {
        auto* banner = find<QWidget>("engineBanner");
        QTRY_VERIFY(banner->isVisible());
        QVERIFY(banner->accessibleDescription().contains(QStringLiteral("/nonexistent/facet-engine")));
        QTest::keyClick(&window(), Qt::Key_6, Qt::ControlModifier);
        QCOMPARE(window().currentPage(), QStringLiteral("settings"));
    }

    void withoutAKeyringATokenLastsForTheSessionAndSaysSo()
    {
        window().showPage(QStringLiteral("settings"));
        auto* token = find<QLineEdit>("hubToken");
        QTest::keyClicks(token, QStringLiteral("hf_secret123"));
        QTest::keyClick(token, Qt::Key_Return);
        QTRY_VERIFY(token->text().isEmpty());
        bool isSaid = false;
        for (const QLabel* label : window().findChildren<QLabel*>())
            isSaid = isSaid || label->text().contains(QStringLiteral("Lasts until Facet is closed"));
        QVERIFY(isSaid);
        // Nowhere on the disk.
        for (const QFileInfo& info : QDir(m_home->path()).entryInfoList(QDir::Files)) {
            QFile file(info.filePath());
            QVERIFY(file.open(QIODevice::ReadOnly));
            QVERIFY2(!file.readAll().contains("hf_secret123"), qPrintable(info.filePath()));
        }
    }

    void appearanceAndTextSizeActAtOnceAndAreRemembered()
    {
        window().showPage(QStringLiteral("settings"));
        auto* appearance = find<QWidget>("appearance");
        QTest::mouseClick(appearance->findChild<QToolButton*>(QStringLiteral("segment2")), Qt::LeftButton);
        QVERIFY(ui::Theme::isDark());
        QCOMPARE(window().palette().color(QPalette::Window), ui::Theme::color(ui::Role::Window));
        auto* size = find<QWidget>("textSize");
        QTest::mouseClick(size->findChild<QToolButton*>(QStringLiteral("segment4")), Qt::LeftButton);
        QCOMPARE(ui::Theme::font(ui::TextStyle::Body).pixelSize(), 20);
        save(QStringLiteral("settings-150-percent-dark"));
        const ui::StudioSettings settings(m_home->path());
        QCOMPARE(settings.appearance(), ui::StudioSettings::Appearance::Dark);
        QCOMPARE(settings.textPercent(), 150);
        ui::Theme::setTextPercent(100);
    }

    void theWindowComesBackAsItWas()
    {
        window().showPage(QStringLiteral("settings"));
        window().resize(1100, 700);
        window().close();
        m_studio.reset();
        m_studio = std::make_unique<app::Studio>(
            app::Studio::Options{.model = {}, .engineProgram = QStringLiteral("/nonexistent/facet-engine")});
        m_studio->show();
        QCOMPARE(window().size(), QSize(1100, 700));
        QCOMPARE(window().currentPage(), QStringLiteral("settings"));
    }

    void aSecondStartCallsTheFirst()
    {
        ui::SingleInstance first(m_home->path());
        QVERIFY(first.claim());
        QSignalSpy called(&first, &ui::SingleInstance::calledAgain);
        bool isFirst = true;
        // In another thread, since claim() waits for the answer of the first.
        std::unique_ptr<QThread> other(QThread::create([&] {
            ui::SingleInstance second(m_home->path());
            isFirst = second.claim();
        }));
        other->start();
        QTRY_VERIFY(other->isFinished());
        QVERIFY(!isFirst);
        QTRY_COMPARE(called.count(), 1);
    }

    void everyPageIsPicturedInLightAndDark()
    {
        window().showPage(QStringLiteral("models"));
        QTRY_COMPARE(find<QTableView>("modelTable")->model()->rowCount(), 1);
        for (const bool isDark : {false, true}) {
            ui::Theme::setScheme(isDark ? ui::Theme::Scheme::Dark : ui::Theme::Scheme::Light);
            const QString suffix = isDark ? QStringLiteral("-dark") : QStringLiteral("-light");
            for (const QString& id : window().pageIds()) {
                window().showPage(id);
                save(id + suffix);
            }
        }
        window().resize(960, 640);
        window().showPage(QStringLiteral("models"));
        save(QStringLiteral("models-960-dark"));
    }
};

QTEST_MAIN(MainWindowTest)
#include "main_window_test.moc"
