// How `facet-engine serve` begins and ends, and models within it.

#include "tests/app/served_engine.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

using namespace facet::app;
using nlohmann::json;

static const QStringList kDemo = {QStringLiteral("--model"), QStringLiteral("demo")};

/// Goes on for long: at this temperature words are drawn nearly evenly.
static json longRequest(int n, bool stream)
{
    return {{"model", "demo"}, {"prompt", "The"},    {"temperature", 100}, {"seed", 3},
            {"n", n},          {"max_tokens", 2000}, {"stream", stream}};
}

/// The demo model's files under another name, without those named.
static bool makeModel(const QString& folder, const QStringList& without = {})
{
    const QDir demo(QStringLiteral(SOURCE_DIR "/resources/demo-model"));
    bool isMade = QDir().mkpath(folder);
    for (const QString& name : demo.entryList(QDir::Files))
        if (!without.contains(name))
            isMade = isMade && QFile::link(demo.filePath(name), folder + QLatin1Char('/') + name);
    return isMade;
}

class ServeLifetimeTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void termEndsAnswersWithinFiveSeconds()
    {
        ServedEngine engine;
        QVERIFY(engine.start(kDemo));
        const auto stream = engine.connect(), whole = engine.connect(), idle = engine.connect();
        ServedEngine::write(*stream,
                            engine.requestText("POST", "/v1/completions", longRequest(8, true).dump()));
        ServedEngine::write(*whole,
                            engine.requestText("POST", "/v1/completions", longRequest(16, false).dump()));
        QVERIFY(stream->waitForReadyRead(30'000));
        const auto [milliseconds, code] = engine.terminate();
        QVERIFY2(milliseconds >= 0 && milliseconds < 5000, std::to_string(milliseconds).c_str());
        QCOMPARE(code, 0);
        // Each client was told: its answer, or that there will be none.
        const std::string last = eventsOf(ServedEngine::readAll(*stream).body).back();
        QVERIFY2(last == "[DONE]" || last.find("\"error\"") != std::string::npos, last.c_str());
        const int status = ServedEngine::readAll(*whole).status;
        QVERIFY2(status == 200 || status == 503, std::to_string(status).c_str());
    }

    void anIdleEngineLeavesAtOnce()
    {
        ServedEngine engine;
        QVERIFY(engine.start({}));
        const auto idle = engine.connect();
        const auto [milliseconds, code] = engine.terminate(SIGINT);
        QVERIFY2(milliseconds >= 0 && milliseconds < 2000, std::to_string(milliseconds).c_str());
        QCOMPARE(code, 0);
    }

    void itEndsWhenItsParentsEndOfStdinCloses()
    {
        ServedEngine engine;
        QVERIFY(engine.start(kDemo + QStringList{QStringLiteral("--parent-stdin")}));
        QCOMPARE(engine.get("/v1/models").status, 200);
        engine.process().closeWriteChannel();
        QVERIFY(engine.process().waitForFinished(5000));
        QCOMPARE(engine.process().exitCode(), 0);
    }

    void aTokenOfOnesOwnIsNotPrinted()
    {
        ServedEngine engine;
        QVERIFY(engine.start({}, "my own secret"));
        QVERIFY(engine.firstLine.find("secret") == std::string::npos);
        QVERIFY(!json::parse(engine.firstLine).contains("token"));
        QCOMPARE(engine.get("/v1/models").status, 200);
    }

    void otherMachinesAreLetInOnlyWhenThatIsSaid()
    {
        QProcess engine;
        engine.start(QStringLiteral(FACET_ENGINE_PROGRAM),
                     {QStringLiteral("serve"), QStringLiteral("--host"), QStringLiteral("0.0.0.0")});
        QVERIFY(engine.waitForFinished(60'000));
        QCOMPARE(engine.exitCode(), 2);
        QVERIFY(engine.readAllStandardOutput().isEmpty());
        QVERIFY(engine.readAllStandardError().contains("--allow-remote"));
    }

    void aModelThatIsNotThereIsSaidBeforeAnythingStarts()
    {
        QProcess engine;
        engine.start(QStringLiteral(FACET_ENGINE_PROGRAM),
                     {QStringLiteral("serve"), QStringLiteral("--model"), QStringLiteral("no-such-model")});
        QVERIFY(engine.waitForFinished(60'000));
        QCOMPARE(engine.exitCode(), 1);
        QVERIFY(engine.readAllStandardOutput().isEmpty());
        QVERIFY(engine.readAllStandardError().contains("no-such-model"));
    }

    void tooManyWaitingAreRefused()
    {
        ServedEngine engine;
        QVERIFY(engine.start(kDemo + QStringList{QStringLiteral("--slots"), QStringLiteral("1"),
                                                 QStringLiteral("--max-waiting"), QStringLiteral("7")}));
        const auto first = engine.connect();
        ServedEngine::write(*first,
                            engine.requestText("POST", "/v1/completions", longRequest(8, true).dump()));
        QVERIFY(ServedEngine::waitUntil(
            [&] { return engine.get("/facet/v1/queue").json()["running"].get<int>() == 1; }));
        const json queue = engine.get("/facet/v1/queue").json();
        QCOMPARE(queue["slots"].get<int>(), 1);
        QVERIFY(queue["waiting"].get<int>() >= 1);
        const HttpReply refused = engine.post("/v1/completions", longRequest(8, false));
        QCOMPARE(refused.status, 429);
        QVERIFY(!refused.errorMessage().empty());
        first->abort();
        QVERIFY(ServedEngine::waitUntil([&] {
            const json now = engine.get("/facet/v1/queue").json();
            return now["running"] == 0 && now["waiting"] == 0;
        }));
        QCOMPARE(engine.post("/v1/completions", {{"model", "demo"}, {"prompt", "The"}}).status, 200);
    }

    void modelsComeAndGoWhileOthersAnswer()
    {
        QTemporaryDir folder;
        const QString second = folder.filePath(QStringLiteral("second")),
                      base = folder.filePath(QStringLiteral("base"));
        QVERIFY(makeModel(second));
        QVERIFY(
            makeModel(base, {QStringLiteral("chat_template.json"), QStringLiteral("tokenizer_config.json")}));
        ServedEngine engine;
        QVERIFY(engine.start(kDemo));
        const auto stream = engine.connect();
        ServedEngine::write(*stream,
                            engine.requestText("POST", "/v1/completions", longRequest(8, true).dump()));
        QVERIFY(stream->waitForReadyRead(30'000));

        for (const QString& path : {second, base}) {
            const HttpReply accepted =
                engine.post("/facet/v1/load", {{"model", path.toStdString()}, {"context", 512}});
            QVERIFY2(accepted.status == 202, accepted.body.c_str());
            QVERIFY(engine.waitUntilReady(accepted.json()["id"]));
        }
        stream->waitForReadyRead(0);
        QVERIFY2(!stream->peek(1 << 26).contains("[DONE]"),
                 "the answer had ended before the models were there");
        QCOMPARE(engine.get("/v1/models").json()["data"].size(), size_t{3});

        const json hi = json::array({{{"role", "user"}, {"content", "How many shapes are there?"}}});
        const HttpReply chat = engine.post("/v1/chat/completions", {{"model", "second"}, {"messages", hi}});
        QVERIFY2(chat.status == 200, chat.body.c_str());
        const HttpReply refused = engine.post("/v1/chat/completions", {{"model", "base"}, {"messages", hi}});
        QCOMPARE(refused.status, 400);
        QVERIFY(refused.errorMessage().find("/v1/completions") != std::string::npos);
        QCOMPARE(engine.post("/v1/completions", {{"model", "base"}, {"prompt", "The"}}).status, 200);

        // A model that is unloaded ends its own answers, in words.
        const HttpReply gone = engine.post("/facet/v1/unload", {{"model", "demo"}});
        QCOMPARE(gone.status, 200);
        const std::string last = eventsOf(ServedEngine::readAll(*stream).body).back();
        QVERIFY2(last.find("unloaded") != std::string::npos, last.c_str());
        const HttpReply unloaded = engine.post("/v1/completions", {{"model", "demo"}, {"prompt", "The"}});
        QCOMPARE(unloaded.status, 404);
        QVERIFY(unloaded.errorMessage().find("/facet/v1/load") != std::string::npos);
        QCOMPARE(engine.post("/v1/completions", {{"model", "second"}, {"prompt", "The"}}).status, 200);

        const HttpReply again = engine.post("/facet/v1/load", {{"model", "demo"}});
        QVERIFY2(again.status == 202, again.body.c_str());
        QVERIFY(engine.waitUntilReady("demo"));
    }

    void aBrokenModelFailsInWordsAndTheEngineGoesOn()
    {
        QTemporaryDir folder;
        const QString broken = folder.filePath(QStringLiteral("broken"));
        QVERIFY(makeModel(broken, {QStringLiteral("tokenizer.model"), QStringLiteral("tokenizer.json")}));
        ServedEngine engine;
        QVERIFY(engine.start({}));
        const HttpReply accepted = engine.post("/facet/v1/load", {{"model", broken.toStdString()}});
        QVERIFY2(accepted.status == 202, accepted.body.c_str());
        json model;
        QVERIFY(ServedEngine::waitUntil([&] {
            model = engine.get("/facet/v1/models").json()["models"][0];
            return model["state"] == "failed";
        }));
        QVERIFY(model["error"].get<std::string>().find("tokenizer") != std::string::npos);
        QCOMPARE(engine.post("/v1/completions", {{"model", "broken"}, {"prompt", "The"}}).status, 503);
        QCOMPARE(engine.post("/facet/v1/unload", {{"model", "broken"}}).status, 200);
        QVERIFY(engine.get("/facet/v1/models").json()["models"].empty());
    }
};

QTEST_GUILESS_MAIN(ServeLifetimeTest)
#include "serve_lifetime_test.moc"
