// The page as a user has it, off-screen: typing, clicking, pasting by object name. Screenshots of both themes
// go to build/.../chat-*.png.

#include "ui/chat/chat_page.h"
#include "tests/ui/chat/chat_fixture.h"
#include "ui/chat/composer.h"
#include "ui/chat/thread_view.h"
#include "ui/chat/turn_view.h"
#include "ui/markdown/code_block.h"
#include "ui/markdown/markdown_view.h"
#include "ui/markdown/table_block.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QDoubleSpinBox>
#include <QDropEvent>
#include <QFile>
#include <QFileDialog>
#include <QMimeData>
#include <QPushButton>
#include <QScrollBar>
#include <QToolButton>

using namespace facet::ui;

static const QString kAnswer = QStringLiteral(
    "The receipt is from **Kaffeehaus Linden**, 18 March 2025.\n\n"
    "```json\n{\n  \"vendor\": \"Kaffeehaus Linden\",\n  \"date\": \"2025-03-18\",\n  \"total\": "
    "14.70\n}\n```\n\n"
    "| Item | Count | Price |\n|---|---:|---:|\n| Melange | 2 | 8.40 |\n| Apfelstrudel | 1 | 4.90 |\n"
    "| Soda Zitron 0.2 | 1 | 1.40 |\n");

class ChatPageTest : public QObject {
    Q_OBJECT

    template <typename T>
    static T* child(QWidget& page, const char* name)
    {
        return page.findChild<T*>(QLatin1String(name));
    }

    static void show(ChatPage& page, QSize size = {1368, 872})
    {
        page.resize(size);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
    }

    static void drop(QWidget* target, const QStringList& files)
    {
        QMimeData data;
        QList<QUrl> urls;
        for (const QString& file : files)
            urls << QUrl::fromLocalFile(file);
        data.setUrls(urls);
        const QPoint middle = target->rect().center();
        QDragEnterEvent enter(middle, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(target, &enter);
        QDropEvent dropped(middle, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(target, &dropped);
    }

    static void save(ChatPage& page, const QString& name)
    {
        QVERIFY(page.grab().save(QStringLiteral(TEST_OUTPUT_DIR "/") + name + QStringLiteral(".png")));
    }

    static void waitUntilSettled(ChatPage& page)
    {
        auto* thread = page.findChild<ThreadView*>();
        QTRY_VERIFY_WITH_TIMEOUT(thread->isSettled(), 10'000);
    }

private Q_SLOTS:
    void initTestCase() { Theme::install(*qApp, Theme::Scheme::Light); }

    void typingAndReturnSendAndTheAnswerIsShown()
    {
        ChatFixture chat;
        ChatPage page(*chat.viewModel);
        show(page);
        auto* composer = child<ComposerText>(page, "chatComposer");
        composer->setFocus();
        QTest::keyClicks(composer, QStringLiteral("count 12"));
        QTest::keyClick(composer, Qt::Key_Return);
        QTRY_COMPARE(chat.numTurns(), 2);
        QTRY_VERIFY(!chat.viewModel->isAnswering());
        QVERIFY(composer->toPlainText().isEmpty());
        waitUntilSettled(page);
        QVERIFY(
            page.findChild<ThreadView*>()->lastTurn(false)->text().text().endsWith(QStringLiteral("w11 ")));
    }

    void escapeStopsAndOneWritesOnMeanwhile()
    {
        ChatFixture chat;
        ChatPage page(*chat.viewModel);
        show(page);
        auto* composer = child<ComposerText>(page, "chatComposer");
        composer->setFocus();
        QTest::keyClicks(composer, QStringLiteral("count 100000"));
        QTest::keyClick(composer, Qt::Key_Return);
        QTRY_VERIFY(chat.numTurns() == 2 && chat.turn(1).text.size() > 10);
        QVERIFY(child<QPushButton>(page, "chatStop")->isVisible());
        QVERIFY(!child<QPushButton>(page, "chatSend")->isVisible());
        QTest::keyClicks(composer, QStringLiteral("next"));
        QTest::keyClick(composer, Qt::Key_Escape);
        QTRY_VERIFY(!chat.viewModel->isAnswering());
        QCOMPARE(composer->toPlainText(), QStringLiteral("next"));
        QVERIFY(child<QPushButton>(page, "chatSend")->isVisible());
    }

    void aPastedPictureBecomesAThumbnail()
    {
        ChatFixture chat;
        ChatPage page(*chat.viewModel);
        show(page);
        auto* data = new QMimeData;
        data->setImageData(QImage(chat.makePicture(QStringLiteral("x.png"))));
        QApplication::clipboard()->setMimeData(data);
        auto* composer = child<ComposerText>(page, "chatComposer");
        composer->setFocus();
        QTest::keyClick(composer, Qt::Key_V, Qt::ControlModifier);
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 1);
        QTRY_VERIFY(page.findChild<QWidget*>(QStringLiteral("chatThumbnail")));
        auto* remove = child<QToolButton>(page, "chatRemovePicture");
        QTest::mouseClick(remove, Qt::LeftButton);
        QCOMPARE(chat.viewModel->draft().pictures().size(), 0);
    }

    void aDroppedPictureBecomesAThumbnailAndATextFileIsRefusedInWords()
    {
        ChatFixture chat;
        ChatPage page(*chat.viewModel);
        show(page);
        QFile note(chat.home.filePath(QStringLiteral("note.txt")));
        QVERIFY(note.open(QIODevice::WriteOnly));
        note.write("no picture");
        note.close();
        drop(child<QWidget>(page, "composerBox"), {chat.makePicture(QStringLiteral("x.png")),
                                                   chat.makePicture(QStringLiteral("y.png"), {64, 64})});
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 2);
        drop(child<QWidget>(page, "composerBox"), {note.fileName()});
        QTRY_VERIFY(child<QWidget>(page, "chatBanner")->isVisible());
        QCOMPARE(chat.viewModel->draft().pictures().size(), 2);
    }

    void theFileDialogAddsPictures()
    {
        ChatFixture chat;
        ChatPage page(*chat.viewModel);
        show(page);
        const QString picture = chat.makePicture(QStringLiteral("x.png"));
        QTest::mouseClick(child<QAbstractButton>(page, "chatAddPicture"), Qt::LeftButton);
        auto* dialog = page.findChild<QFileDialog*>();
        QVERIFY(dialog);
        dialog->selectFile(picture);
        QMetaObject::invokeMethod(dialog, "accept");
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 1);
        QCOMPARE(QString::fromStdString(chat.viewModel->draft().pictures()[0].name), QStringLiteral("x.png"));
    }

    void inANarrowWindowThePanelLiesOverTheThreadAndEscapeClosesIt()
    {
        ChatFixture chat;
        ChatPage page(*chat.viewModel);
        show(page, {888, 612});
        auto* panel = child<QWidget>(page, "chatInspector");
        auto* thread = page.findChild<ThreadView*>()->parentWidget();
        QVERIFY(!panel->isVisible());
        const int wide = thread->width();
        QTest::keyClick(&page, Qt::Key_F9);
        QTRY_VERIFY(panel->isVisible());
        QCOMPARE(thread->width(), wide);
        QCOMPARE(panel->geometry().right(), page.rect().right());
        save(page, QStringLiteral("chat-960"));
        QTest::keyClick(&page, Qt::Key_Escape);
        QTRY_VERIFY(!panel->isVisible());
        page.resize(1368, 872);
        QTRY_VERIFY(panel->isVisible());
        QTRY_VERIFY(panel->geometry().left() >= thread->mapTo(&page, QPoint(thread->width(), 0)).x());
    }

    void aWideTableScrollsSideways()
    {
        MarkdownView view(MarkdownView::Format::Markdown);
        view.resize(500, 400);
        view.show();
        QString head = QStringLiteral("|"), line = QStringLiteral("|"), row = QStringLiteral("|");
        for (int i = 0; i < 12; ++i) {
            head += QStringLiteral(" column number %1 |").arg(i);
            line += QStringLiteral("---|");
            row += QStringLiteral(" value of %1 |").arg(i);
        }
        view.setText(head + u'\n' + line + u'\n' + row + u'\n', true);
        QTRY_VERIFY(view.isSettled());
        auto* table = view.findChild<TableBlock*>();
        auto* bar = table->findChild<QScrollBar*>(QStringLiteral("tableScroll"));
        QVERIFY(bar->isVisible());
        const int height = table->height();
        QVERIFY2(height < 90, qPrintable(QString::number(height)));  // no cell wraps
        const QImage before = table->grab().toImage();
        table->setFocus();
        QTest::keyClick(table, Qt::Key_Right);
        QVERIFY(table->offset() > 0);
        QVERIFY(table->grab().toImage() != before);
        view.resize(4000, 400);
        QTRY_VERIFY(!bar->isVisible());
        QCOMPARE(table->offset(), 0);
    }

    void theLastMessageIsEditedByKeyboard()
    {
        ChatFixture chat;
        ChatPage page(*chat.viewModel);
        show(page);
        chat.ask(QStringLiteral("count 3"));
        waitUntilSettled(page);
        QTest::keyClick(&page, Qt::Key_E, Qt::ControlModifier);
        QPlainTextEdit* editor = nullptr;
        QTRY_VERIFY((editor = child<QPlainTextEdit>(page, "turnEditor")));
        editor->selectAll();
        QTest::keyClicks(editor, QStringLiteral("count 6"));
        QTest::keyClick(editor, Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY(chat.turn(0).numVersions == 2 && chat.numTurns() == 2 && !chat.viewModel->isAnswering());
        QCOMPARE(chat.turn(1).text, QStringLiteral("w0 w1 w2 w3 w4 w5 "));
        QTest::keyClick(&page, Qt::Key_R, Qt::ControlModifier);
        QTRY_VERIFY(chat.turn(1).numVersions == 2 && !chat.viewModel->isAnswering());
        QTest::keyClick(&page, Qt::Key_Left, Qt::AltModifier);
        QTRY_COMPARE(chat.turn(1).version, 1);
    }

    void everyControlHasAnObjectNameAndAnAccessibleName()
    {
        ChatFixture chat;
        chat.viewModel->draft().addFile(chat.makePicture(QStringLiteral("x.png")));
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 1);
        ChatPage page(*chat.viewModel);
        show(page);
        chat.ask(kAnswer);
        waitUntilSettled(page);
        int seen = 0;
        for (QWidget* widget : page.findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible() ||
                widget->objectName().startsWith(QStringLiteral("qt_")))
                continue;
            ++seen;
            QVERIFY2(!widget->objectName().isEmpty(), widget->metaObject()->className());
            const auto* button = qobject_cast<QAbstractButton*>(widget);
            const QString name =
                widget->accessibleName().isEmpty() && button ? button->text() : widget->accessibleName();
            QVERIFY2(!name.isEmpty(), qPrintable(widget->objectName()));
        }
        QVERIFY(seen > 25);
    }

    void aLongConversationEndsAtItsEndAndStaysThere()
    {
        ChatFixture chat(0);
        ChatPage page(*chat.viewModel);
        show(page);
        for (int i = 0; i < 4; ++i)
            chat.ask(kAnswer);
        waitUntilSettled(page);
        const QScrollBar* bar = page.findChild<ThreadView*>()->verticalScrollBar();
        QVERIFY(bar->maximum() > 200);
        QTRY_COMPARE(bar->value(), bar->maximum());
    }

    void screenshots_data()
    {
        QTest::addColumn<bool>("isDark");
        QTest::newRow("light") << false;
        QTest::newRow("dark") << true;
    }

    void screenshots()
    {
        QFETCH(const bool, isDark);
        Theme::setScheme(isDark ? Theme::Scheme::Dark : Theme::Scheme::Light);
        ChatFixture chat(30, QStringLiteral("gemma-3-4b-it"));
        for (const char* title :
             {"270M: what can it still do?", "Regex for SLURM node lists", "Compare two gel images"}) {
            chat.viewModel->newConversation();
            chat.viewModel->send(QString::fromUtf8(title));
            QTRY_VERIFY(chat.viewModel->isAnswering());
            QTRY_VERIFY(!chat.viewModel->isAnswering());
        }
        chat.viewModel->newConversation();
        ChatPage page(*chat.viewModel);
        show(page);
        chat.viewModel->setSystemPrompt(
            QStringLiteral("You read scanned receipts for an accounting team. When a value is "
                           "not readable, say which part and why. Do not guess."));
        facet::core::Sampling sampling;
        sampling.temperature = 0.7;
        sampling.seed = 1234;
        chat.viewModel->setSampling(sampling);
        chat.viewModel->draft().addFile(chat.makePicture(QStringLiteral("receipt_0412.jpg"), {768, 1024}));
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 1);
        chat.ask(QStringLiteral(
            "Read this receipt. I need vendor, date and total as JSON, and a table of the items."));
        // The fake gives back what it hears, so the answer is put in as an edited one.
        chat.viewModel->edit(chat.turn(1).id, kAnswer);
        QTRY_COMPARE(chat.turn(1).text, kAnswer);
        chat.viewModel->rename(chat.viewModel->currentId(), QStringLiteral("Receipt from Kaffeehaus Linden"));
        chat.viewModel->send(
            QStringLiteral("Yes. 8.40 + 4.90 = 13.30, and 13.30 + 1.40 = **14.70**, which is the printed "
                           "total. The line for Melange counts two cups, so the price is for both."));
        QTRY_VERIFY(chat.numTurns() == 4 && chat.turn(3).text.size() > 90);
        chat.viewModel->draft().addFile(chat.makePicture(QStringLiteral("receipt_0413.jpg"), {768, 1024}));
        auto* composer = child<ComposerText>(page, "chatComposer");
        composer->setPlainText(QStringLiteral("And this one: is the VAT number readable?"));
        composer->setFocus();
        chat.viewModel->setDraftText(composer->toPlainText());
        QTRY_VERIFY(!chat.viewModel->pictures()
                         .thumbnail(QString::fromStdString(chat.turn(0).pictures[0].file))
                         .isNull());
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 1);
        QTRY_VERIFY(!chat.viewModel->pictures()
                         .thumbnail(QString::fromStdString(chat.turn(0).pictures[0].file))
                         .isNull());
        const QString name = isDark ? QStringLiteral("chat-dark.png") : QStringLiteral("chat-light.png");
        QVERIFY(page.grab().save(QStringLiteral(TEST_OUTPUT_DIR "/") + name));
        QTRY_VERIFY_WITH_TIMEOUT(!chat.viewModel->isAnswering(), 20'000);
        page.resize(888, 612);
        QTRY_COMPARE(page.findChild<ThreadView*>()->width(), 888 - 208);
        waitUntilSettled(page);
        QTest::qWait(0);
        QVERIFY(page.grab().save(QStringLiteral(TEST_OUTPUT_DIR "/narrow-") + name));
        chat.viewModel->newConversation();
        QTest::qWait(0);
        page.resize(1368, 872);
        QVERIFY(page.grab().save(QStringLiteral(TEST_OUTPUT_DIR "/empty-") + name));
        Theme::setScheme(Theme::Scheme::Light);
    }
};

QTEST_MAIN(ChatPageTest)
#include "chat_page_test.moc"
