// The chat with the real engine and the demo model: what the fake one cannot show.

#include "ui/chat/chat_view_model.h"

#include <QImage>
#include <QTemporaryDir>
#include <QTest>

#include <signal.h>

#include <memory>

using namespace facet::ui;
using facet::core::MessageState;

class ChatEngineTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;
    std::unique_ptr<EngineProcess> m_engine;
    std::unique_ptr<EngineClient> m_client;
    std::unique_ptr<LoadedModels> m_loaded;
    std::unique_ptr<RunList> m_runs;
    std::unique_ptr<ConversationService> m_service;
    std::unique_ptr<ChatViewModel> m_chat;

    const Turn& turn(int row) const { return m_chat->thread().turn(row); }

    void ask(const QString& text)
    {
        m_chat->send(text);
        QTRY_VERIFY(m_chat->isAnswering());
        QTRY_VERIFY_WITH_TIMEOUT(!m_chat->isAnswering(), 60'000);
    }

    void addPicture()
    {
        m_chat->draft().addFile(QStringLiteral(SOURCE_DIR "/resources/demo-data/picture.png"));
        QTRY_COMPARE(m_chat->draft().pictures().size(), 1);
    }

private Q_SLOTS:
    void initTestCase()
    {
        // Another build's engine may be given, as this test needs no Torch of its own.
        const QString program =
            qEnvironmentVariable("FACET_TEST_ENGINE", QStringLiteral(FACET_ENGINE_PROGRAM));
        if (!QFile::exists(program))
            QSKIP("there is no facet-engine: build it, or name one by FACET_TEST_ENGINE");
        const QString attachments = m_home.filePath(QStringLiteral("attachments"));
        QDir().mkpath(attachments);
        m_engine = std::make_unique<EngineProcess>(program,
                                                   QStringList{QStringLiteral("--allow-files"), attachments});
        m_client = std::make_unique<EngineClient>();
        m_client->useProcess(*m_engine);
        m_loaded = std::make_unique<LoadedModels>(*m_client);
        const std::filesystem::path folder = m_home.path().toStdString();
        m_runs = std::make_unique<RunList>(std::vector{folder / "runs"});
        m_service = std::make_unique<ConversationService>(folder);
        m_chat = std::make_unique<ChatViewModel>(*m_service, *m_loaded, *m_runs, facet::core::Library(folder),
                                                 std::vector<facet::core::BuiltInModel>{{"demo", "/unused"}});
        m_chat->start();
        QTRY_COMPARE(m_chat->model(), QStringLiteral("demo"));
    }

    void init() { m_chat->newConversation(); }

    void aPictureIsSeenAndItsTokensAreCounted()
    {
        facet::core::Sampling greedy;
        greedy.temperature = 0;
        m_chat->setSampling(greedy);
        addPicture();
        ask(QStringLiteral("What colour is the shape?"));
        QVERIFY2(turn(1).state == MessageState::Complete, qPrintable(turn(1).error));
        QVERIFY(!turn(1).text.isEmpty());
        QVERIFY(turn(1).stats->imageTokens > 0);
        QVERIFY(turn(1).stats->decodeTokensPerSecond > 0);
        QTRY_VERIFY_WITH_TIMEOUT(m_chat->meter().count().pictures == turn(1).stats->imageTokens, 10'000);
        qInfo("%s (%d picture tokens, %.0f tok/s)", qPrintable(turn(1).text), turn(1).stats->imageTokens,
              turn(1).stats->decodeTokensPerSecond);
    }

    void anotherAnswerAndAnEditKeepTheOld()
    {
        addPicture();
        ask(QStringLiteral("What shape is it?"));
        m_chat->regenerate(turn(1).id);
        QTRY_VERIFY_WITH_TIMEOUT(turn(1).numVersions == 2 && !m_chat->isAnswering(), 60'000);
        QVERIFY2(turn(1).state == MessageState::Complete, qPrintable(turn(1).error));
        m_chat->edit(turn(0).id, QStringLiteral("What colour is it?"));
        QTRY_VERIFY_WITH_TIMEOUT(
            turn(0).numVersions == 2 && m_chat->thread().rowCount() == 2 && !m_chat->isAnswering(), 60'000);
        QCOMPARE(turn(0).pictures.size(), 1);
        QVERIFY2(turn(1).state == MessageState::Complete, qPrintable(turn(1).error));
        m_chat->showVersion(turn(0).id, -1);
        QCOMPARE(turn(0).text, QStringLiteral("What shape is it?"));
        QCOMPARE(turn(1).numVersions, 2);
    }

    void stopEndsTheAnswerInTheEngineToo()
    {
        addPicture();
        // Held, so that it cannot be done before it is stopped: the demo model writes 1000 tokens a second.
        kill(static_cast<pid_t>(m_engine->processId()), SIGSTOP);
        m_chat->send(QStringLiteral("Describe the picture."));
        QTRY_VERIFY(m_chat->isAnswering());
        m_chat->stop();
        QTRY_VERIFY(!m_chat->isAnswering());
        kill(static_cast<pid_t>(m_engine->processId()), SIGCONT);
        QCOMPARE(turn(1).state, MessageState::Stopped);
        std::optional<EngineQueue> queue;
        for (int look = 0; look < 50 && (!queue || queue->running > 0); ++look) {
            queue.reset();
            m_client->queryQueue(this, [&](const facet::core::Result<EngineQueue>& now) {
                queue = now ? *now : EngineQueue{};
            });
            QTRY_VERIFY(queue);
        }
        QCOMPARE(queue->running, 0);
    }

    void anEngineThatIsKilledIsSaidAndStartedAgain()
    {
        ask(QStringLiteral("Hello"));
        // Held, so that it cannot be done before it is killed: the demo model writes 1000 tokens a second.
        kill(static_cast<pid_t>(m_engine->processId()), SIGSTOP);
        m_chat->send(QStringLiteral("And again"));
        QTRY_VERIFY(m_chat->isAnswering());
        kill(static_cast<pid_t>(m_engine->processId()), SIGKILL);
        QTRY_VERIFY_WITH_TIMEOUT(!m_chat->isAnswering(), 20'000);
        QCOMPARE(turn(3).state, MessageState::Failed);
        QVERIFY2(turn(3).error.contains(QStringLiteral("signal 9")), qPrintable(turn(3).error));
        ask(QStringLiteral("Are you there?"));
        QVERIFY2(turn(5).state == MessageState::Complete, qPrintable(turn(5).error));
    }
};

QTEST_MAIN(ChatEngineTest)
#include "chat_engine_test.moc"
