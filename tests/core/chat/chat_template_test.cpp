// Reading and rendering of chat templates. That the renderings are transformers' is tested in prompt_test;
// that the real template is recognised, in prompt_peer_test.

#include "core/chat/chat_template.h"
#include "core/base/file.h"
#include "core/chat/template_statements.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

namespace {

Message say(const char* role, const char* text)
{
    return {role, {TextPart{text}}};
}

}  // namespace

class ChatTemplateTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theJinjaFileComesFirstThenJsonThenTheTokenizersConfig()
    {
        const QTemporaryDir folder;
        const std::filesystem::path path = folder.path().toStdString();
        QVERIFY(open(path)->kind() == ChatTemplate::Kind::None);
        QVERIFY(writeFileAtomically(path / "tokenizer_config.json", R"({"chat_template": "{{ c }}"})"));
        QCOMPARE(open(path)->source(), std::string("{{ c }}"));
        QVERIFY(writeFileAtomically(
            path / "tokenizer_config.json",
            R"({"chat_template": [{"name": "tools", "template": "{{ t }}"}, {"name": "default", "template": "{{ d }}"}]})"));
        QCOMPARE(open(path)->source(), std::string("{{ d }}"));
        QVERIFY(writeFileAtomically(path / "chat_template.json", R"({"chat_template": "{{ b }}"})"));
        QCOMPARE(open(path)->source(), std::string("{{ b }}"));
        QVERIFY(writeFileAtomically(path / "chat_template.jinja", "{{ a }}"));
        QCOMPARE(open(path)->source(), std::string("{{ a }}"));
    }

    void malformedFilesEndInASentence()
    {
        const QTemporaryDir folder;
        const std::filesystem::path path = folder.path().toStdString();
        for (const char* json :
             {"{", "[]", R"({"chat_template": 3})", R"({"chat_template": [3]})",
              R"({"chat_template": [{"name": "a", "template": ""}, {"name": "b", "template": ""}]})"}) {
            QVERIFY(writeFileAtomically(path / "tokenizer_config.json", json));
            const Result<ChatTemplate> result = open(path);
            QVERIFY2(!result, json);
            QVERIFY(result.error().message.find("tokenizer_config.json") != std::string::npos);
        }
    }

    void anUnknownTemplateIsSaidToBeSo()
    {
        const ChatTemplate unknown = ChatTemplate::fromSource(
            "{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' }}{% endfor %}");
        QVERIFY(unknown.kind() == ChatTemplate::Kind::Unknown);
        QVERIFY(unknown.difference().find("+ {{ '<|im_start|>' }}") != std::string::npos);
        QVERIFY(unknown.difference().find("- 1 of 1 statements that open a turn") != std::string::npos);
        QVERIFY(unknown.difference().find("<bos>") == std::string::npos);  // that one it has
        QVERIFY(!unknown.render({say("user", "hi")}, true));
        const auto forced = unknown.render({say("user", "hi")}, true, true);
        QVERIFY2(forced, reason(forced));
        QCOMPARE(asText(*forced),
                 std::string("<bos><start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n"));
    }

    void spacesInStatementsDoNotMatterButThoseInQuotesDo()
    {
        const auto hash = [](std::string_view text) { return statementsOf(text).at(0).hash; };
        QCOMPARE(hash("{{ 'a b' + x }}"), hash("{{'a b'\n+x}}"));
        QCOMPARE(hash("{{ 'a\\n' }}"), hash("{{ \"a\n\" }}"));
        QVERIFY(hash("{{ 'a b' }}") != hash("{{ 'ab' }}"));
        QVERIFY(hash("{{ '\\n\\n' }}") != hash("{{ '\\n' }}"));
        QCOMPARE(statementsOf("{{ '}}' }} text {# {{ #}{% if x %}").size(), size_t{4});
        for (const char* broken : {"{", "{{", "{{ '", "{{ '\\", "{%}", "{#"})
            statementsOf(broken);
    }

    void rolesMustAlternate_data()
    {
        QTest::addColumn<QStringList>("roles");
        QTest::addColumn<QString>("complaint");
        QTest::newRow("two users") << QStringList{"user", "user"} << "message 2 has the role \"user\"";
        QTest::newRow("assistant first")
            << QStringList{"system", "assistant"} << "message 2 has the role \"assistant\"";
        QTest::newRow("late system") << QStringList{"user", "system"} << "message 2 has the role \"system\"";
        QTest::newRow("unknown") << QStringList{"user", "tool"} << "message 2 has the role \"tool\"";
        QTest::newRow("none") << QStringList{} << "no message";
        QTest::newRow("system only") << QStringList{"system"} << "no message";
    }

    void rolesMustAlternate()
    {
        QFETCH(QStringList, roles);
        QFETCH(QString, complaint);
        std::vector<Message> messages;
        for (const QString& role : roles)
            messages.push_back({role.toStdString(), {TextPart{"x"}}});
        const auto parts = ChatTemplate::fromSource("x").render(messages, false, true);
        QVERIFY(!parts);
        QVERIFY2(parts.error().message.find(complaint.toStdString()) != std::string::npos, reason(parts));
    }

    void aBaseModelHasNoTurns()
    {
        const auto parts = ChatTemplate().render({say("user", "x")}, true, true);
        QVERIFY(!parts);
        QVERIFY(parts.error().message.find("base model") != std::string::npos);
    }

private:
    static Result<ChatTemplate> open(const std::filesystem::path& folder)
    {
        return ChatTemplate::open(folder);
    }
};

QTEST_GUILESS_MAIN(ChatTemplateTest)
#include "chat_template_test.moc"
