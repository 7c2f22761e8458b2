// Conversations as JSON.

#include "core/chat/message_json.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::core;

class MessageJsonTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void textsAndPicturesAreRead()
    {
        const auto messages = parseMessages(
            R"({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [)"
            R"({"type": "image", "path": "a.png"}, {"type": "image", "url": "b.png"}, {"type": "image", "image": "c.png"},)"
            R"({"type": "image_url", "image_url": {"url": "d.png"}}, {"type": "text", "text": "What?"}]}]})");
        QVERIFY2(messages, reason(messages));
        QCOMPARE(messages->size(), size_t{2});
        QCOMPARE(std::get<TextPart>((*messages)[0].content.at(0)).text, std::string("Be brief."));
        const std::vector<ContentPart>& parts = (*messages)[1].content;
        QCOMPARE(parts.size(), size_t{5});
        for (size_t i = 0; i < 4; ++i)
            QCOMPARE(std::get<ImagePart>(parts[i]).source,
                     std::string(1, static_cast<char>('a' + i)) + ".png");
        QCOMPARE(std::get<TextPart>(parts[4]).text, std::string("What?"));
    }

    void errorsNameTheField_data()
    {
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("field");
        QTest::newRow("no JSON") << "{"
                                 << "JSON";
        QTest::newRow("no messages") << "{}"
                                     << "\"messages\"";
        QTest::newRow("no list") << R"({"messages": 3})"
                                 << "messages is 3";
        QTest::newRow("no object") << R"({"messages": ["x"]})"
                                   << "messages[0] is \"x\"";
        QTest::newRow("no role") << R"({"messages": [{"content": "x"}]})"
                                 << "messages[0].role";
        QTest::newRow("no content") << R"({"messages": [{"role": "user"}]})"
                                    << "messages[0].content";
        QTest::newRow("content") << R"({"messages": [{"role": "user", "content": null}]})"
                                 << "messages[0].content is null";
        QTest::newRow("part") << R"({"messages": [{"role": "user", "content": [1]}]})"
                              << "messages[0].content[0] is 1";
        QTest::newRow("type") << R"({"messages": [{"role": "user", "content": [{"type": "audio"}]}]})"
                              << "messages[0].content[0].type is \"audio\"";
        QTest::newRow("text")
            << R"({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]})"
            << "messages[0].content[0].text";
        QTest::newRow("path") << R"({"messages": [{"role": "user", "content": [{"type": "image"}]}]})"
                              << "messages[0].content[0].path";
    }

    void errorsNameTheField()
    {
        QFETCH(QString, json);
        QFETCH(QString, field);
        const auto messages = parseMessages(json.toStdString());
        QVERIFY(!messages);
        QVERIFY2(messages.error().message.find(field.toStdString()) != std::string::npos, reason(messages));
    }
};

QTEST_GUILESS_MAIN(MessageJsonTest)
#include "message_json_test.moc"
