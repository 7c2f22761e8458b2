// Streams as https://html.spec.whatwg.org/multipage/server-sent-events.html has them, and data URIs.

#include "core/api/server_sent_events.h"
#include "core/api/data_uri.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::core;
using namespace facet::core::api;

using Events = std::vector<std::string>;

static Events eventsOf(std::string_view bytes, size_t step)
{
    ServerSentEvents parser;
    Events events;
    for (size_t i = 0; i < bytes.size(); i += step) {
        const Result<Events> some = parser.push(bytes.substr(i, step));
        if (!some)
            return {"refused"};
        events.insert(events.end(), some->begin(), some->end());
    }
    return events;
}

class ServerSentEventsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eventsComeOutWholeHoweverTheBytesArrive()
    {
        // The examples of the specification's section 9.2.6.
        const std::string stream =
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
            "data: YHOO\r\ndata: +2\r\ndata: 10\r\n\r\ndata\n\ndata\ndata\n\nevent: x\n\ndata: "
            "[DONE]\r\rdata: unfinished\n";
        const Events expected = {"first event", "second event", " third event", "YHOO\n+2\n10", "",
                                 "\n",          "[DONE]"};
        for (size_t step = 1; step <= stream.size(); ++step)
            QVERIFY2(eventsOf(stream, step) == expected, std::to_string(step).c_str());
    }

    void whatIsWrittenIsRead()
    {
        const std::string stream = serverSentEvent(R"({"text": "a: b"})") + serverSentEvent(kStreamEnd);
        QVERIFY((eventsOf(stream, 3) == Events{R"({"text": "a: b"})", "[DONE]"}));
    }

    void anEndlessEventIsGivenUp()
    {
        ServerSentEvents parser;
        const std::string piece(size_t{1} << 20, 'x');
        bool isRefused = false;
        for (int i = 0; i < 70 && !isRefused; ++i)
            isRefused = !parser.push(piece);
        QVERIFY(isRefused);
    }

    void dataUrisAreBase64_data()
    {
        // RFC 4648, section 10.
        QTest::addColumn<std::string>("bytes");
        QTest::addColumn<std::string>("letters");
        QTest::newRow("0") << std::string() << std::string();
        QTest::newRow("1") << std::string("f") << std::string("Zg==");
        QTest::newRow("2") << std::string("fo") << std::string("Zm8=");
        QTest::newRow("3") << std::string("foo") << std::string("Zm9v");
        QTest::newRow("4") << std::string("foob") << std::string("Zm9vYg==");
        QTest::newRow("6") << std::string("foobar") << std::string("Zm9vYmFy");
    }

    void dataUrisAreBase64()
    {
        QFETCH(const std::string, bytes);
        QFETCH(const std::string, letters);
        QCOMPARE(dataUri("image/png", bytes), "data:image/png;base64," + letters);
        const Result<std::string> read = bytesOfDataUri("data:image/png;base64," + letters);
        QVERIFY2(read, reason(read));
        QCOMPARE(*read, bytes);
    }

    void damagedDataUrisAreRefused()
    {
        for (const char* uri : {"data:", "data:image/png,xyz", "http://x/a.png", "data:image/png;base64,Zg=a",
                                "data:image/png;base64,Z", "data:image/png;base64,Zm 9v"})
            QVERIFY2(!bytesOfDataUri(uri), uri);
    }
};

QTEST_GUILESS_MAIN(ServerSentEventsTest)
#include "server_sent_events_test.moc"
