// The demo model's template is known, so transformers must render it as it renders Gemma 3's.

#include "tests/core/chat/prompt_cases.h"

#include <QFileInfo>
#include <QProcess>
#include <QTemporaryDir>

using namespace facet::core;

class DemoTemplatePeerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itIsRenderedAsTransformersRendersIt()
    {
        const QString python = QStringLiteral(SOURCE_DIR "/.venv/bin/python");
        if (!QFileInfo::exists(python))
            QSKIP("no .venv/bin/python with transformers");
        const QString model = QStringLiteral(SOURCE_DIR "/resources/demo-model");
        const Result<ChatTemplate> known = ChatTemplate::open(model.toStdString());
        QVERIFY2(known, reason(known));
        QVERIFY(known->kind() == ChatTemplate::Kind::Gemma3);

        const QTemporaryDir folder;
        QProcess process;
        process.setProcessChannelMode(QProcess::ForwardedChannels);
        process.start(python, {QStringLiteral(SOURCE_DIR "/tests/core/chat/golden/make_prompts.py"), "300",
                               model, folder.filePath("prompts.json"), model});
        QVERIFY(process.waitForFinished(200'000));
        QCOMPARE(process.exitCode(), 0);
        const Result<Tokenizer> tokenizer = Tokenizer::open(model.toStdString());
        QVERIFY2(tokenizer, reason(tokenizer));
        comparePrompts(folder.filePath("prompts.json").toStdString(), *tokenizer, *known, 300);
    }
};

QTEST_GUILESS_MAIN(DemoTemplatePeerTest)
#include "demo_template_peer_test.moc"
