// A thousand requests of every kind of wrongness leave `facet-engine serve` serving, with its memory as
// before.

#include "tests/app/served_engine.h"

#include <QTest>

#include <array>
#include <random>

using namespace facet::app;
using nlohmann::json;

/// Makes requests that are all wrong, or broken off, from a seed.
class Wrongness {
public:
    Wrongness(const ServedEngine& engine, unsigned seed) : m_engine(engine), m_random(seed) {}

    /// Sends one; false if it was answered as if all were well.
    bool sendOne()
    {
        switch (below(12)) {
            case 0:
                return isRefused(post("/v1/chat/completions", brokenJson()));
            case 1:
                return isRefused(post("/v1/chat/completions", wrongField(goodChat()).dump()));
            case 2:
                return isRefused(post("/v1/completions", wrongField(goodCompletion()).dump()));
            case 3:
                return isRefused(
                    post(pick({"/facet/v1/load", "/facet/v1/estimate", "/facet/v1/unload", "/v1/tokenize"}),
                         wrongField({{"model", "demo"}}).dump()));
            case 4:
                return isRefused(post("/v1/chat/completions", brokenPicture().dump()));
            case 5:
                return isRefused(post("/v1/chat/completions", badUtf8()));
            case 6:
                return isRefused(m_engine.requestText(
                    pick({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"}),
                    pick({"/", "/v1", "/v2/models", "/v1/models/none", "/../etc/passwd",
                          "/v1/chat/completions/", "/%00", "/facet/v1/", "//v1/models"}),
                    pick({"", "{}", "x"})));
            case 7:
                return isRefused(
                    "GET /v1/models HTTP/1.1\r\nHost: " +
                    pick({"evil.example", "", "127.0.0.1.nip.io", "a b", std::string(3000, 'h')}) +
                    "\r\nAuthorization: Bearer " + m_engine.token + "\r\nConnection: close\r\n\r\n");
            case 8:
                return isRefused(
                    "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: " +
                    pick({"", "Bearer", "Basic " + m_engine.token, "Bearer " + m_engine.token.substr(0, 63),
                          "Bearer " + std::string(5000, 'a')}) +
                    "\r\nConnection: close\r\n\r\n");
            case 9:
                return isRefused(noHttp());
            case 10:
                vanish(m_engine.requestText("POST", "/v1/chat/completions", goodChat().dump()));
                return true;
            default:
                return isRefused(tooMuch());
        }
    }

private:
    size_t below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(m_random); }

    std::string pick(std::initializer_list<std::string> choices)
    {
        return *(choices.begin() + below(choices.size()));
    }

    std::string noise(size_t count)
    {
        std::string bytes(count, '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(below(256));
        return bytes;
    }

    std::string post(const std::string& path, const std::string& body)
    {
        return m_engine.requestText("POST", path, body);
    }

    static json goodChat()
    {
        return {{"model", "demo"},
                {"max_tokens", 300},
                {"temperature", 50},
                {"messages", json::array({{{"role", "user"}, {"content", "Where is the star?"}}})}};
    }
    static json goodCompletion() { return {{"model", "demo"}, {"prompt", "The"}, {"max_tokens", 3}}; }

    /// A value that no field takes, except where the field is unknown anyway.
    json wrongField(json body)
    {
        static const std::vector<std::string> fields = {
            "temperature",      "top_p",          "top_k",        "min_p",      "repetition_penalty",
            "presence_penalty", "seed",           "stop",         "max_tokens", "n",
            "stream",           "stream_options", "model",        "tools",      "logprobs",
            "logit_bias",       "pan_and_scan",   "no_such_field"};
        const json values[] = {json::object({{"a", 1}}),
                               json::array({json::array()}),
                               -1e300,
                               1e300,
                               "\x7f\xc3\xa9",
                               INT64_MIN,
                               UINT64_MAX,
                               std::string(2000, 'x')};
        body[fields[below(fields.size())]] = values[below(2)];  // objects and lists of lists fit nowhere
        if (below(2) == 0)
            body["temperature"] = values[below(std::size(values))].is_number() ? json(-1) : values[4];
        return body;
    }

    std::string brokenJson()
    {
        const std::string good = goodChat().dump();
        switch (below(5)) {
            case 0:
                return good.substr(0, 1 + below(good.size() - 1));
            case 1:
                return std::string(1 + below(2000), '[');
            case 2:
                return noise(1 + below(300));
            case 3:
                return R"({"model": "demo", "model": "demo", "messages": []})";
            default:
                return pick({"", "null", "3", "\"text\"", "[]", "{\"a\": 1e99999}", "{\"model\": NaN}"});
        }
    }

    std::string badUtf8()
    {
        std::string text = goodChat().dump();
        text.replace(text.find("Where"), 5,
                     pick({"\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}));
        return text;
    }

    json brokenPicture()
    {
        static const std::string picture = [] {
            QFile file(QStringLiteral(SOURCE_DIR "/resources/demo-data/picture.png"));
            return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
        }();
        std::string bytes = picture;
        switch (below(3)) {
            case 0:
                bytes.resize(below(bytes.size() - 12));
                break;
            case 1:
                for (size_t i = 40 + below(100); i < bytes.size(); i += 1 + below(60))
                    bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
                break;
            default:
                bytes = noise(below(3000));
        }
        const std::string uri =
            below(4) == 0
                ? pick({"http://localhost/a.png", "file:///etc/passwd", "data:,x", "/dev/zero",
                        "data:image/png;base64,"})
                : "data:image/png;base64," +
                      QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())).toBase64().toStdString();
        json body = goodChat();
        body["messages"][0]["content"] = {{{"type", "image_url"}, {"image_url", {{"url", uri}}}}};
        return body;
    }

    std::string noHttp()
    {
        return pick(
            {"GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n",
             "GET /v1/models HTTP/1.1\r\nno colon\r\nConnection: close\r\n\r\n",
             "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
             "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + m_engine.token +
                 "\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
             "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + m_engine.token +
                 "\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\nConnection: close\r\n\r\nzz\r\n",
             "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + m_engine.token +
                 "\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 3\r\nConnection: "
                 "close\r\n\r\n--x",
             "\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n"});
    }

    std::string tooMuch()
    {
        json body = goodChat();
        switch (below(3)) {
            case 0:
                body["messages"][0]["content"] = std::string(40'000, 'y');
                break;
            case 1:
                body["messages"] =
                    json(std::vector<json>(300, body["messages"][0]));  // roles do not alternate
                break;
            default:
                body["stop"] = std::vector<std::string>(500, "x");
        }
        return post("/v1/chat/completions", body.dump());
    }

    /// A client that sends a part, or all, and is gone.
    void vanish(const std::string& text)
    {
        const auto socket = m_engine.connect();
        ServedEngine::write(*socket, text.substr(0, below(3) == 0 ? text.size() : below(text.size())));
        socket->abort();
    }

    bool isRefused(const std::string& text)
    {
        const HttpReply reply = m_engine.raw(text);
        const bool isFine = reply.status == 0 || reply.status >= 400;
        if (!isFine)
            qWarning("status %d for: %s", reply.status, text.substr(0, 1500).c_str());
        return isFine && reply.status != 500;
    }

    const ServedEngine& m_engine;
    std::mt19937 m_random;
};

class ServeWrongRequestsTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aThousandOfThemChangeNothing()
    {
        ServedEngine engine;
        QVERIFY(engine.start({QStringLiteral("--model"), QStringLiteral("demo"), QStringLiteral("--cache-mb"),
                              QStringLiteral("8")}));
        const json question = {
            {"model", "demo"},
            {"temperature", 0},
            {"messages", json::array({{{"role", "user"}, {"content", "Where is the star?"}}})}};
        const std::string before = engine.post("/v1/chat/completions", question).json()["choices"].dump();

        // What is kept on purpose (threads' arenas, the bounded cache of snapshots) is there after the first
        // of them.
        Wrongness warmUp(engine, 1);
        for (int i = 0; i < 300; ++i)
            QVERIFY(warmUp.sendOne());
        const int64_t bytesBefore = engine.residentBytes();

        Wrongness wrongness(engine, 2);
        for (int i = 0; i < 1000; ++i)
            QVERIFY2(wrongness.sendOne(), std::to_string(i).c_str());

        QCOMPARE(engine.process().state(), QProcess::Running);
        QVERIFY(ServedEngine::waitUntil([&] {
            const json queue = engine.get("/facet/v1/queue").json();
            return queue["running"] == 0 && queue["waiting"] == 0;
        }));
        QCOMPARE(engine.post("/v1/chat/completions", question).json()["choices"].dump(), before);
        const int64_t grown = engine.residentBytes() - bytesBefore;
        qInfo("resident memory: %.1f MB, grown by %.1f MB", double(bytesBefore) / 1e6, double(grown) / 1e6);
        QVERIFY2(grown < 12'000'000, std::to_string(grown).c_str());
    }

    void aClientThatIsSlowDisturbsNobody()
    {
        ServedEngine engine;
        QVERIFY(engine.start({QStringLiteral("--model"), QStringLiteral("demo")}));
        std::vector<std::unique_ptr<QTcpSocket>> slow;
        const std::string request =
            engine.requestText("POST", "/v1/completions", R"({"model": "demo", "prompt": "The"})");
        for (size_t i = 0; i < 40; ++i) {
            slow.push_back(engine.connect());
            ServedEngine::write(*slow.back(), request.substr(0, 5 * i));
        }
        for (int i = 0; i < 5; ++i)
            QCOMPARE(engine.raw(request).status, 200);
        // They may still finish what they began.
        ServedEngine::write(*slow.back(), request.substr(5 * 39));
        QCOMPARE(ServedEngine::readAll(*slow.back()).status, 200);
    }
};

QTEST_GUILESS_MAIN(ServeWrongRequestsTest)
#include "serve_wrong_requests_test.moc"
