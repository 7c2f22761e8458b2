// --adapter as a user gives it, with adapters that peft made for the demo model: score beside peft itself,
// and serve, where every client gets what it would get alone.

#include "tests/app/engine_program.h"
#include "tests/app/run_peer.h"
#include "tests/app/served_engine.h"

#include <QDir>

using namespace facet;
using namespace facet::app;
using nlohmann::json;

namespace {

const QStringList kSets = {QStringLiteral("plain:1"), QStringLiteral("dora:1"), QStringLiteral("rslora:-1.5"),
                           QStringLiteral("plain:0.5+dora:1+rslora:2"), QStringLiteral("dora:0.25")};

/// [{"id": "plain", "scale": 0.5}, ...] for "plain:0.5+...".
json usesOf(const QString& set)
{
    json uses = json::array();
    for (const QString& part : set.split('+'))
        uses.push_back(
            {{"id", part.section(':', 0, 0).toStdString()}, {"scale", part.section(':', 1).toDouble()}});
    return uses;
}

json chat(const json& adapters)
{
    const std::string picture = SOURCE_DIR "/resources/demo-data/picture.png";
    json message = {{"role", "user"}, {"content", json::array()}};
    message["content"].push_back({{"type", "image_url"}, {"image_url", {{"url", picture}}}});
    message["content"].push_back({{"type", "text"}, {"text", "What is in this picture?"}});
    json body = {{"model", "demo"},
                 {"temperature", 0},
                 {"max_tokens", 24},
                 {"logprobs", true},
                 {"messages", json::array()}};
    body["messages"].push_back(std::move(message));
    if (!adapters.is_null())
        body["adapters"] = adapters;
    return body;
}

/// Of an answer: all that its adapters change.
double largestDifference(const HttpReply& a, const HttpReply& b)
{
    const json first = a.json(), second = b.json();
    if (a.status != 200 || b.status != 200 ||
        first["choices"][0]["message"] != second["choices"][0]["message"])
        return 1e9;
    double largest = 0;
    const json &one = first["choices"][0]["logprobs"]["content"],
               &other = second["choices"][0]["logprobs"]["content"];
    for (size_t i = 0; i < one.size(); ++i)
        largest =
            std::max(largest, std::abs(one[i]["logprob"].get<double>() - other[i]["logprob"].get<double>()));
    return one.empty() || one.size() != other.size() ? 1e9 : largest;
}

int64_t numCached(const HttpReply& reply)
{
    return reply.json()["usage"]["prompt_tokens_details"]["cached_tokens"].get<int64_t>();
}

}  // namespace

class AdapterPeerTest final : public QObject {
    Q_OBJECT

    const EngineProgram m_program;

    QString adapter(const QString& name) const { return m_program.path("peers/" + name); }

    QStringList argumentsOf(const QString& set) const
    {
        QStringList arguments;
        for (const QString& part : set.split('+'))
            arguments << "--adapter" << adapter(part);
        return arguments;
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("peft, transformers"))
            QSKIP("no peft or transformers in .venv: ./dev setup --tests");
        // A picture, and text behind it.
        QFile all(QStringLiteral(SOURCE_DIR "/tests/demo_model/heldout.jsonl"));
        QFile some(m_program.path("input.jsonl"));
        QVERIFY(all.open(QIODevice::ReadOnly) && some.open(QIODevice::WriteOnly));
        QVERIFY(
            QFile::link(QStringLiteral(SOURCE_DIR "/tests/demo_model/heldout"), m_program.path("heldout")));
        for (int i = 0; i < 2; ++i)
            some.write(all.readLine());
        some.write(R"({"messages": [{"role": "user", "content": "What is 12 plus 30?"}]})");
        some.close();
        QVERIFY(
            runPeer("hf_adapters.py", QStringList{QStringLiteral(SOURCE_DIR "/resources/demo-model"),
                                                  m_program.path("input.jsonl"), m_program.path("peers")} +
                                          kSets));
    }

    void scoreGivesThePeersLogits_data()
    {
        QTest::addColumn<QString>("set");
        for (const QString& set : kSets)
            QTest::addRow("%s", qPrintable(set)) << set;
    }
    void scoreGivesThePeersLogits()
    {
        QFETCH(const QString, set);
        const QString ours = m_program.path(set + ".ours.safetensors");
        const Outcome scored = m_program.run(QStringList{"score", "-m", "demo", "--device", "cpu", "--input",
                                                         m_program.path("input.jsonl"), "--out", ours} +
                                             argumentsOf(set));
        QVERIFY2(scored.exitCode == 0, scored.error.constData());
        QVERIFY(runPeer("compare_logits.py", {adapter(set + ".safetensors"), ours, "--max-abs", "2e-3"}));
    }

    void anAdapterThatIsExportedIsTheSame_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"plain", "dora"})
            QTest::addRow("%s", name) << QString::fromLatin1(name);
    }
    void anAdapterThatIsExportedIsTheSame()
    {
        QFETCH(const QString, name);
        const QString again = m_program.path(name + "-again");
        const Outcome written =
            m_program.run({"export", "demo", "--format", "peft", "--adapter", adapter(name), "--out", again});
        QVERIFY2(written.exitCode == 0, written.error.constData());
        const QString ours = m_program.path(name + ".again.safetensors");
        const Outcome scored = m_program.run({"score", "-m", "demo", "--device", "cpu", "--input",
                                              m_program.path("input.jsonl"), "--out", ours, "-a", again});
        QVERIFY2(scored.exitCode == 0, scored.error.constData());
        QVERIFY(runPeer("compare_logits.py", {adapter(name + ":1.safetensors"), ours, "--max-abs", "2e-3"}));
        verifyRefused(
            m_program.run({"export", "demo", "--format", "peft", "--adapter",
                           QStringLiteral(SOURCE_DIR "/tests/engine/train/golden/vision_lora/adapter"),
                           "--out", m_program.path("other")}),
            2, "which has another shape in demo");
    }

    void generateTakesAdaptersAndSaysWhatIsWrongWithThem()
    {
        const QStringList ask = {
            "generate",      "-m", "demo",         "--device", "cpu", "-p", "What is 12 plus 30?",
            "--temperature", "0",  "--max-tokens", "24"};
        const Outcome plain = m_program.run(ask);
        const Outcome off = m_program.run(ask + argumentsOf("rslora:0"));
        const Outcome on = m_program.run(ask + argumentsOf("rslora:-1.5"));
        QVERIFY2(plain.exitCode == 0 && off.exitCode == 0 && on.exitCode == 0, on.error.constData());
        QCOMPARE(off.out, plain.out);
        QVERIFY(on.out != plain.out);

        const Outcome none = m_program.run(ask + QStringList{"--adapter", m_program.path("nothing")});
        QCOMPARE(none.exitCode, 1);
        QVERIFY2(none.error.contains("adapter_config.json"), none.error.constData());
        const QString other = QStringLiteral(SOURCE_DIR "/tests/engine/train/golden/vision_lora/adapter");
        verifyRefused(m_program.run(ask + QStringList{"--adapter", other}), 2, "another shape");
    }

    void everyClientGetsWhatItGetsAlone()
    {
        ServedEngine engine;
        QVERIFY(engine.start({"--model", "demo", "--device", "cpu", "--allow-files",
                              QStringLiteral(SOURCE_DIR "/resources/demo-data"), "--adapter",
                              adapter("plain") + ":0.5"}));
        for (const char* name : {"dora", "rslora"}) {
            const HttpReply loaded =
                engine.post("/facet/v1/adapters/load", {{"path", adapter(name).toStdString()}});
            QVERIFY2(loaded.status == 200, loaded.body.c_str());
            QCOMPARE(loaded.json()["id"].get<std::string>(), std::string(name));
        }
        const json list = engine.get("/facet/v1/adapters").json()["data"];
        QCOMPARE(list.size(), size_t(3));
        QCOMPARE(list[0]["id"].get<std::string>(), std::string("plain"));
        QCOMPARE(list[0]["path"].get<std::string>(), adapter("plain").toStdString());
        QCOMPARE(list[0]["rank"].get<int>(), 4);
        QVERIFY(list[0]["base"].get<std::string>().ends_with("demo-model"));

        std::vector<json> sets = {json::array(), json()};  // the bare base, and what --adapter says
        for (const QString& set : kSets)
            sets.push_back(usesOf(set));
        std::vector<HttpReply> alone;
        for (const json& set : sets) {
            alone.push_back(engine.post("/v1/chat/completions", chat(set)));
            QVERIFY2(alone.back().status == 200, alone.back().body.c_str());
            QCOMPARE(numCached(alone.back()), int64_t{0});  // another set's snapshot is of no use
        }
        for (size_t i = 1; i < alone.size(); ++i)
            QVERIFY(largestDifference(alone[i], alone[0]) > 1e-3);
        const HttpReply half = engine.post("/v1/chat/completions", chat(usesOf("plain:0.5")));
        QVERIFY(largestDifference(half, alone[1]) < 1e-4);

        for (const bool fromSnapshots : {false, true}) {
            if (!fromSnapshots)
                QCOMPARE(engine.raw(engine.requestText("DELETE", "/facet/v1/cache", "")).status, 200);
            std::vector<std::unique_ptr<QTcpSocket>> clients;
            for (const json& set : sets) {
                clients.push_back(engine.connect());
                ServedEngine::write(*clients.back(),
                                    engine.requestText("POST", "/v1/chat/completions", chat(set).dump()));
            }
            for (size_t i = 0; i < clients.size(); ++i) {
                const HttpReply reply = ServedEngine::readAll(*clients[i]);
                QVERIFY2(reply.status == 200, reply.body.c_str());
                const double difference = largestDifference(reply, alone[i]);
                QVERIFY2(difference < 1e-4, (std::to_string(i) + ": " + std::to_string(difference)).c_str());
                if (fromSnapshots)
                    QVERIFY(numCached(reply) > 0);
            }
        }
    }

    void wrongAdaptersAreRefusedInWords()
    {
        ServedEngine engine;
        QVERIFY(engine.start({"--model", "demo", "--device", "cpu"}));
        const auto refused = [&](const char* path, const json& body, int status, const char* words) {
            const HttpReply reply = engine.post(path, body);
            QVERIFY2(reply.status == status, reply.body.c_str());
            QVERIFY2(reply.errorMessage().find(words) != std::string::npos, reply.body.c_str());
        };
        constexpr const char* kLoad = "/facet/v1/adapters/load";
        constexpr const char* kUnload = "/facet/v1/adapters/unload";
        const std::string dora = adapter("dora").toStdString();
        refused(kLoad, json::object(), 400, "path is missing");
        refused(kLoad, {{"path", dora}, {"name", "x"}}, 400, "is a field that is not supported");
        refused(kLoad, {{"path", m_program.path("nothing").toStdString()}}, 404, "adapter_config.json");
        refused(kLoad, {{"path", SOURCE_DIR "/tests/engine/train/golden/vision_lora/adapter"}}, 400,
                "another shape");
        QCOMPARE(engine.get("/facet/v1/adapters").json()["data"].size(), size_t(0));
        refused(kUnload, {{"id", "x"}}, 404, "no adapter \"x\" to unload");

        QCOMPARE(engine.post(kLoad, {{"path", dora}, {"id", "x"}}).status, 200);
        refused(kLoad, {{"path", dora}, {"id", "x"}}, 400, "already");
        constexpr const char* kChat = "/v1/chat/completions";
        refused(kChat, chat("x"), 400, "adapters is \"x\", not a list");
        refused(kChat, chat(usesOf("y:1")), 400, "no adapter \"y\"");
        refused(kChat, chat(usesOf("x:1+x:2")), 400, "twice");
        refused(kChat, chat(usesOf("x:1000")), 400, "scale");
        QCOMPARE(engine.post(kUnload, {{"id", "x"}}).status, 200);
        refused(kChat, chat(usesOf("x:1")), 400, "no adapter \"x\"");
    }
};

QTEST_GUILESS_MAIN(AdapterPeerTest)
#include "adapter_peer_test.moc"
