// What a client sees of `facet-engine serve`, with the demo model: answers, streams, reuse, refusals.

#include "tests/app/served_engine.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

#include <set>

using namespace facet::app;
using nlohmann::json;

static const QString kPicture = QStringLiteral(SOURCE_DIR "/resources/demo-data/picture.png");

static json userSays(const json& content)
{
    return {{"role", "user"}, {"content", content}};
}

/// A list. Braces would do, if they did not mean so many things to the JSON library.
template <typename... Message>
static json turns(const Message&... message)
{
    json list = json::array();
    (list.push_back(message), ...);
    return list;
}

static json chat(const json& messages, const json& more = json::object())
{
    json body = {{"model", "demo"}, {"messages", messages}, {"temperature", 0}};
    body.update(more);
    return body;
}

static std::string textOf(const HttpReply& reply)
{
    const json answer = reply.json();
    return reply.status == 200 ? answer["choices"][0]["message"]["content"].get<std::string>()
                               : "status " + std::to_string(reply.status) + ": " + reply.body;
}

static std::string pictureAsDataUri()
{
    QFile file(kPicture);
    return file.open(QIODevice::ReadOnly) ? "data:image/png;base64," + file.readAll().toBase64().toStdString()
                                          : "";
}

static json picturePart(const std::string& url)
{
    return {{"type", "image_url"}, {"image_url", {{"url", url}}}};
}

/// A model of 137 GB, all zeros, that takes no room: its one file has a hole for the weights.
static bool writeHugeModel(const QString& folder)
{
    constexpr int64_t kHidden = 16384, kVocab = 4'194'304;
    const json config = {{"model_type", "gemma3_text"},
                         {"hidden_size", kHidden},
                         {"intermediate_size", 64},
                         {"num_hidden_layers", 1},
                         {"num_attention_heads", 1},
                         {"num_key_value_heads", 1},
                         {"head_dim", 64},
                         {"vocab_size", kVocab},
                         {"query_pre_attn_scalar", 64},
                         {"sliding_window", 64},
                         {"max_position_embeddings", 512}};
    const std::vector<std::pair<std::string, std::vector<int64_t>>> shapes = {
        {"model.embed_tokens.weight", {kVocab, kHidden}},
        {"model.norm.weight", {kHidden}},
        {"model.layers.0.input_layernorm.weight", {kHidden}},
        {"model.layers.0.post_attention_layernorm.weight", {kHidden}},
        {"model.layers.0.pre_feedforward_layernorm.weight", {kHidden}},
        {"model.layers.0.post_feedforward_layernorm.weight", {kHidden}},
        {"model.layers.0.self_attn.q_proj.weight", {64, kHidden}},
        {"model.layers.0.self_attn.k_proj.weight", {64, kHidden}},
        {"model.layers.0.self_attn.v_proj.weight", {64, kHidden}},
        {"model.layers.0.self_attn.o_proj.weight", {kHidden, 64}},
        {"model.layers.0.self_attn.q_norm.weight", {64}},
        {"model.layers.0.self_attn.k_norm.weight", {64}},
        {"model.layers.0.mlp.gate_proj.weight", {64, kHidden}},
        {"model.layers.0.mlp.up_proj.weight", {64, kHidden}},
        {"model.layers.0.mlp.down_proj.weight", {kHidden, 64}}};
    json header;
    int64_t end = 0;
    for (const auto& [name, shape] : shapes) {
        const int64_t begin = end;
        end += 2 * (shape.size() == 2 ? shape[0] * shape[1] : shape[0]);
        header[name] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {begin, end}}};
    }
    const std::string text = header.dump();
    const auto length = static_cast<uint64_t>(text.size());
    QFile weights(folder + "/model.safetensors"), settings(folder + "/config.json");
    if (!QDir().mkpath(folder) || !weights.open(QIODevice::WriteOnly) || !settings.open(QIODevice::WriteOnly))
        return false;
    settings.write(QByteArray::fromStdString(config.dump()));
    weights.write(QByteArray(reinterpret_cast<const char*>(&length), sizeof length) +
                  QByteArray::fromStdString(text));
    return weights.resize(qint64(sizeof length) + qint64(text.size()) + end);
}

static json textPart(const std::string& text)
{
    return {{"type", "text"}, {"text", text}};
}

class ServeTest final : public QObject {
    Q_OBJECT

    ServedEngine m_engine;

    /// Sends a request as it stands, without the usual headers.
    int statusOf(const std::string& text) { return m_engine.raw(text).status; }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_engine.start({QStringLiteral("--model"), QStringLiteral("demo"),
                                QStringLiteral("--allow-files"), QStringLiteral(SOURCE_DIR "/resources")}));
        const json line = json::parse(m_engine.firstLine);
        QVERIFY(line["port"].get<int>() > 0);
        QCOMPARE(line["token"].get<std::string>().size(), size_t{64});
        QVERIFY(line["version"].is_string());
    }

    void onlyWhoHasTheTokenGetsIn()
    {
        const std::string host = "Host: localhost\r\n", end = "Connection: close\r\n\r\n";
        const std::string get = "GET /v1/models HTTP/1.1\r\n", bearer = "Authorization: Bearer ";
        QCOMPARE(statusOf(get + host + bearer + m_engine.token + "\r\n" + end), 200);
        QCOMPARE(statusOf(get + host + end), 401);
        QCOMPARE(statusOf(get + host + bearer + "x\r\n" + end), 401);
        QCOMPARE(statusOf(get + host + bearer + m_engine.token.substr(1) + "\r\n" + end), 401);
        QCOMPARE(statusOf(get + host + bearer + m_engine.token + "x\r\n" + end), 401);
        QCOMPARE(statusOf(get + host + bearer + "\r\n" + end), 401);
        // A web page's own domain that points here, and one that lies in front of a name of ours.
        for (const char* name :
             {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""})
            QCOMPARE(statusOf(get + "Host: " + name + "\r\n" + bearer + m_engine.token + "\r\n" + end), 403);
        QCOMPARE(statusOf(get + bearer + m_engine.token + "\r\n" + end), 403);
        for (const char* name : {"LOCALHOST:1", "127.0.0.1:80", "[::1]:80"})
            QCOMPARE(statusOf(get + "Host: " + name + "\r\n" + bearer + m_engine.token + "\r\n" + end), 200);
    }

    void aWebPageGetsNoLeave()
    {
        const HttpReply preflight = m_engine.raw(
            "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: "
            "https://evil.example\r\nAccess-Control-Request-Method: POST\r\n"
            "Connection: close\r\n\r\n");
        QCOMPARE(preflight.status, 401);
        const HttpReply reply = m_engine.get("/v1/models");
        for (const HttpReply& any : {preflight, reply})
            QVERIFY(any.headers.find("Access-Control") == std::string::npos);
    }

    void whatIsNotThereIsSaid()
    {
        QCOMPARE(m_engine.get("/v1/nothing").status, 404);
        QCOMPARE(m_engine.get("/").status, 404);
        QCOMPARE(m_engine.get("/v1/models/nobody").status, 404);
        QCOMPARE(m_engine.get("/v1/models/demo").json()["id"].get<std::string>(), std::string("demo"));
        const HttpReply wrongMethod = m_engine.get("/v1/chat/completions");
        QCOMPARE(wrongMethod.status, 405);
        QVERIFY(wrongMethod.headers.find("Allow: POST") != std::string::npos);
        const HttpReply unknown =
            m_engine.post("/v1/chat/completions", {{"model", "x"}, {"messages", json::array()}});
        QCOMPARE(unknown.status, 404);
        QCOMPARE(unknown.errorParam(), std::string("model"));
        QCOMPARE(unknown.json()["error"]["code"].get<std::string>(), std::string("model_not_found"));
        QVERIFY(unknown.errorMessage().find("\"x\"") != std::string::npos);
    }

    void wrongRequestsNameTheirField()
    {
        const json hi = turns(userSays("Hi"));
        const auto paramOf = [&](const json& body, int status = 400) {
            const HttpReply reply = m_engine.post("/v1/chat/completions", body);
            return reply.status == status && !reply.errorMessage().empty()
                       ? reply.errorParam()
                       : "status " + std::to_string(reply.status) + ": " + reply.body;
        };
        QCOMPARE(paramOf(chat(hi, {{"temperature", "hot"}})), std::string("temperature"));
        QCOMPARE(paramOf(chat(hi, {{"foo", 1}})), std::string("foo"));
        QCOMPARE(paramOf(chat(turns(userSays(turns(json{{"type", "audio"}}))))),
                 std::string("messages[0].content[0].type"));
        QCOMPARE(paramOf(chat(turns(userSays("a"), userSays("b")))), std::string("messages"));
        QCOMPARE(paramOf(chat(turns(json{{"role", "wizard"}, {"content", "a"}}))), std::string("messages"));
        QCOMPARE(paramOf(chat(json::array())), std::string("messages"));
        QCOMPARE(paramOf(json::array()), std::string());
        const HttpReply broken =
            m_engine.raw(m_engine.requestText("POST", "/v1/completions", "{\"model\": "));
        QCOMPARE(broken.status, 400);
        QVERIFY(broken.errorMessage().find("not valid JSON") != std::string::npos);
    }

    void tooLongIsRefusedWithTheNumbers()
    {
        std::string text;
        for (int i = 0; i < 3000; ++i)
            text += "star ";
        const HttpReply reply = m_engine.post("/v1/chat/completions", chat(turns(userSays(text))));
        QCOMPARE(reply.status, 400);
        QCOMPARE(reply.json()["error"]["code"].get<std::string>(), std::string("context_length_exceeded"));
        const HttpReply tokens =
            m_engine.post("/v1/tokenize", {{"model", "demo"}, {"messages", turns(userSays(text))}});
        QCOMPARE(tokens.json()["max_model_len"].get<int>(), 2048);  // of its config.json
        QVERIFY(reply.errorMessage().find(std::to_string(tokens.json()["count"].get<int>())) !=
                std::string::npos);
        QVERIFY(reply.errorMessage().find("2048") != std::string::npos);
    }

    void aStreamAddsUpToTheWholeAnswer()
    {
        const json messages =
            turns(userSays(turns(picturePart(pictureAsDataUri()), textPart("What colour is the star?"))));
        const HttpReply whole = m_engine.post("/v1/chat/completions", chat(messages));
        QVERIFY2(whole.status == 200, whole.body.c_str());
        const json usage = whole.json()["usage"];
        QCOMPARE(usage["prompt_tokens_details"]["image_tokens"].get<int>(), 36);  // mm_tokens_per_image
        QCOMPARE(whole.json()["choices"][0]["finish_reason"].get<std::string>(), std::string("stop"));
        QVERIFY(whole.json()["facet"]["time_to_first_token"].get<double>() > 0);

        const HttpReply stream =
            m_engine.post("/v1/chat/completions",
                          chat(messages, {{"stream", true}, {"stream_options", {{"include_usage", true}}}}));
        QVERIFY(stream.headers.find("text/event-stream") != std::string::npos);
        QCOMPARE(streamedText(stream.body), textOf(whole));
        const std::vector<std::string> events = eventsOf(stream.body);
        QCOMPARE(events.back(), std::string("[DONE]"));
        const json last = json::parse(events.at(events.size() - 2));
        QVERIFY(last["choices"].empty() && last.contains("facet"));
        QCOMPARE(last["usage"]["prompt_tokens"].get<int>(), usage["prompt_tokens"].get<int>());
        QCOMPARE(last["usage"]["completion_tokens"].get<int>(), usage["completion_tokens"].get<int>());
        // The same once more needs no computing at all.
        QCOMPARE(last["usage"]["prompt_tokens_details"]["cached_tokens"].get<int>(),
                 usage["prompt_tokens"].get<int>());
    }

    void picturesComeFromTheRequestOrFromAllowedFolders()
    {
        const auto ask = [&](const std::string& url) {
            return m_engine.post(
                "/v1/chat/completions",
                chat(turns(userSays(turns(picturePart(url), textPart("How many shapes are there?"))))));
        };
        const std::string expected = textOf(ask(pictureAsDataUri()));
        QCOMPARE(textOf(ask(kPicture.toStdString())), expected);
        QCOMPARE(textOf(ask("file://" + kPicture.toStdString())), expected);
        QCOMPARE(textOf(ask("file://localhost" + kPicture.toStdString())), expected);

        QTemporaryDir folder;
        QVERIFY(QFile::link(kPicture, folder.filePath(QStringLiteral("inside.png"))));
        QCOMPARE(textOf(ask(folder.filePath(QStringLiteral("inside.png")).toStdString())),
                 expected);  // leads inside
        for (const std::string& wrong :
             {std::string(SOURCE_DIR "/tests/demo_model/heldout/colour-00a.png"), std::string("/etc/passwd"),
              std::string(SOURCE_DIR "/resources/../tests/demo_model/heldout/colour-00a.png"),
              std::string("https://example.com/a.png"), std::string("picture.png"),
              std::string("file:///proc/self/mem"), std::string(SOURCE_DIR "/resources/demo-data/none.png"),
              std::string(SOURCE_DIR "/resources/demo-data"), std::string("data:image/png;base64,AAAA"),
              std::string("data:image/png;base64,@"), pictureAsDataUri().substr(0, 900), std::string()}) {
            const HttpReply reply = ask(wrong);
            QVERIFY2(reply.status == 400, (wrong + ": " + reply.body).c_str());
            QCOMPARE(reply.errorParam(), std::string("messages"));
        }
    }

    void aConversationIsReusedTurnByTurn()
    {
        m_engine.raw(m_engine.requestText("DELETE", "/facet/v1/cache", ""));
        QCOMPARE(m_engine.get("/facet/v1/cache").json()["snapshots"].get<int>(), 0);
        json messages =
            turns(userSays(turns(picturePart(pictureAsDataUri()), textPart("What colour is the star?"))));
        const auto cachedOf = [](const HttpReply& reply) {
            return reply.json()["usage"]["prompt_tokens_details"]["cached_tokens"].get<int>();
        };
        const HttpReply first = m_engine.post("/v1/chat/completions", chat(messages));
        QCOMPARE(cachedOf(first), 0);
        const int afterFirst = first.json()["usage"]["prompt_tokens"].get<int>() +
                               first.json()["usage"]["completion_tokens"].get<int>();
        messages.push_back({{"role", "assistant"}, {"content", textOf(first)}});
        messages.push_back(userSays("How many shapes are there?"));
        const HttpReply second = m_engine.post("/v1/chat/completions", chat(messages));
        QCOMPARE(cachedOf(second), afterFirst);
        messages[2] = userSays("Where is the star?");
        const HttpReply edited = m_engine.post("/v1/chat/completions", chat(messages));
        QVERIFY(cachedOf(edited) >= afterFirst);
        QVERIFY(m_engine.get("/facet/v1/cache").json()["bytes"].get<int64_t>() > 0);

        m_engine.raw(m_engine.requestText("DELETE", "/facet/v1/cache", ""));
        const HttpReply cold = m_engine.post("/v1/chat/completions", chat(messages));
        QCOMPARE(cachedOf(cold), 0);
        QCOMPARE(textOf(cold), textOf(edited));
    }

    void severalAnswersAndTheirSeeds()
    {
        const auto textsOf = [&](int seed) {
            const json answer = m_engine
                                    .post("/v1/completions", {{"model", "demo"},
                                                              {"prompt", "The star"},
                                                              {"temperature", 2},
                                                              {"n", 3},
                                                              {"seed", seed},
                                                              {"max_tokens", 12}})
                                    .json();
            std::vector<std::string> texts;
            for (const json& choice : answer["choices"])
                texts.push_back(choice["text"]);
            return texts;
        };
        const std::vector<std::string> texts = textsOf(5);
        QCOMPARE(texts.size(), size_t{3});
        QVERIFY(std::set<std::string>(texts.begin(), texts.end()).size() > 1);
        QVERIFY(textsOf(5) == texts);
        QVERIFY(textsOf(6) != texts);
    }

    void twoClientsGetWhatEachGetsAlone()
    {
        // At this temperature words are drawn nearly evenly, so an answer goes on for hundreds of tokens.
        const auto body = [](const char* prompt, int seed) {
            return json{{"model", "demo"}, {"prompt", prompt}, {"temperature", 50},
                        {"seed", seed},    {"stream", true},   {"max_tokens", 400},
                        {"n", 4}};
        };
        const std::string first = m_engine.requestText("POST", "/v1/completions", body("The star", 1).dump());
        const std::string second = m_engine.requestText("POST", "/v1/completions", body("A ring", 2).dump());
        const HttpReply firstAlone = m_engine.raw(first), secondAlone = m_engine.raw(second);

        const auto one = m_engine.connect(), two = m_engine.connect();
        ServedEngine::write(*one, first);
        QVERIFY(one->waitForReadyRead(30'000));
        ServedEngine::write(*two, second);
        QVERIFY(two->waitForReadyRead(30'000));
        one->waitForReadyRead(0);
        QVERIFY2(!one->peek(1 << 24).contains("[DONE]"),
                 "the first answer had ended before the second began");
        const HttpReply oneTogether = ServedEngine::readAll(*one), twoTogether = ServedEngine::readAll(*two);
        for (int choice = 0; choice < 4; ++choice) {
            QVERIFY(!streamedText(firstAlone.body, choice).empty());
            QCOMPARE(streamedText(oneTogether.body, choice).c_str(),
                     streamedText(firstAlone.body, choice).c_str());
            QCOMPARE(streamedText(twoTogether.body, choice).c_str(),
                     streamedText(secondAlone.body, choice).c_str());
        }
    }

    void aClientThatGoesAwayFreesItsSlots()
    {
        for (const bool stream : {true, false}) {
            const auto socket = m_engine.connect();
            ServedEngine::write(*socket, m_engine.requestText("POST", "/v1/completions",
                                                              json{{"model", "demo"},
                                                                   {"prompt", "The"},
                                                                   {"temperature", 100},
                                                                   {"seed", 3},
                                                                   {"n", 8},
                                                                   {"max_tokens", 2000},
                                                                   {"stream", stream}}
                                                                  .dump()));
            const auto running = [&] { return m_engine.get("/facet/v1/queue").json()["running"].get<int>(); };
            QVERIFY(ServedEngine::waitUntil([&] { return running() > 0; }));
            QElapsedTimer timer;
            timer.start();
            socket->abort();
            QVERIFY(ServedEngine::waitUntil([&] { return running() == 0; }));
            QVERIFY2(timer.elapsed() < 2000, std::to_string(timer.elapsed()).c_str());
        }
    }

    void aModelThatDoesNotFitIsRefusedWithTheNumbersAndOthersGoOn()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath("huge");
        if (!writeHugeModel(path))
            QSKIP("this file system has no files with holes");
        const json asked = {{"model", path.toStdString()}, {"device", "cpu"}, {"weights", "bfloat16"}};
        const json estimate = m_engine.post("/facet/v1/estimate", asked).json();
        QVERIFY2(!estimate["fits"].get<bool>(), estimate.dump().c_str());
        QVERIFY(estimate["bytes"]["weights"].get<int64_t>() > 137'000'000'000);
        QVERIFY2(estimate["advice"].get<std::string>().find("138.0 GB") != std::string::npos,
                 estimate.dump().c_str());

        const HttpReply refused = m_engine.post("/facet/v1/load", asked);
        QCOMPARE(refused.status, 503);
        QVERIFY2(refused.json()["error"]["message"].get<std::string>().find("138.0 GB") != std::string::npos,
                 refused.body.c_str());
        QCOMPARE(m_engine.get("/facet/v1/models").json()["models"].size(), size_t{1});
        QCOMPARE(m_engine.post("/v1/chat/completions", chat(turns(userSays("Hello")))).status, 200);
    }

    void whatTheEngineIsAndHasIsTold()
    {
        QCOMPARE(m_engine.get("/facet/v1/version").json()["api"].get<int>(), 1);
        QCOMPARE(m_engine.get("/facet/v1/devices").json()["devices"][0]["id"].get<std::string>(),
                 std::string("cpu"));
        const json model = m_engine.get("/facet/v1/models").json()["models"][0];
        QCOMPARE(model["id"].get<std::string>(), std::string("demo"));
        QCOMPARE(model["state"].get<std::string>(), std::string("ready"));
        QCOMPARE(model["progress"].get<double>(), 1.0);
        QCOMPARE(model["mode"].get<std::string>(), std::string("chat"));
        QCOMPARE(model["template"].get<std::string>(), std::string("gemma3"));
        QVERIFY(model["vision"].get<bool>());
        const json estimate =
            m_engine.post("/facet/v1/estimate", {{"model", "demo"}, {"device", "cpu"}}).json();
        QVERIFY(estimate["fits"].get<bool>());
        QVERIFY(estimate["bytes"]["total"].get<int64_t>() > 4'000'000);
        QCOMPARE(m_engine.post("/facet/v1/estimate", {{"model", "no-such-model"}}).status, 404);
        QCOMPARE(m_engine.post("/facet/v1/estimate", {{"model", "demo"}, {"weights", "int2"}}).errorParam(),
                 std::string("weights"));
        const auto bf16OnCpu =
            m_engine.post("/facet/v1/load", {{"model", "demo"}, {"device", "cpu"}, {"dtype", "bfloat16"}});
        QCOMPARE(bf16OnCpu.status, 400);
        QVERIFY(bf16OnCpu.json()["error"]["message"].get<std::string>().find("float32 only") !=
                std::string::npos);
        QCOMPARE(m_engine.post("/facet/v1/load", {{"model", "demo"}, {"device", "cuda:77"}}).status, 503);
        QCOMPARE(m_engine.post("/facet/v1/load", {{"model", "demo"}}).status, 400);  // it is there already
        QCOMPARE(m_engine.post("/facet/v1/unload", {{"model", "nobody"}}).status, 404);
    }
};

QTEST_GUILESS_MAIN(ServeTest)
#include "serve_test.moc"
