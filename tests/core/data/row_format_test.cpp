// The shapes of chat data as their programs' documents give them (TRL, LLaMA-Factory, LLaVA, NeMo, Alpaca).

#include "core/data/row_format.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::core;
using nlohmann::json;

namespace {

/// JSON with ' for ".
json parsed(std::string text)
{
    std::ranges::replace(text, '\'', '"');
    return json::parse(text, nullptr, false);
}

/// "user: [/r/a.png] What? | assistant: A cat", to compare.
std::string inWords(const Result<DataSample>& sample)
{
    if (!sample)
        return sample.error().message;
    std::string words = sample->text;
    for (const Message& message : sample->messages) {
        words += (words.empty() ? "" : " | ") + message.role + ":";
        for (const ContentPart& part : message.content)
            if (const auto* text = std::get_if<TextPart>(&part))
                words += " " + text->text;
            else
                words += " [" + std::get<ImagePart>(part).source + "]";
    }
    return words;
}

std::string read(const char* text)
{
    const json row = parsed(text);
    const Result<RowFormat> format = sniffRows(std::span(&row, 1));
    if (!format)
        return format.error().message;
    return std::string(nameOf(*format)) + " > " + inWords(sampleFromRow(row, *format, "/r"));
}

}  // namespace

class RowFormatTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachShapeIsKnownByItsKeys_data()
    {
        QTest::addColumn<QString>("row");
        QTest::addColumn<QString>("sample");
        const auto row = [](const char* name, const char* text, const char* sample) {
            QTest::newRow(name) << QString(text) << QString(sample);
        };
        row("messages",
            "{'messages': [{'role': 'system', 'content': 'S'}, {'role': 'user', 'content': 'Q'}, {'role': "
            "'assistant', 'content': 'A'}]}",
            "chat > system: S | user: Q | assistant: A");
        row("bare list", "[{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'A'}]",
            "chat > user: Q | assistant: A");
        row("parts with paths",
            "{'messages': [{'role': 'user', 'content': [{'type': 'image', 'image': 'a.png'}, {'type': "
            "'text', 'text': 'Q'}]}, {'role': 'assistant', 'content': 'A'}]}",
            "chat > user: [/r/a.png] Q | assistant: A");
        row("parts and images",
            "{'messages': [{'role': 'user', 'content': [{'type': 'image'}, {'type': 'text', 'text': 'Q'}, "
            "{'type': 'image'}]}, {'role': 'assistant', 'content': 'A'}], 'images': ['a.png', '/b.png']}",
            "chat > user: [/r/a.png] Q [/b.png] | assistant: A");
        row("LLaMA-Factory",
            "{'messages': [{'role': 'user', 'content': '<image>Q<image>'}, {'role': 'assistant', 'content': "
            "'A'}], 'images': ['a.png', 'b.png']}",
            "chat > user: [/r/a.png] Q [/r/b.png] | assistant: A");
        row("sharegpt",
            "{'conversations': [{'from': 'human', 'value': 'Q'}, {'from': 'gpt', 'value': 'A'}], 'system': "
            "'S'}",
            "sharegpt > system: S | user: Q | assistant: A");
        row("llava string",
            "{'id': '1', 'image': 'x/a.jpg', 'conversations': [{'from': 'human', 'value': '<image>Q'}, "
            "{'from': 'gpt', 'value': 'A'}]}",
            "llava > user: [/r/x/a.jpg] Q | assistant: A");
        row("llava list without markers",
            "{'image': ['a.jpg', 'b.jpg'], 'conversations': [{'from': 'human', 'value': 'Q'}, {'from': "
            "'gpt', 'value': 'A'}]}",
            "llava > user: [/r/a.jpg] [/r/b.jpg] Q | assistant: A");
        row("alpaca",
            "{'instruction': 'I', 'input': 'X', 'output': 'A', 'system': 'S', 'history': [['q', 'a']]}",
            "alpaca > system: S | user: q | assistant: a | user: I\n\nX | assistant: A");
        row("alpaca without input", "{'instruction': 'I', 'input': '', 'output': 'A'}",
            "alpaca > user: I | assistant: A");
        row("prompt and completion", "{'prompt': 'P', 'completion': 'C'}",
            "prompt_completion > user: P | assistant: C");
        row("prompt and completion of messages",
            "{'prompt': [{'role': 'user', 'content': 'P'}], 'completion': [{'role': 'assistant', 'content': "
            "'C'}]}",
            "prompt_completion > user: P | assistant: C");
        row("NeMo", "{'input': 'P', 'output': 'C'}", "input_output > user: P | assistant: C");
        row("text", "{'text': 'T'}", "text > T");
        row("a marker without pictures is a word", "{'prompt': 'the <image> tag', 'completion': 'C'}",
            "prompt_completion > user: the <image> tag | assistant: C");
    }
    void eachShapeIsKnownByItsKeys()
    {
        QFETCH(QString, row);
        QFETCH(QString, sample);
        QCOMPARE(QString::fromStdString(read(row.toUtf8().constData())), sample);
    }

    void whatIsWrongIsNamed()
    {
        QVERIFY(read("{'conversations': [{'from': 'human', 'value': 'Q'}, {'from': 'tool', 'value': 'A'}]}")
                    .find("conversations[1].from is \"tool\"; Gemma 3 knows human, gpt and system") !=
                std::string::npos);
        QVERIFY(read("{'conversations': [{'from': 'human', 'value': 3}]}")
                    .find("conversations[0].value is 3; a text is needed") != std::string::npos);
        QVERIFY(read("{'messages': [{'role': 'user', 'content': 5}]}").find("messages[0].content is 5") !=
                std::string::npos);
        QVERIFY(read("{'messages': [{'role': 'user', 'content': 'Q'}]}").find("nothing to learn") !=
                std::string::npos);
        QVERIFY(read("{'messages': [{'role': 'user', 'content': 'Q'}, {'role': 'tool', 'content': 'A'}]}")
                    .find("message 2 has the role \"tool\"; Gemma 3 knows") != std::string::npos);
        QVERIFY(read("{'instruction': 'I'}").find("output is missing; a text is needed") !=
                std::string::npos);
        QVERIFY(read("{'image': ['a', 'b'], 'conversations': [{'from': 'human', 'value': '<image>'}, "
                     "{'from': 'gpt', 'value': 'A'}]}")
                    .find("2 pictures and 1 times") != std::string::npos);
        QVERIFY(read("{'messages': [{'role': 'user', 'content': [{'type': 'image'}]}, {'role': 'assistant', "
                     "'content': 'A'}]}")
                    .find("more parts of type \"image\" than its 0 pictures") != std::string::npos);
        QVERIFY(read("{'prompt': 'P', 'chosen': 'A', 'rejected': 'B'}").find("preferences") !=
                std::string::npos);
        QVERIFY(read("{'question': 'P', 'answer': 'A'}")
                    .find("a row has the keys \"answer\", \"question\"; known are messages") !=
                std::string::npos);
        QVERIFY(read("3").find("a row has 3") != std::string::npos);
    }

    void rowsOfTwoKindsAreRefusedButLlavasTextRowsAreNot()
    {
        const std::vector<json> mixed = {parsed("{'text': 'a'}"),
                                         parsed("{'prompt': 'a', 'completion': 'b'}")};
        QVERIFY(sniffRows(mixed).error().message.find("two kinds, text and prompt_completion") !=
                std::string::npos);
        const std::vector<json> llava = {parsed("{'conversations': []}"),
                                         parsed("{'image': 'a', 'conversations': []}"),
                                         parsed("{'conversations': []}")};
        QVERIFY(*sniffRows(llava) == RowFormat::Llava);
    }
};

QTEST_GUILESS_MAIN(RowFormatTest)
#include "row_format_test.moc"
