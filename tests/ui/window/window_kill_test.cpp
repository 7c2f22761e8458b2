// The window that is killed while it streams, at twenty moments: the shipped program, the real engine and the
// demo model. Every word that was shown is found again.

#include "core/conversations/conversation_store.h"
#include "tests/support/check.h"

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <vector>

using namespace facet::core;

class WindowKillTest final : public QObject {
    Q_OBJECT

    // One home for all: each start finds what the one before it left.
    QTemporaryDir m_home;
    int64_t m_lastId = 0;
    int m_numInterrupted = 0;

    QString engine() const { return qEnvironmentVariable("FACET_TEST_ENGINE", QStringLiteral(ENGINE)); }

private Q_SLOTS:
    void initTestCase()
    {
        if (!QFile::exists(engine()))
            QSKIP("there is no facet-engine: build it, or name one by FACET_TEST_ENGINE");
    }

    void everyWordThatWasShownIsFoundAgain_data()
    {
        QTest::addColumn<int>("bytes");
        for (int i = 0; i < 20; ++i) {
            const int bytes = 1 + i * i * 4;
            QTest::newRow(qPrintable(QStringLiteral("after %1 bytes").arg(bytes))) << bytes;
        }
    }

    void everyWordThatWasShownIsFoundAgain()
    {
        QFETCH(const int, bytes);
        QProcess program;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("FACET_HOME"), m_home.path());
        environment.insert(QStringLiteral("HF_HUB_CACHE"), m_home.filePath(QStringLiteral("hub")));
        environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
        environment.remove(QStringLiteral("DBUS_SESSION_BUS_ADDRESS"));
        program.setProcessEnvironment(environment);
        program.start(QStringLiteral(STUDIO),
                      {QStringLiteral("--engine"), engine(), QStringLiteral("--model"),
                       QStringLiteral("demo"), QStringLiteral("--stream-session"), QStringLiteral("60")});
        QByteArray shown;
        while (shown.size() < bytes && program.waitForReadyRead(30'000))
            shown += program.readAllStandardOutput();
        program.kill();
        QVERIFY2(program.waitForFinished(), program.readAllStandardError().constData());
        shown += program.readAllStandardOutput();
        QVERIFY2(shown.size() >= bytes, program.readAllStandardError().constData());

        auto store =
            ConversationStore::open(m_home.filePath(QStringLiteral("conversations.db")).toStdString());
        QVERIFY2(store, reason(store));
        const auto list = store->list();
        QVERIFY2(list, reason(list));
        // Each start begins conversations of its own, one after the other.
        std::vector<int64_t> ids;
        for (const ConversationSummary& summary : *list)
            if (summary.id > m_lastId)
                ids.push_back(summary.id);
        std::ranges::sort(ids);
        std::string kept;
        for (const int64_t id : ids) {
            m_lastId = id;
            const auto conversation = store->load(id);
            QVERIFY2(conversation, reason(conversation));
            for (const StoredMessage* message : branchTo(*conversation, conversation->leaf))
                if (message->role == "assistant") {
                    kept += message->text;
                    m_numInterrupted += message->state == MessageState::Interrupted;
                    QVERIFY(message->state != MessageState::Writing);
                }
        }
        QVERIFY2(kept.starts_with(shown.toStdString()),
                 qPrintable(QStringLiteral("shown %1 bytes, kept %2").arg(shown.size()).arg(kept.size())));
    }

    // How many it is depends on how fast the machine answers.
    void someOfThemWereKilledInMidAnswer() { QVERIFY(m_numInterrupted > 0); }
};

QTEST_GUILESS_MAIN(WindowKillTest)
#include "window_kill_test.moc"
