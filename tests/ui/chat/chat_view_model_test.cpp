#include "tests/support/check.h"
#include "tests/ui/chat/chat_fixture.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSignalSpy>
#include <QTest>

#include <signal.h>

using namespace facet::ui;
using facet::core::MessageState;

class ChatViewModelTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aModelIsLoadedOnTheDeviceOfTheSettings()
    {
        ChatFixture chat;
        chat.loaded.setDevice(QStringLiteral("cuda:1"));
        chat.ask(QStringLiteral("count 1"));
        QCOMPARE(chat.loaded.find(QStringLiteral("tiny"))->device, QStringLiteral("cuda:1"));
    }

    void aLoadThatIsCancelledElsewhereEndsTheAnswer()
    {
        ChatFixture chat;
        chat.viewModel->send(QStringLiteral("count 3"));
        QTRY_VERIFY(chat.loaded.find(QStringLiteral("tiny")));
        chat.loaded.unload(QStringLiteral("tiny"));
        QTRY_VERIFY(!chat.viewModel->isAnswering());
        QCOMPARE(chat.turn(1).state, facet::core::MessageState::Failed);
        QVERIFY2(chat.turn(1).error.contains(QStringLiteral("cancelled")), qPrintable(chat.turn(1).error));
    }

    void aQuestionStartsTheEngineLoadsTheModelAndIsAnswered()
    {
        ChatFixture chat;
        QAbstractItemModelTester list(&chat.viewModel->conversations());
        QAbstractItemModelTester thread(&chat.viewModel->thread());
        QStringList activities;
        connect(chat.viewModel.get(), &ChatViewModel::activityChanged, this, [&] {
            const QString now = chat.numTurns() > 1 ? chat.viewModel->activity(chat.turn(1).id) : QString();
            if (activities.isEmpty() || activities.last() != now)
                activities.append(now);
        });
        chat.ask(QStringLiteral("count 30"));
        QCOMPARE(chat.numTurns(), 2);
        QVERIFY(chat.turn(0).isUser);
        QVERIFY(chat.turn(1).text.startsWith(QStringLiteral("w0 w1")) &&
                chat.turn(1).text.endsWith(QStringLiteral("w29 ")));
        QCOMPARE(chat.turn(1).state, MessageState::Complete);
        QCOMPARE(chat.turn(1).stats->completionTokens, 30);
        QCOMPARE(chat.turn(1).stats->decodeTokensPerSecond, 96.4);
        QCOMPARE(chat.turn(1).model, QStringLiteral("tiny"));
        QVERIFY2(activities.contains(QStringLiteral("Engine starts")), qPrintable(activities.join(u'|')));
        QVERIFY2(activities.contains(QStringLiteral("Loading tiny, 34 %")),
                 qPrintable(activities.join(u'|')));
        QVERIFY(activities.contains(QStringLiteral("Writing")));
        QCOMPARE(chat.viewModel->title(), QStringLiteral("count 30"));
        QTRY_COMPARE(chat.viewModel->conversations().numConversations(), 1);
    }

    void textIsShownAtMostThirtyTimesASecond()
    {
        ChatFixture chat(1);
        int shown = 0;
        connect(&chat.viewModel->thread(), &ThreadModel::textAppended, this, [&] { ++shown; });
        chat.ask(QStringLiteral("warm up"));
        shown = 0;
        QElapsedTimer clock;
        clock.start();
        chat.ask(QStringLiteral("count 400"));
        // One more for the first and one for the last.
        QVERIFY2(shown <= clock.elapsed() / AnswerRun::kShowEveryMs + 2, qPrintable(QString::number(shown)));
        QVERIFY(shown > 3);
    }

    void stopKeepsWhatWasWritten()
    {
        ChatFixture chat;
        chat.viewModel->send(QStringLiteral("count 100000"));
        QTRY_VERIFY(chat.numTurns() == 2 && chat.turn(1).text.size() > 20);
        chat.viewModel->stop();
        QTRY_VERIFY(!chat.viewModel->isAnswering());
        QCOMPARE(chat.turn(1).state, MessageState::Stopped);
        const QString text = chat.turn(1).text;
        QVERIFY(text.size() > 20);
        QTRY_VERIFY(chat.engine.log().contains(QStringLiteral("fake engine: cancelled")));
        chat.open();
        QTRY_COMPARE(chat.numTurns(), 2);
        QCOMPARE(chat.turn(1).text, text);
    }

    void anotherAnswerKeepsTheOldOne()
    {
        ChatFixture chat;
        chat.ask(QStringLiteral("count 3"));
        const qint64 first = chat.turn(1).id;
        chat.viewModel->regenerate(first);
        QTRY_VERIFY(chat.numTurns() == 2 && chat.turn(1).id != first);
        QTRY_VERIFY(!chat.viewModel->isAnswering());
        QCOMPARE(chat.turn(1).version, 2);
        QCOMPARE(chat.turn(1).numVersions, 2);
        chat.viewModel->showVersion(chat.turn(1).id, -1);
        QCOMPARE(chat.turn(1).id, first);
        QCOMPARE(chat.turn(1).version, 1);
    }

    void anEditAsksAgainOnABranchOfItsOwn()
    {
        ChatFixture chat;
        chat.ask(QStringLiteral("count 3"));
        chat.ask(QStringLiteral("and then"));
        QCOMPARE(chat.numTurns(), 4);
        chat.viewModel->setDraftText(QStringLiteral("half a thought"));
        QSignalSpy sent(chat.viewModel.get(), &ChatViewModel::sent);
        chat.viewModel->edit(chat.turn(0).id, QStringLiteral("count 5"));
        QTRY_VERIFY(chat.numTurns() == 2 && !chat.viewModel->isAnswering());
        QCOMPARE(chat.turn(1).text, QStringLiteral("w0 w1 w2 w3 w4 "));
        QCOMPARE(chat.turn(0).numVersions, 2);
        QCOMPARE(sent.size(), 0);
        chat.viewModel->showVersion(chat.turn(0).id, -1);
        QCOMPARE(chat.numTurns(), 4);
        QCOMPARE(chat.turn(2).text, QStringLiteral("and then"));
    }

    void aBranchBeginsWhereTheUserSays()
    {
        ChatFixture chat;
        chat.ask(QStringLiteral("count 3"));
        chat.ask(QStringLiteral("first way"));
        chat.viewModel->branchFrom(chat.turn(1).id);
        QCOMPARE(chat.numTurns(), 2);
        chat.ask(QStringLiteral("second way"));
        QCOMPARE(chat.numTurns(), 4);
        QCOMPARE(chat.turn(2).numVersions, 2);
        chat.viewModel->showVersion(chat.turn(2).id, -1);
        QCOMPARE(chat.turn(2).text, QStringLiteral("first way"));
    }

    void aPictureIsKeptSentAndCounted()
    {
        ChatFixture chat;
        chat.viewModel->draft().addFile(chat.makePicture(QStringLiteral("a receipt.png")));
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 1);
        chat.viewModel->draft().addImage(QImage(20, 30, QImage::Format_RGB888), QStringLiteral("pasted.png"));
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 2);
        chat.ask(QStringLiteral("what is this"));
        QCOMPARE(chat.turn(0).pictures.size(), 2);
        QCOMPARE(chat.turn(0).pictures[0].width, 640);
        QCOMPARE(chat.turn(1).stats->imageTokens, 512);
        QVERIFY(chat.viewModel->draft().pictures().isEmpty());
        QTRY_COMPARE(chat.viewModel->meter().count().pictures, 512);
        QSignalSpy refused(&chat.viewModel->draft(), &Draft::refused);
        chat.viewModel->draft().addFile(QStringLiteral(SOURCE_DIR "/README.md"));
        QTRY_COMPARE(refused.size(), 1);
    }

    void anEngineThatDiesInMidAnswerLosesNoTextAndIsStartedAgain()
    {
        ChatFixture chat;
        chat.viewModel->send(QStringLiteral("die 50"));
        QTRY_VERIFY(chat.numTurns() == 2);
        QTRY_VERIFY_WITH_TIMEOUT(!chat.viewModel->isAnswering(), 10'000);
        QCOMPARE(chat.turn(1).state, MessageState::Failed);
        QCOMPARE(chat.turn(1).error, QStringLiteral("The engine was ended by signal 9."));
        QVERIFY2(chat.turn(1).text.endsWith(QStringLiteral("w49 ")), qPrintable(chat.turn(1).text));
        chat.ask(QStringLiteral("count 2"));
        QCOMPARE(chat.turn(3).text, QStringLiteral("w0 w1 "));
    }

    void aModelThatCannotBeLoadedIsSaidInTheAnswersPlace()
    {
        ChatFixture chat(2, QStringLiteral("broken"));
        chat.viewModel->send(QStringLiteral("hello"));
        QTRY_VERIFY(chat.numTurns() == 2 && chat.turn(1).state == MessageState::Failed);
        QCOMPARE(chat.turn(1).error,
                 QStringLiteral(
                     "broken cannot be loaded: model-00001.safetensors is cut short: download it again."));
    }

    void anAnswerGoesOnWhileAnotherConversationIsOpen()
    {
        ChatFixture chat(3);
        chat.viewModel->send(QStringLiteral("count 300"));
        QTRY_VERIFY(chat.numTurns() == 2 && chat.turn(1).text.size() > 20);
        const qint64 writing = chat.viewModel->currentId();
        chat.viewModel->newConversation();
        QCOMPARE(chat.numTurns(), 0);
        QVERIFY(chat.viewModel->isAnswering() && !chat.viewModel->isAnsweringHere());
        chat.viewModel->open(writing);
        QTRY_COMPARE(chat.viewModel->currentId(), writing);
        QTRY_VERIFY_WITH_TIMEOUT(!chat.viewModel->isAnswering(), 10'000);
        QString expected;
        for (int i = 0; i < 300; ++i)
            expected += QStringLiteral("w%1 ").arg(i);
        QCOMPARE(chat.turn(1).text, expected);
    }

    void aBaseModelGoesOnWithTheText()
    {
        ChatFixture chat(1, QStringLiteral("tiny-pt"));
        chat.viewModel->setModel(QStringLiteral("tiny-pt"));
        QTRY_VERIFY(chat.viewModel->isCompletion());
        chat.ask(QStringLiteral("Once upon "));
        QCOMPARE(chat.turn(1).text, QStringLiteral("Once upon "));
        chat.ask(QStringLiteral(" more"));
        // The fake gives the whole prompt back: all that was written, in order.
        QCOMPARE(chat.turn(3).text, QStringLiteral("Once upon Once upon  more"));
    }

    void renamingDeletingAndSearchingWork()
    {
        ChatFixture chat;
        chat.ask(QStringLiteral("the quick brown fox"));
        const qint64 first = chat.viewModel->currentId();
        chat.viewModel->newConversation();
        chat.ask(QStringLiteral("something else"));
        QTRY_COMPARE(chat.viewModel->conversations().numConversations(), 2);
        chat.viewModel->setSearch(QStringLiteral("BROW"));
        QTRY_COMPARE(chat.viewModel->conversations().numConversations(), 1);
        chat.viewModel->setSearch({});
        QTRY_COMPARE(chat.viewModel->conversations().numConversations(), 2);
        chat.viewModel->rename(first, QStringLiteral("Foxes"));
        QTRY_VERIFY(chat.viewModel->conversations().rowOf(first) >= 0 &&
                    chat.viewModel->conversations()
                            .index(chat.viewModel->conversations().rowOf(first))
                            .data()
                            .toString() == QStringLiteral("Foxes"));
        QSignalSpy trashed(chat.viewModel.get(), &ChatViewModel::trashed);
        chat.viewModel->remove(first);
        QTRY_COMPARE(trashed.size(), 1);
        QTRY_COMPARE(chat.viewModel->conversations().numConversations(), 1);
        chat.viewModel->restore(first);
        QTRY_COMPARE(chat.viewModel->conversations().numConversations(), 2);
    }

    void settingsArePartOfTheConversationAndPresetsAreKept()
    {
        ChatFixture chat;
        chat.ask(QStringLiteral("hello"));
        QCOMPARE(chat.viewModel->numChanged(), 0);
        facet::core::Sampling sampling;
        sampling.temperature = 0.7;
        chat.viewModel->setSampling(sampling);
        chat.viewModel->setSystemPrompt(QStringLiteral("Be short."));
        QCOMPARE(chat.viewModel->numChanged(), 2);
        chat.viewModel->savePreset(QStringLiteral("Short"));
        QTRY_COMPARE(chat.viewModel->presetName(), QStringLiteral("Short"));
        QTRY_COMPARE(chat.viewModel->numChanged(), 0);
        chat.open();
        QTRY_COMPARE(chat.viewModel->settings().systemPrompt, std::string("Be short."));
        QTRY_COMPARE(chat.viewModel->presets().size(), 1u);
        chat.viewModel->choosePreset(defaultPresetName());
        QCOMPARE(chat.viewModel->settings().sampling.temperature, 1.0);
    }

    void exportsHoldTheTextAndThePictures()
    {
        ChatFixture chat;
        chat.viewModel->draft().addFile(chat.makePicture(QStringLiteral("cat.png")));
        QTRY_COMPARE(chat.viewModel->draft().pictures().size(), 1);
        chat.ask(QStringLiteral("who is this"));
        QSignalSpy exported(chat.viewModel.get(), &ChatViewModel::exported);
        chat.viewModel->exportTo(chat.home.filePath(QStringLiteral("out.md")), ExportFormat::Markdown);
        chat.viewModel->exportTo(chat.home.filePath(QStringLiteral("out.json")), ExportFormat::Json);
        QTRY_COMPARE(exported.size(), 2);
        QFile markdown(chat.home.filePath(QStringLiteral("out.md")));
        QVERIFY(markdown.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(markdown.readAll());
        QVERIFY2(text.contains(QStringLiteral("## You\n\n![cat.png](<out-pictures/")), qPrintable(text));
        QFile json(chat.home.filePath(QStringLiteral("out.json")));
        QVERIFY(json.open(QIODevice::ReadOnly));
        QCOMPARE(QJsonDocument::fromJson(json.readAll()).object().value(QStringLiteral("format")).toString(),
                 QStringLiteral("facet-conversation"));
        QVERIFY(QFile::exists(chat.home.filePath(QStringLiteral("out-pictures/")) +
                              QString::fromStdString(chat.turn(0).pictures[0].file)));
    }
};

QTEST_MAIN(ChatViewModelTest)
#include "chat_view_model_test.moc"
