// facet-engine download as a user runs it, from a hub of our own.

#include "tests/app/engine_program.h"
#include "tests/core/hub/hub_server.h"
#include "tests/support/check.h"

#include <QElapsedTimer>

#include <csignal>

using namespace facet::app;
using facet::core::HubServer;

namespace {

constexpr int kWeightBytes = 300'000;

}  // namespace

class DownloadTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_root;
    HubServer m_server;
    bool m_isReady = false;

    void prepare(EngineProgram& engine) const
    {
        for (const char* variable : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN_PATH"})
            engine.unset(variable);
        engine.set("HF_ENDPOINT", m_server.endpoint());
    }

private Q_SLOTS:
    void initTestCase()
    {
        facet::core::writeRepository(m_root.path(), kWeightBytes);
        const QJsonObject folder{{QStringLiteral("folder"), m_root.path()}};
        QJsonObject gated = folder;
        gated[QStringLiteral("gated")] = true;
        m_isReady =
            m_server.start({{QStringLiteral("facet/tiny"), folder}, {QStringLiteral("facet/gated"), gated}});
        if (!m_isReady)
            QSKIP("the test's hub did not start: python3 is missing");
    }

    void init() { m_server.setFaults({}); }

    void theFolderIsPrinted()
    {
        EngineProgram engine;
        prepare(engine);
        const Outcome outcome = engine.run({QStringLiteral("download"), QStringLiteral("facet/tiny")});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        const QString folder = QString::fromUtf8(outcome.out.trimmed());
        QVERIFY(folder.startsWith(engine.path(QStringLiteral("hf/hub/models--facet--tiny/snapshots/"))));
        QCOMPARE(facet::core::contentOf(folder + QStringLiteral("/model.safetensors")).size(), kWeightBytes);
        QVERIFY(!QFile::exists(folder + QStringLiteral("/pytorch_model.bin")));

        const Outcome again =
            engine.run({QStringLiteral("download"), QStringLiteral("facet/tiny"), QStringLiteral("--json")});
        QCOMPARE(again.json().value("path", std::string()), folder.toStdString());
        QCOMPARE(again.json().value("files", -1), 7);
        QCOMPARE(again.json().value("files_fetched", -1), 0);
    }

    void aListComesFirstIfWanted()
    {
        EngineProgram engine;
        prepare(engine);
        const Outcome outcome = engine.run({QStringLiteral("download"), QStringLiteral("--dry-run"),
                                            QStringLiteral("--json"), QStringLiteral("--include"),
                                            QStringLiteral("*.safetensors"), QStringLiteral("facet/tiny")});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(outcome.json().value("bytes_to_fetch", -1), kWeightBytes);
        QCOMPARE(outcome.json()["files"][0].value("path", std::string()), std::string("model.safetensors"));
        QVERIFY(!QFile::exists(engine.path(QStringLiteral("hf"))));
    }

    // Each kind of refusal has its sentence in hub_refusal_test.
    void aMistakeIsOneSentence()
    {
        EngineProgram engine;
        prepare(engine);
        const auto download = [&](const QString& id) { return engine.run({QStringLiteral("download"), id}); };
        verifyRefused(download(QStringLiteral("tiny")), 2, "is no Hugging Face id such as");
        verifyRefused(download(QStringLiteral("facet/gated")), 1, "accept its licence at");
        engine.set("HF_HUB_OFFLINE", QStringLiteral("1"));
        verifyRefused(download(QStringLiteral("facet/tiny")), 1, "HF_HUB_OFFLINE=1 forbids");
    }

    void aGatedModelIsReadWithATokenFromTheEnvironment()
    {
        EngineProgram engine;
        prepare(engine);
        engine.set("HF_TOKEN", QStringLiteral("hf_accepted"));
        const Outcome outcome = engine.run({QStringLiteral("download"), QStringLiteral("facet/gated")});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QVERIFY(!outcome.error.contains("hf_accepted"));
        for (const QJsonObject& request : m_server.requests(QStringLiteral("cdn")))
            QCOMPARE(facet::core::headerOf(request, "authorization"), QString());
    }

    void interruptingKeepsWhatIsThere()
    {
        EngineProgram engine;
        prepare(engine);
        m_server.setFaults({QJsonObject{{QStringLiteral("on"), QStringLiteral("cdn")},
                                        {QStringLiteral("file"), QStringLiteral("model.safetensors")},
                                        {QStringLiteral("do"), QStringLiteral("hold")},
                                        {QStringLiteral("at"), 100'000}}});
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.remove(QStringLiteral("HF_HUB_OFFLINE"));
        environment.insert(QStringLiteral("HF_HUB_CACHE"), engine.path(QStringLiteral("hf/hub")));
        environment.insert(QStringLiteral("HF_ENDPOINT"), m_server.endpoint());
        process.setProcessEnvironment(environment);
        process.start(QStringLiteral(FACET_ENGINE_PROGRAM),
                      {QStringLiteral("download"), QStringLiteral("facet/tiny")});
        QVERIFY(m_server.waitForHold());
        const auto arrived = [&] {
            const QDir blobs(engine.path(QStringLiteral("hf/hub/models--facet--tiny/blobs")));
            const QFileInfoList partial = blobs.entryInfoList({QStringLiteral("*.incomplete")});
            return partial.isEmpty() ? 0 : partial.front().size();
        };
        QTRY_COMPARE(arrived(), 100'000);
        QElapsedTimer timer;
        timer.start();
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(10'000));
        QVERIFY2(timer.elapsed() < 8000, qPrintable(QString::number(timer.elapsed())));
        m_server.release();
        QCOMPARE(process.exitCode(), 130);
        const QByteArray said = process.readAllStandardError();
        QVERIFY2(said.contains("the same command goes on from there"), said.constData());

        m_server.setFaults({});
        const Outcome again =
            engine.run({QStringLiteral("download"), QStringLiteral("facet/tiny"), QStringLiteral("--json")});
        QVERIFY2(again.exitCode == 0, again.error.constData());
        QCOMPARE(again.json().value("bytes_fetched", -1), kWeightBytes - 100'000);
    }
};

QTEST_GUILESS_MAIN(DownloadTest)
#include "download_test.moc"
