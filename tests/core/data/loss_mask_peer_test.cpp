// The mask against transformers' return_assistant_tokens_mask. Gemma 3's template has no {% generation %}
// markers, so the peer renders the same text by a template that has them, and makes sure that its ids are the
// same.

#include "core/base/file.h"
#include "core/chat/message_json.h"
#include "core/data/loss_mask.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>

#include <nlohmann/json.hpp>

using namespace facet::core;

namespace {

const char* const kPeer =
    "import json, random, sys\n"
    "from transformers import AutoTokenizer\n"
    "folder, template_file = sys.argv[1:3]\n"
    "tokenizer = AutoTokenizer.from_pretrained(folder)\n"
    "plain = tokenizer.chat_template or json.load(open(template_file))['chat_template']\n"
    "marked = ('{{ bos_token }}{% set prefix = messages[0].content + \"\\n\\n\" if messages[0].role == "
    "\"system\" else \"\" %}'\n"
    "  '{% set turns = messages[1:] if prefix else messages %}'\n"
    "  '{% for m in turns %}{% set role = \"model\" if m.role == \"assistant\" else m.role %}'\n"
    "  '{{ \"<start_of_turn>\" + role + \"\\n\" + (prefix if loop.first else \"\") }}'\n"
    "  '{% if role == \"model\" %}{% generation %}{{ m.content | trim }}{{ \"<end_of_turn>\" }}{% "
    "endgeneration %}{{ \"\\n\" }}'\n"
    "  '{% else %}{{ m.content | trim }}{{ \"<end_of_turn>\\n\" }}{% endif %}{% endfor %}')\n"
    "rng = random.Random(11)\n"
    "words = ['the', ' cat', '\\n', '\\n\\n', ' ', 'Ünï', '猫', '1234', '!', '```c\\nint x;\\n```', '\\t', "
    "\"it's\", 'model', '🙂']\n"
    "def text():\n"
    "    return ''.join(rng.choice(words) for _ in range(rng.randint(0, 12)))\n"
    "cases = []\n"
    "while len(cases) < 300:\n"
    "    messages = [{'role': 'system', 'content': text() or 'x'}] if rng.random() < .3 else []\n"
    "    for _ in range(rng.randint(1, 4)):\n"
    "        messages += [{'role': 'user', 'content': text()}, {'role': 'assistant', 'content': text()}]\n"
    "    if any('  ' in m['content'] for m in messages):\n"
    "        continue\n"
    "    got = tokenizer.apply_chat_template(messages, chat_template=marked, tokenize=True, "
    "return_dict=True, return_assistant_tokens_mask=True)\n"
    "    ids = tokenizer.apply_chat_template(messages, chat_template=plain, tokenize=True, "
    "return_dict=True)['input_ids']\n"
    "    assert ids == got['input_ids'], messages\n"
    "    cases.append({'messages': messages, 'ids': ids, 'mask': got['assistant_masks']})\n"
    "print(json.dumps(cases))\n";

}  // namespace

class LossMaskPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void transformersMasksTheSameTokens_data()
    {
        QTest::addColumn<bool>("isReal");
        QTest::newRow("demo model") << false;
        QTest::newRow("Gemma 3") << true;
    }
    void transformersMasksTheSameTokens()
    {
        QFETCH(bool, isReal);
        const QString shared = QStringLiteral(SOURCE_DIR "/../shared/data/gemma3_tokenizer");
        const QString demo = QStringLiteral(SOURCE_DIR "/resources/demo-model");
        if (!hasPythonPackages("transformers"))
            QSKIP("no .venv/bin/python with transformers");
        QTemporaryDir folder;
        qputenv("FACET_HOME", folder.filePath("home").toUtf8());
        QString model = demo;
        if (isReal) {
            if (!QFileInfo::exists(shared + "/tokenizer.json.xz"))
                QSKIP("no ../shared/data/gemma3_tokenizer: Gemma 3's real tokenizer is not on this machine");
            QProcess xz;
            xz.setStandardOutputFile(folder.filePath("tokenizer.json"));
            xz.start("xz", {"-dc", shared + "/tokenizer.json.xz"});
            QVERIFY(xz.waitForFinished(60'000) && xz.exitCode() == 0);
            QVERIFY(QFile::copy(shared + "/tokenizer_config.json", folder.filePath("tokenizer_config.json")));
            model = folder.path();
        }
        const QByteArray output = runPython(QString::fromUtf8(kPeer), {model, demo + "/chat_template.json"});
        const nlohmann::json cases = nlohmann::json::parse(output.toStdString(), nullptr, false);
        QCOMPARE(cases.size(), size_t{300});
        const Result<Tokenizer> tokenizer = Tokenizer::open(model.toStdString());
        QVERIFY2(tokenizer, reason(tokenizer));
        const Result<ChatTemplate> chatTemplate = ChatTemplate::open(model.toStdString());
        QVERIFY2(chatTemplate, reason(chatTemplate));
        for (const nlohmann::json& each : cases) {
            const Result<std::vector<Message>> messages = messagesFromJson(each["messages"]);
            QVERIFY2(messages, reason(messages));
            const Result<TokenizedSample> sample =
                tokenizeSample({*messages, {}}, *tokenizer, *chatTemplate, {});
            QVERIFY2(sample, reason(sample));
            QVERIFY2(sample->ids == each["ids"].get<std::vector<int64_t>>(), each["messages"].dump().c_str());
            QVERIFY2(sample->inLoss == each["mask"].get<std::vector<uint8_t>>(),
                     each["messages"].dump().c_str());
        }
    }
};

QTEST_GUILESS_MAIN(LossMaskPeerTest)
#include "loss_mask_peer_test.moc"
