// The Fine-tune page without a screen: by keyboard alone, with the real engine where it is built. Leaves
// pictures of the page, light and dark, in the build's folder "screenshots".

#include "ui/finetune/finetune_page.h"
#include "core/run/event_log.h"
#include "core/run/run_folder.h"
#include "ui/chat/conversation_service.h"
#include "ui/finetune/data_section.h"
#include "ui/finetune/form_field.h"
#include "ui/finetune/targets_section.h"
#include "ui/theme/theme.h"

#include <QAccessible>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QDropEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <unistd.h>

#include <fstream>

using namespace facet;
using namespace facet::ui;
using nlohmann::json;

class FinetunePageTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<FinetunePage> m_page;

    template <typename T = QWidget>
    T* find(const char* name)
    {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    void open(QSize size = {1368, 872})
    {
        m_page.reset();
        const char* given = std::getenv("FACET_ENGINE_PROGRAM");
        m_page = std::make_unique<FinetunePage>(
            FinetunePage::Parts{{m_home->path().toStdString(),
                                 SOURCE_DIR "/resources/recipes",
                                 {{"demo", SOURCE_DIR "/resources/demo-model"}}},
                                given ? given : ENGINE});
        m_page->resize(size);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged(), 20'000);
    }

    /// Tab until a widget has the focus.
    bool tabTo(const char* name)
    {
        QWidget* wanted = find(name);
        QStringList trail;
        for (int i = 0; wanted && i < 120; ++i) {
            if (QApplication::focusWidget() == wanted)
                return true;
            trail << (QApplication::focusWidget() ? QApplication::focusWidget()->objectName() : QString());
            QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : m_page.get(),
                            Qt::Key_Tab);
        }
        qWarning() << name << "is not reached:" << trail;
        return false;
    }

    void typeInto(const char* name, const QString& text)
    {
        QVERIFY2(tabTo(name), name);
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_A, Qt::ControlModifier);
        QTest::keyClicks(QApplication::focusWidget(), text);
    }

    QString writeRows(int count)
    {
        const QString path = m_home->filePath(QStringLiteral("rows.jsonl"));
        std::ofstream file(path.toStdString());
        for (int i = 0; i < count; ++i)
            file << json{{"messages",
                          {{{"role", "user"},
                            {"content",
                             "What is " + std::string(static_cast<size_t>(1 + i % 17), 'a') + "?"}},
                           {{"role", "assistant"}, {"content", "It is number " + std::to_string(i)}}}}}
                        .dump()
                 << '\n';
        return path;
    }

    std::string writeTexts(const char* name, int count)
    {
        const std::string path = m_home->filePath(QString::fromLatin1(name)).toStdString();
        std::ofstream file(path);
        for (int i = 0; i < count; ++i)
            file << json{{"text", std::string(static_cast<size_t>(20 + i * 37 % 400), 'x')}}.dump() << '\n';
        return path;
    }

    DataPreview& preview() { return m_page->findChild<DataSection*>()->preview(); }
    bool isCounted() { return !preview().isBusy() && preview().packs() != nullptr; }

    void save(const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        QTest::qWait(50);
        QVERIFY(m_page->grab().save(QStringLiteral(SCREENSHOTS "/") + name + QStringLiteral(".png")));
    }

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
        if (!qApp->property("isThemed").toBool())
            Theme::install(*qApp, Theme::Scheme::Light);
        qApp->setProperty("isThemed", true);
        open();
    }
    void cleanup()
    {
        m_page.reset();
        Theme::setScheme(Theme::Scheme::Light);
        m_home.reset();
    }

    void everyWidgetOneCanUseHasANameForCodeAndOneForPeople()
    {
        QStringList problems;
        QSet<QString> names;
        for (QWidget* widget : m_page->findChildren<QWidget*>()) {
            const bool isInside = qobject_cast<QComboBox*>(widget->parentWidget()) ||
                                  qobject_cast<QAbstractScrollArea*>(widget->parentWidget()) ||
                                  qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) ||
                                  qobject_cast<QScrollBar*>(widget) || widget->window() != m_page.get() ||
                                  widget->objectName().startsWith(QStringLiteral("segment"));
            if (isInside || widget->focusPolicy() == Qt::NoFocus || qobject_cast<FormField*>(widget))
                continue;
            QAccessibleInterface* access = QAccessible::queryAccessibleInterface(widget);
            if (widget->objectName().isEmpty() || !access || access->text(QAccessible::Name).isEmpty())
                problems << QString::fromLatin1(widget->metaObject()->className()) + QStringLiteral(" ") +
                                widget->objectName();
            if (names.contains(widget->objectName()))
                problems << widget->objectName() + QStringLiteral(" is there twice");
            names.insert(widget->objectName());
        }
        QVERIFY2(problems.isEmpty(), qPrintable(problems.join(QLatin1Char('\n'))));
    }

    void oneWrongFieldIsSeenInFieldOutlineJobFileAndHeader()
    {
        m_page->form().set("model.base", "demo");
        auto* rank = find<QLineEdit>("job.lora.rank");
        rank->setFocus();
        rank->selectAll();
        QTest::keyClicks(rank, QStringLiteral("twelve"));
        QTRY_VERIFY(rank->property("invalid").toBool());
        QTRY_VERIFY(rank->accessibleDescription().startsWith(QStringLiteral("lora.rank is \"twelve\"")));
        QTRY_COMPARE(find<QPushButton>("jobVerdict")->text(), QStringLiteral("1 to fix"));
        QVERIFY(!find<QPushButton>("startJob")->isEnabled());
        QVERIFY(find<QToolButton>("outline.method")->accessibleName().contains(QStringLiteral("1 to fix")));
        QVERIFY(
            find<QPlainTextEdit>("jobFile")->toPlainText().contains(QStringLiteral("\"rank\": \"twelve\"")));
        find("job.steps")->setFocus();
        QTest::keyClick(m_page.get(), Qt::Key_F8);
        QCOMPARE(QApplication::focusWidget(), rank);
        QTest::keyClick(rank, Qt::Key_D, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE(find<QPushButton>("jobVerdict")->text(), QStringLiteral("Ready"));
        QTest::keyClick(m_page.get(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(rank->text(), QStringLiteral("twelve"));
        QTest::keyClick(m_page.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(rank->text(), QStringLiteral("32"));
    }

    void aFieldThatDiffersShowsItsResetButton()
    {
        auto* steps = find<QLineEdit>("job.steps");
        auto* reset = find<QToolButton>("reset.steps");
        QVERIFY(!reset->isVisible());
        steps->selectAll();
        QTest::keyClicks(steps, QStringLiteral("240"));
        QVERIFY(reset->isVisible());
        QVERIFY(steps->accessibleDescription().isEmpty() ||
                steps->accessibleDescription().contains(QStringLiteral("5190")));
        QTest::mouseClick(reset, Qt::LeftButton);
        QCOMPARE(steps->text(), QStringLiteral("5190"));
    }

    void aFileThatIsDroppedBecomesJobOrData()
    {
        const auto drop = [this](const QString& path) {
            QMimeData data;
            data.setUrls({QUrl::fromLocalFile(path)});
            QDragEnterEvent enter(QPoint(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(m_page.get(), &enter);
            QVERIFY(enter.isAccepted());
            QDropEvent event(QPointF(5, 5), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(m_page.get(), &event);
        };
        const QString rows = writeRows(4);
        drop(rows);
        QCOMPARE(find<QLineEdit>("dataPath")->text(), rows);
        const QString job = m_home->filePath(QStringLiteral("a.json"));
        std::ofstream(job.toStdString())
            << R"({"facet_job":1,"name":"dropped","model":{"base":"demo"},"steps":3})";
        drop(job);
        QCOMPARE(find<QLineEdit>("job.name")->text(), QStringLiteral("dropped"));
        const QString broken = m_home->filePath(QStringLiteral("b.json"));
        std::ofstream(broken.toStdString()) << R"({"facet_job":1,"lorra":{}})";
        drop(broken);
        QTRY_VERIFY(find("finetuneBanner")->isVisible());
        QVERIFY(find("finetuneBanner")->accessibleDescription().contains(QStringLiteral("lorra")));
        QCOMPARE(find<QLineEdit>("job.name")->text(), QStringLiteral("dropped"));
    }

    void aLoraIsSetUpByKeyboardAloneAndStartedWithTheEngine()
    {
        const QString rows = writeRows(64);
        find("job.recipe")->setFocus();
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Home);  // no recipe
        QTRY_COMPARE(m_page->form().recipe(), QString());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Backtab);
        typeInto("job.name", QStringLiteral("by-keys"));
        QVERIFY(tabTo("job.model.base"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_A, Qt::ControlModifier);
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("demo"));
        QVERIFY(tabTo("job.precision"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_End);  // fp32
        typeInto("job.lora.rank", QStringLiteral("4"));
        typeInto("targetPattern", QStringLiteral("*.language_model.*.linear_qkv"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
        typeInto("dataPath", rows);
        typeInto("job.sequence_length", QStringLiteral("256"));
        typeInto("job.batch.micro", QStringLiteral("2"));
        typeInto("job.batch.global", QStringLiteral("4"));
        typeInto("job.steps", QStringLiteral("4"));
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged(), 10'000);
        QTRY_COMPARE(find<QPushButton>("jobVerdict")->text(), QStringLiteral("Ready"));
        QVERIFY(m_page->form().verdict().resolved->job.method == jobs::Method::Lora);
        QCOMPARE(m_page->form().verdict().resolved->job.precision, jobs::Precision::Fp32);
        // A layer less, by the tree's keys.
        QVERIFY(tabTo("moduleTree"));
        const size_t before = m_page->form().verdict().resolved->adapters.size();
        auto* tree = find<QTreeView>("moduleTree");
        tree->keyboardSearch(QStringLiteral("language"));
        QCOMPARE(tree->currentIndex().data().toString(), QStringLiteral("language_model"));
        QTest::keyClick(tree, Qt::Key_Space);
        QTRY_VERIFY(m_page->form().isJudged() && m_page->form().verdict().resolved->adapters.size() > before);
        QTest::keyClick(tree, Qt::Key_Z, Qt::ControlModifier);
        QTRY_VERIFY(m_page->form().isJudged() &&
                    m_page->form().verdict().resolved->adapters.size() == before);

        const QString engine = qEnvironmentVariable("FACET_ENGINE_PROGRAM", QStringLiteral(ENGINE));
        if (engine.isEmpty())
            QSKIP("facet-engine is not built here: the run is not started");
        QSignalSpy started(m_page.get(), &FinetunePage::runStarted);
        QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier);
        const auto banner = [this] { return find("finetuneBanner")->isVisible(); };
        QTRY_VERIFY_WITH_TIMEOUT(!started.isEmpty() || banner(), 60'000);
        QVERIFY2(!banner(), qPrintable(find("finetuneBanner")->accessibleDescription()));
        const core::RunFolder run = {m_home->path().toStdString() + "/runs/by-keys"};
        const core::Result<core::RunStatus> status = core::readStatus(run);
        QVERIFY(status);
        QVERIFY(status->pid != 0 && ::getsid(static_cast<pid_t>(status->pid)) != ::getsid(0));
        m_page.reset();  // the window is closed; the run goes on
        core::EventReader reader(run.events());
        int numMetrics = 0;
        QTRY_VERIFY_WITH_TIMEOUT(
            [&] {
                if (const core::Result<std::vector<core::RunEvent>> events = reader.poll())
                    for (const core::RunEvent& event : *events)
                        numMetrics += std::holds_alternative<core::MetricEvent>(event.what) ? 1 : 0;
                return numMetrics == 4;
            }(),
            90'000);
        QTRY_COMPARE_WITH_TIMEOUT(core::readStatus(run)->state, core::RunState::Done, 30'000);
        open();
        QCOMPARE(find<QLineEdit>("job.name")->text(), QStringLiteral("by-keys-2"));
    }

    void aBlendIsSetUpByKeyboard()
    {
        m_page->form().apply({{"model.base", "demo"}, {"recipe", ""}});
        const std::string big = writeTexts("big.jsonl", 30), small = writeTexts("small.jsonl", 10);
        find("dataPath")->setFocus();
        typeInto("dataPath", QString::fromStdString(big));
        QVERIFY(!find("source0")->isVisible());
        find<QPushButton>("addSource")->setFocus();
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
        QCOMPARE(QApplication::focusWidget(), find("dataPath"));
        QTest::keyClicks(QApplication::focusWidget(), QString::fromStdString(small));
        find("source0")->setFocus();
        typeInto("sourceWeight0", QStringLiteral("3"));
        const auto sources = [this] { return m_page->form().value("data.sources"); };
        QCOMPARE(sources().size(), size_t{2});
        QCOMPARE(sources()[0]["path"].get<std::string>(), big);
        QCOMPARE(sources()[0]["weight"].get<double>(), 3.0);
        QCOMPARE(sources()[1]["path"].get<std::string>(), small);
        QTRY_COMPARE_WITH_TIMEOUT(preview().numRows(), 10, 20'000);
        find("source0")->setFocus();  // looks at the other one
        QTest::keyClick(find("source0"), Qt::Key_Space);
        QTRY_COMPARE_WITH_TIMEOUT(preview().numRows(), 30, 20'000);
        QCOMPARE(find<QLineEdit>("dataPath")->text(), QString::fromStdString(big));

        typeInto("sourceWeight1", QStringLiteral("heavy"));
        QTRY_VERIFY_WITH_TIMEOUT(!m_page->form().problem("data.sources").isEmpty(), 10'000);
        QVERIFY(find("sourceWeight1")->property("invalid").toBool());
        QVERIFY(tabTo("removeSource1"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
        QCOMPARE(sources().size(), size_t{1});
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().problem("data.sources").isEmpty(), 10'000);
        QVERIFY(!find("source0")->isVisible());
        QTest::keyClick(m_page.get(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(sources().size(), size_t{2});
    }

    void theFirstRowsShowBeforeTheFileIsRead()
    {
        m_page->form().apply({{"model.base", "demo"}});
        const std::string path = writeTexts("rows.jsonl", 400);
        QList<int64_t> numRows;
        connect(&preview(), &DataPreview::changed, this, [&] { numRows << preview().numRows(); });
        m_page->form().apply({{"data.sources", json::array({{{"path", path}}})}});
        QTRY_VERIFY_WITH_TIMEOUT(preview().hasAllRows() && preview().numRows() == 400, 20'000);
        QVERIFY(numRows.indexOf(100) >= 0 && numRows.indexOf(100) < numRows.indexOf(400));
        QVERIFY(!find("stopIndexing")->isVisible());

        // With its index it opens whole, at once.
        numRows.clear();
        m_page->form().apply({{"data.sources", json::array({{{"path", path}, {"format", "text"}}})}});
        QTRY_VERIFY_WITH_TIMEOUT(numRows.contains(400) && !preview().isBusy(), 20'000);
        QVERIFY(!numRows.contains(100));
        disconnect(&preview(), nullptr, this, nullptr);
    }

    void packedSequencesAreWalkedByKeyboard()
    {
        m_page->form().apply({{"model.base", "demo"},
                              {"sequence_length", 256},
                              {"data.sources", json::array({{{"path", writeTexts("rows.jsonl", 60)}}})}});
        QTRY_VERIFY_WITH_TIMEOUT(isCounted(), 30'000);
        const DataPreview::Packs& packs = *preview().packs();
        QCOMPARE(packs.places.size(), size_t{60});
        for (const PackedRows& sequence : packs.sequences) {
            int64_t tokens = 0;
            for (const PackedRow& row : sequence)
                tokens += row.length;
            QVERIFY(tokens <= 256);
        }
        auto* packed = find("rowView")->findChild<QToolButton*>(QStringLiteral("segment1"));
        packed->setFocus();
        QTest::keyClick(packed, Qt::Key_Space);
        QVERIFY(tabTo("packView"));
        QWidget* view = find("packView");
        QTest::keyClick(view, Qt::Key_Home);
        QCOMPARE(preview().row(), packs.sequences[0][0].row);
        QTest::keyClick(view, Qt::Key_Down);
        QCOMPARE(preview().row(), packs.sequences[1][0].row);
        QTest::keyClick(view, Qt::Key_Right);
        const size_t second = std::min<size_t>(1, packs.sequences[1].size() - 1);
        QCOMPARE(preview().row(), packs.sequences[1][second].row);
        QVERIFY(view->accessibleDescription().startsWith(QStringLiteral("Sequence 2 of ")));
        QTest::keyClick(view, Qt::Key_Return);
        QVERIFY(find("tokenView")->isVisible());
        QCOMPARE(QApplication::focusWidget(), find("tokenView"));
    }

    void chatsBecomeTrainingData()
    {
        ConversationService service(m_home->path().toStdString());
        bool isKept = false;
        service.ask<bool>(
            m_page.get(), core::Durability::Process,
            [](core::ConversationStore& store) -> core::Result<bool> {
                for (const char* title : {"About cats", "About dogs"}) {
                    const int64_t chat = *store.addConversation(title, {});
                    core::NewMessage message;
                    message.conversation = chat;
                    message.role = "user";
                    message.text = title;
                    message.parent = *store.addMessage(message);
                    message.role = "assistant";
                    message.text = "They are fine.";
                    if (const auto answer = store.addMessage(message); !answer)
                        return answer.error();
                }
                return true;
            },
            [&](const core::Result<bool>& kept) { isKept = kept && *kept; });
        QTRY_VERIFY(isKept);
        m_page.reset();
        m_page = std::make_unique<FinetunePage>(
            FinetunePage::Parts{{m_home->path().toStdString(),
                                 SOURCE_DIR "/resources/recipes",
                                 {{"demo", SOURCE_DIR "/resources/demo-model"}}},
                                "/nonexistent/facet-engine",
                                &service});
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        find<QPushButton>("useChats")->setFocus();
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
        auto* list = find<QListWidget>("chatsToUse");
        QVERIFY(list);
        QTRY_COMPARE(list->count(), 2);
        QVERIFY(!find("useSelectedChats")->isEnabled());
        list->setFocus();
        list->setCurrentRow(0);
        QTest::keyClick(list, Qt::Key_Space);
        QCOMPARE(find<QLabel>("chatsCount")->text(), QStringLiteral("1 of 2 chats selected; Space selects"));
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        QVERIFY(find("chatsDialog")->grab().save(QStringLiteral(SCREENSHOTS "/finetune-chats-light.png")));
        QTest::keyClick(find("useSelectedChats"), Qt::Key_Space);
        const QString file = m_home->filePath(QStringLiteral("data/chats.jsonl"));
        QTRY_COMPARE_WITH_TIMEOUT(find<QLineEdit>("dataPath")->text(), file, 10'000);
        QFile rows(file);
        QVERIFY(rows.open(QIODevice::ReadOnly));
        const json row = json::parse(rows.readAll().toStdString(), nullptr, false);
        QCOMPARE(row["messages"][1]["content"].get<std::string>(), std::string("They are fine."));
        m_page.reset();
    }

    void anEngineThatIsNotThereIsSaidInWords()
    {
        m_page.reset();
        m_page = std::make_unique<FinetunePage>(
            FinetunePage::Parts{{m_home->path().toStdString(),
                                 SOURCE_DIR "/resources/recipes",
                                 {{"demo", SOURCE_DIR "/resources/demo-model"}}},
                                "/nonexistent/facet-engine"});
        m_page->show();
        m_page->form().apply(
            {{"model.base", "demo"}, {"freeze.vision_tower", true}, {"lora.targets", {"all-linear"}}});
        QTRY_VERIFY_WITH_TIMEOUT(find<QPushButton>("startJob")->isEnabled(), 20'000);
        QTest::mouseClick(find<QPushButton>("startJob"), Qt::LeftButton);
        QTRY_VERIFY(find("finetuneBanner")->isVisible());
        QVERIFY(find("finetuneBanner")
                    ->accessibleDescription()
                    .contains(QStringLiteral("/nonexistent/facet-engine")));
    }

    void thePageIsPicturedInLightAndDark()
    {
        const QString rows = writeRows(3000);
        m_page->form().startFromRecipe(QStringLiteral("gemma3_4b_lora"));
        m_page->form().setGpus({{"cuda:0", "NVIDIA GeForce RTX 4090", 25.3e9, false}});
        m_page->form().apply({{"name", "receipts-4b-r16"},
                              {"lora.rank", 16},
                              {"freeze.vision_tower", true},
                              {"freeze.projector", true},
                              {"batch.global", 16},
                              {"steps", 240},
                              {"schedule.warmup_steps", 12}});
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged(), 20'000);
        save(QStringLiteral("finetune-light"));
        Theme::setScheme(Theme::Scheme::Dark);
        m_page->form().apply(
            {{"model.base", "demo"}, {"data.sources", json::array({{{"path", rows.toStdString()}}})}});
        m_page->form().setText("lora.alpha", QStringLiteral("x"));
        QTRY_VERIFY_WITH_TIMEOUT(m_page->form().isJudged(), 20'000);
        DataPreview& preview = m_page->findChild<DataSection*>()->preview();
        QTRY_VERIFY_WITH_TIMEOUT(preview.counts().nextRow == 3000 && !preview.isBusy(), 30'000);
        auto* scroll = find<QScrollArea>("jobScroll");
        scroll->ensureWidgetVisible(find("packs"));
        save(QStringLiteral("finetune-tokens-dark"));
        QTRY_VERIFY_WITH_TIMEOUT(preview.packs() != nullptr, 20'000);
        QTest::mouseClick(find("rowView")->findChild<QToolButton*>(QStringLiteral("segment1")),
                          Qt::LeftButton);
        QTest::mouseClick(find("sideTabs")->findChild<QToolButton*>(QStringLiteral("segment2")),
                          Qt::LeftButton);
        save(QStringLiteral("finetune-data-dark"));
        Theme::setScheme(Theme::Scheme::Light);
        m_page->form().apply(
            {{"data.sources", json::array({{{"path", rows.toStdString()}, {"weight", 3}},
                                           {{"path", writeTexts("manual.jsonl", 400)}, {"weight", 1}}})}});
        QTRY_VERIFY_WITH_TIMEOUT(isCounted(), 30'000);
        scroll->ensureWidgetVisible(find("packs"));
        save(QStringLiteral("finetune-packed-light"));
        m_page->resize(1000, 612);  // from here on the header asks for less
        QTest::qWait(20);
        m_page->resize(888, 612);
        scroll->ensureWidgetVisible(find("moduleTree"));
        save(QStringLiteral("finetune-960-light"));
        QCOMPARE(m_page->size(), QSize(888, 612));  // of a window of 960 x 640, less its rail
        QTest::keyClick(m_page.get(), Qt::Key_F9);
        QVERIFY(find("sideTabs")->isVisible());
        save(QStringLiteral("finetune-960-cost-light"));
        QTest::keyClick(m_page.get(), Qt::Key_F9);
        QVERIFY(!find("sideTabs")->isVisible());
        m_page->resize(1368, scroll->widget()->sizeHint().height() + 60);
        QTest::mouseClick(find("sideTabs")->findChild<QToolButton*>(QStringLiteral("segment0")),
                          Qt::LeftButton);
        save(QStringLiteral("finetune-full-light"));
    }
};

QTEST_MAIN(FinetunePageTest)
#include "finetune_page_test.moc"
