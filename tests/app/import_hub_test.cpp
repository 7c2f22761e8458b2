// facet-engine import with an id: downloaded if the cache lacks it, and then a model like any other.

#include "tests/app/engine_program.h"
#include "tests/core/hub/hub_server.h"
#include "tests/support/check.h"

using namespace facet::app;
using facet::core::HubServer;

class ImportHubTest : public QObject {
    Q_OBJECT

    HubServer m_server;

    static EngineProgram& prepared(EngineProgram& engine, const QString& endpoint)
    {
        for (const char* variable : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN_PATH"})
            engine.unset(variable);
        engine.set("HF_ENDPOINT", endpoint);
        return engine;
    }

private Q_SLOTS:
    void initTestCase()
    {
        const auto folder = [](const char* path) {
            return QJsonObject{
                {QStringLiteral("folder"), QStringLiteral(SOURCE_DIR) + QString::fromLatin1(path)}};
        };
        if (!m_server.start(
                {{QStringLiteral("facet/a-demo"), folder("/resources/demo-model")},
                 {QStringLiteral("facet/vision"), folder("/tests/engine/golden/vision_generate")}}))
            QSKIP("the test's hub did not start: python3 is missing");
    }

    void init() { m_server.setFaults({}); }

    void anIdIsDownloadedImportedAndAnswers()
    {
        EngineProgram engine;
        prepared(engine, m_server.endpoint());
        Outcome outcome =
            engine.run({QStringLiteral("import"), QStringLiteral("facet/a-demo"), QStringLiteral("--json")});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(outcome.json().value("hf_id", std::string()), std::string("facet/a-demo"));
        QCOMPARE(outcome.json().value("name", std::string()), std::string("a-demo"));
        outcome = engine.run({QStringLiteral("generate"), QStringLiteral("-m"), QStringLiteral("a-demo"),
                              QStringLiteral("-p"), QStringLiteral("Hello"), QStringLiteral("--max-tokens"),
                              QStringLiteral("3"), QStringLiteral("--json")});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QVERIFY(outcome.json().value("completion_tokens", 0) > 0);

        // Once it is there, nobody is asked.
        m_server.setFaults({});
        QCOMPARE(engine.run({QStringLiteral("import"), QStringLiteral("facet/a-demo")}).exitCode, 0);
        QVERIFY(m_server.log().isEmpty());
    }

    void anInterruptedDownloadIsFinishedFirst()
    {
        EngineProgram engine;
        prepared(engine, m_server.endpoint());
        const Outcome some = engine.run({QStringLiteral("download"), QStringLiteral("facet/vision"),
                                         QStringLiteral("--include"), QStringLiteral("*.json")});
        QVERIFY2(some.exitCode == 0, some.error.constData());
        const Outcome outcome = engine.run({QStringLiteral("import"), QStringLiteral("facet/vision"),
                                            QStringLiteral("--text-only"), QStringLiteral("--json")});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(outcome.json().value("text_only", false), true);
        QCOMPARE(outcome.json().value("name", std::string()), std::string("vision-text"));
    }

    void aMistakeIsOneSentence()
    {
        EngineProgram engine;
        prepared(engine, m_server.endpoint());
        verifyRefused(engine.run({QStringLiteral("import"), QStringLiteral("facet/nothing")}), 1,
                      "there is no public model facet/nothing");
        verifyRefused(engine.run({QStringLiteral("import"), engine.path(QStringLiteral("x")),
                                  QStringLiteral("--revision"), QStringLiteral("main")}),
                      2, "--revision belongs to a Hugging Face id");
        engine.set("HF_HUB_OFFLINE", QStringLiteral("1"));
        verifyRefused(engine.run({QStringLiteral("import"), QStringLiteral("facet/a-demo")}), 1,
                      "forbids asking the hub");
    }
};

QTEST_GUILESS_MAIN(ImportHubTest)
#include "import_hub_test.moc"
