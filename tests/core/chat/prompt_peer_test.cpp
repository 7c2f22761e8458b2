// 500 random conversations against transformers with Gemma 3's real template and tokenizer.

#include "tests/core/chat/prompt_cases.h"

#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QTemporaryDir>

using namespace facet::core;

namespace {
const QString kShared = QStringLiteral(SOURCE_DIR "/../shared/data/gemma3_tokenizer");
const QString kPython = QStringLiteral(SOURCE_DIR "/.venv/bin/python");
}  // namespace

class PromptPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!QFileInfo::exists(kShared + "/tokenizer.json.xz"))
            QSKIP("no ../shared/data/gemma3_tokenizer: Gemma 3's real template is not on this machine");
        if (!QFileInfo::exists(kPython))
            QSKIP("no .venv/bin/python with transformers");
        QProcess xz;
        xz.setStandardOutputFile(m_folder.filePath("tokenizer.json"));
        xz.start("xz", {"-dc", kShared + "/tokenizer.json.xz"});
        QVERIFY(xz.waitForFinished(60'000) && xz.exitCode() == 0);
        QVERIFY(QFile::copy(kShared + "/tokenizer_config.json", m_folder.filePath("tokenizer_config.json")));
        qputenv("FACET_HOME", m_folder.filePath("home").toUtf8());
    }

    void theRealTemplateIsKnown()
    {
        const Result<ChatTemplate> real = ChatTemplate::open(m_folder.path().toStdString());
        QVERIFY2(real, reason(real));
        QVERIFY(real->kind() == ChatTemplate::Kind::Gemma3);
        QCOMPARE(real->difference(), std::string());

        // Changed in one place, it is not; written with '\n' for a newline, it is.
        QString changed = QString::fromStdString(real->source());
        const ChatTemplate other =
            ChatTemplate::fromSource(QString(changed).replace("<end_of_turn>", "<end>").toStdString());
        QVERIFY(other.kind() == ChatTemplate::Kind::Unknown);
        QVERIFY(other.difference().find("- 1 of 2 statements that close a turn") != std::string::npos);
        QVERIFY(
            ChatTemplate::fromSource(QString(changed).replace("'\n\n'", "'\\n\\n'").toStdString()).kind() ==
            ChatTemplate::Kind::Gemma3);

        // The first files had one newline after the system message.
        const ChatTemplate early = ChatTemplate::fromSource(changed.replace("'\n\n'", "'\\n'").toStdString());
        QVERIFY(early.kind() == ChatTemplate::Kind::Gemma3);
        const auto parts = early.render({{"system", {TextPart{"S"}}}, {"user", {TextPart{"U"}}}}, false);
        QVERIFY2(parts, reason(parts));
        QCOMPARE(asText(*parts), std::string("<bos><start_of_turn>user\nS\nU<end_of_turn>\n"));
    }

    void fiveHundredConversationsAreTransformers()
    {
        QProcess python;
        python.setProcessChannelMode(QProcess::ForwardedChannels);
        python.start(kPython, {QStringLiteral(SOURCE_DIR "/tests/core/chat/golden/make_prompts.py"), "500",
                               m_folder.path(), m_folder.filePath("prompts.json")});
        QVERIFY(python.waitForFinished(200'000));
        QCOMPARE(python.exitCode(), 0);
        const Result<Tokenizer> tokenizer = Tokenizer::open(m_folder.path().toStdString());
        QVERIFY2(tokenizer, reason(tokenizer));
        QCOMPARE(*tokenizer->idOf("<end_of_turn>"), 106);
        const Result<ChatTemplate> real = ChatTemplate::open(m_folder.path().toStdString());
        QVERIFY2(real, reason(real));
        comparePrompts(m_folder.filePath("prompts.json").toStdString(), *tokenizer, *real, 500);
    }

private:
    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(PromptPeerTest)
#include "prompt_peer_test.moc"
