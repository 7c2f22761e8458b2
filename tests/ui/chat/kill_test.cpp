// A studio that is killed while it streams, at twenty moments: every word that it showed is found again.

#include "core/conversations/conversation_store.h"
#include "tests/support/check.h"
#include "tests/support/fake_engine.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

class KillTest : public QObject {
    Q_OBJECT

    facet::ui::FakeEngine m_engine{QStringLiteral("good"), 1};

private Q_SLOTS:
    void initTestCase()
    {
        m_engine.start();
        QTRY_COMPARE(m_engine.state(), facet::ui::EngineProcess::State::Running);
    }

    void everyWordThatWasShownIsFoundAgain_data()
    {
        QTest::addColumn<int>("bytes");
        for (int i = 0; i < 20; ++i)
            QTest::newRow(qPrintable(QStringLiteral("after %1 bytes").arg(1 + i * i * 20))) << 1 + i * i * 20;
    }

    void everyWordThatWasShownIsFoundAgain()
    {
        QFETCH(const int, bytes);
        QTemporaryDir home;
        QProcess program;
        program.start(QStringLiteral(STREAMING_PROGRAM), {home.path(), m_engine.address().url.toString()});
        QByteArray shown;
        QTRY_VERIFY_WITH_TIMEOUT((shown += program.readAllStandardOutput()).size() >= bytes, 30'000);
        program.kill();
        QVERIFY(program.waitForFinished());
        shown += program.readAllStandardOutput();
        auto store =
            ConversationStore::open((home.path() + QStringLiteral("/conversations.db")).toStdString());
        QVERIFY2(store, reason(store));
        const auto list = store->list();
        QVERIFY2(list, reason(list));
        QCOMPARE(list->size(), 1u);
        const auto conversation = store->load(list->front().id);
        QVERIFY2(conversation, reason(conversation));
        QCOMPARE(conversation->messages.size(), 2u);
        QCOMPARE(conversation->messages[0].text, std::string("count 100000"));
        const StoredMessage& answer = conversation->messages[1];
        QCOMPARE(answer.state, MessageState::Interrupted);
        QVERIFY2(
            answer.text.starts_with(shown.toStdString()),
            qPrintable(QStringLiteral("shown %1 bytes, kept %2").arg(shown.size()).arg(answer.text.size())));
    }
};

QTEST_GUILESS_MAIN(KillTest)
#include "kill_test.moc"
