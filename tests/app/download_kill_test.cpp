// facet-engine download, ended by kill -9 at twenty moments: nothing in the cache is ever wrong, and what has
// arrived is not fetched again.

#include "tests/core/hub/hub_case.h"

#include <csignal>

using namespace facet::core;

namespace {

const QStringList kFiles = {QStringLiteral("LICENSE"),
                            QStringLiteral("README.md"),
                            QStringLiteral("additional_chat_templates/tool use.jinja"),
                            QStringLiteral("config.json"),
                            QStringLiteral("empty.txt"),
                            QStringLiteral("model.safetensors"),
                            QStringLiteral("tokenizer.json")};

}  // namespace

class DownloadKillTest : public QObject {
    Q_OBJECT

    HubCase m_case;

    void start(QProcess& engine, const QString& killAt) const
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        for (const char* variable : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HF_TOKEN_PATH"})
            environment.remove(QString::fromLatin1(variable));
        environment.insert(QStringLiteral("HF_HOME"), m_case.cache() + QStringLiteral("/no-home"));
        environment.insert(QStringLiteral("HF_HUB_CACHE"), m_case.cache());
        environment.insert(QStringLiteral("HF_ENDPOINT"), m_case.server.endpoint());
        if (!killAt.isEmpty()) {
            environment.insert(QStringLiteral("LD_PRELOAD"), QStringLiteral(KILL_AT_CALL));
            environment.insert(QStringLiteral("FACET_KILL_AT"), killAt);
        }
        engine.setProcessEnvironment(environment);
        engine.start(QStringLiteral(FACET_ENGINE_PROGRAM),
                     {QStringLiteral("download"), QString::fromStdString(kModel)});
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!m_case.isReady)
            QSKIP("the test's hub did not start: python3 is missing");
    }

    void init() { m_case.begin(); }

    void nothingIsEverWrongOrLost_data()
    {
        QTest::addColumn<QString>("on");
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("at");
        QTest::addColumn<QString>("killAt");

        // While bytes are on their way: the server stops and says so.
        for (const int at : {0, 1, 4096, 100'000, 200'000, kWeightBytes - 1, kWeightBytes})
            QTest::addRow("after %d bytes of the weights", at) << "cdn"
                                                               << "model.safetensors" << at << QString();
        for (const int at : {0, 1500})
            QTest::addRow("after %d bytes of the tokenizer", at) << "cdn"
                                                                 << "tokenizer.json" << at << QString();
        QTest::newRow("after 5 bytes of a file that the hub itself has") << "hub"
                                                                         << "config.json" << 5 << QString();
        // Between the calls that turn bytes into a file; with seven files and a ref the last rename is the
        // ref's.
        for (const char* call : {"rename 1", "rename 4", "rename 7", "rename 8", "rename 9", "symlink 1",
                                 "symlink 7", "fsync 1", "fsync 7", "pwrite 6"})
            QTest::addRow("before %s", call) << QString() << QString() << 0 << QString::fromLatin1(call);
    }

    void nothingIsEverWrongOrLost()
    {
        QFETCH(QString, on);
        QFETCH(QString, file);
        QFETCH(int, at);
        QFETCH(QString, killAt);
        if (killAt.isEmpty())
            m_case.server.setFaults({QJsonObject{{QStringLiteral("on"), on},
                                                 {QStringLiteral("file"), file},
                                                 {QStringLiteral("do"), QStringLiteral("hold")},
                                                 {QStringLiteral("at"), at}}});
        QProcess engine;
        start(engine, killAt);
        if (killAt.isEmpty()) {
            QVERIFY(m_case.server.waitForHold());
            // What was sent is in the pipe; with all of it there the program goes on by itself.
            ::kill(static_cast<pid_t>(engine.processId()), SIGKILL);
        }
        QVERIFY(engine.waitForFinished(60'000));
        m_case.server.release();
        if (at < kWeightBytes)
            QCOMPARE(engine.exitStatus(), QProcess::CrashExit);

        // What has a file's name is that file; a branch names only what is whole.
        const QStringList there = filesBelow(m_case.inSnapshot({}));
        for (const QString& name : there)
            QCOMPARE(contentOf(m_case.inSnapshot(name)), m_case.original(name));
        if (QFile::exists(m_case.in(QStringLiteral("refs/main"))))
            QCOMPARE(there, kFiles);
        qint64 kept = 0;
        for (const QString& blob : filesBelow(m_case.in(QStringLiteral("blobs"))))
            kept += QFileInfo(m_case.in(QStringLiteral("blobs/")) + blob).size();

        m_case.server.setFaults({});
        const auto model = downloadModel(m_case.request());
        QVERIFY2(model, reason(model));
        QCOMPARE(filesBelow(m_case.inSnapshot({})), kFiles);
        qint64 all = 0;
        for (const QString& name : kFiles) {
            QCOMPARE(contentOf(m_case.inSnapshot(name)), m_case.original(name));
            all += m_case.original(name).size();
        }
        QCOMPARE(model->bytesFetched, all - kept);
        QCOMPARE(contentOf(m_case.in(QStringLiteral("refs/main"))), QByteArray::fromStdString(kCommit));
        QCOMPARE(QDir(m_case.in(QStringLiteral("blobs"))).entryList({QStringLiteral("*.incomplete")}),
                 QStringList());
    }
};

QTEST_GUILESS_MAIN(DownloadKillTest)
#include "download_kill_test.moc"
