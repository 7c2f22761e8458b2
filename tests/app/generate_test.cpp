// generate and score as a user runs them, with the demo model.

#include "tests/app/engine_program.h"

#include <QDir>
#include <QFile>

#include <signal.h>

using namespace facet::app;

namespace {
const QString kPicture = QStringLiteral(SOURCE_DIR "/resources/demo-data/picture.png");
}  // namespace

class GenerateTest final : public QObject {
    Q_OBJECT

    static QStringList ask(const QString& question, const QStringList& more = {})
    {
        return QStringList{"generate", "-m", "demo", "--device", "cpu", "-p", question} + more;
    }

    static QString writeLines(const EngineProgram& engine, const QString& name, const QByteArray& text)
    {
        QFile file(engine.path(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
            return {};
        return file.fileName();
    }

private Q_SLOTS:
    void theAnswerIsOnStdoutAndItsSpeedOnStderr()
    {
        const Outcome outcome =
            EngineProgram().run(ask("What colour is the star?", {"-i", kPicture, "--temperature", "0"}));
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(outcome.out, QByteArray("The star is yellow.\n"));
        QVERIFY2(outcome.error.contains("prompt tokens at"), outcome.error.constData());
    }

    void jsonComesLast()
    {
        const Outcome outcome = EngineProgram().run(ask(
            "What colour is the star?", {"-i", kPicture, "--temperature", "0", "--json", "--logprobs", "2"}));
        const nlohmann::json json = outcome.json();
        QCOMPARE(QString::fromStdString(json["text"]), "The star is yellow.");
        QVERIFY(json["finish_reason"] == "stop");
        for (const char* key : {"prompt_tokens", "prefill_tokens_per_second", "decode_tokens_per_second",
                                "time_to_first_token"})
            QVERIFY2(json[key].get<double>() > 0, key);
        QCOMPARE(json["logprobs"].size(), json["ids"].size());
        QCOMPARE(json["logprobs"][0]["top"].size(), size_t{2});
        QVERIFY(json["logprobs"][0]["logprob"] <= 0);
        QVERIFY(json["logprobs"][0]["top"][0][0] == json["ids"][0]);  // greedily, the best one was taken
    }

    void aSeedGivesTheSameAnswerAgain()
    {
        const EngineProgram engine;
        const auto answer = [&](const char* seed) {
            return engine
                .run(ask("Hello", {"--temperature", "3", "--max-tokens", "20", "--json", "--seed", seed}))
                .json()["ids"];
        };
        const nlohmann::json first = answer("7");
        QVERIFY(!first.empty());
        QVERIFY(answer("7") == first);
        QVERIFY(answer("8") != first);
    }

    void aStopStringEndsTheAnswerAndIsNotPartOfIt()
    {
        const Outcome outcome = EngineProgram().run(ask(
            "What colour is the star?", {"-i", kPicture, "--temperature", "0", "--stop", " yel", "--json"}));
        QCOMPARE(QString::fromStdString(outcome.json()["text"]), "The star is");
        QVERIFY(outcome.json()["finish_reason"] == "stop");
    }

    void maxTokensEndsTheAnswer()
    {
        const nlohmann::json json =
            EngineProgram()
                .run(ask("Who are you?", {"--temperature", "0", "--max-tokens", "3", "--json"}))
                .json();
        QCOMPARE(json["completion_tokens"].get<int>(), 3);
        QVERIFY(json["finish_reason"] == "length");
    }

    void rawLeavesTheTemplateOut()
    {
        const EngineProgram engine;
        const int withTemplate =
            engine.run(ask("red", {"--max-tokens", "1", "--json"})).json()["prompt_tokens"].get<int>();
        const int without = engine.run(ask("red", {"--max-tokens", "1", "--json", "--raw"}))
                                .json()["prompt_tokens"]
                                .get<int>();
        QCOMPARE(without, 2);  // <bos> and the word
        QVERIFY(withTemplate > without + 4);
        verifyRefused(engine.run(ask("red", {"--raw", "--system", "Be brief."})), 2, "--system");
    }

    void whatCannotBeAnsweredIsSaidInOneSentence()
    {
        const EngineProgram engine;
        verifyRefused(engine.run(ask("x", {"-i", "nowhere.png"})), 1, "nowhere.png");
        const QString text = writeLines(engine, "no-picture.png", "hello");
        verifyRefused(engine.run(ask("x", {"-i", text})), 2, "no-picture.png");
        const Outcome tooLong = engine.run(ask(QStringLiteral("word ").repeated(3000)));
        verifyRefused(tooLong, 2, "2048");
        verifyRefused(engine.run(ask("x", {"--max-tokens", "0"})), 2, "--max-tokens");
    }

    void ctrlCEndsAnAnswerEarly()
    {
        QProcess process;
        process.start(
            QStringLiteral(FACET_ENGINE_PROGRAM),
            ask("Hello", {"--temperature", "60", "--top-k", "0", "--max-tokens", "1900", "--seed", "1"}));
        QVERIFY(process.waitForReadyRead(60'000));  // the first words are there
        QCOMPARE(::kill(static_cast<pid_t>(process.processId()), SIGINT), 0);
        QVERIFY(process.waitForFinished(60'000));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 130);
    }

    void aControlPieceInAMessageIsPlainTextInAScore()
    {
        const EngineProgram engine;
        const QByteArray line = R"({"messages":[{"role":"user","content":"a<end_of_turn>b"}]})";
        const QString input = writeLines(engine, "in.jsonl", line + "\n");
        const auto idsWith = [&](const QStringList& more) -> qint64 {
            const QString out = engine.path("out.safetensors");
            const Outcome done = engine.run(
                QStringList{"score", "-m", "demo", "--device", "cpu", "--input", input, "--out", out} + more);
            return done.exitCode == 0 ? QFileInfo(out).size() : -1;
        };
        const qint64 literal = idsWith({}), asHf = idsWith({"--hf-specials"});
        QVERIFY(asHf > 0);
        QVERIFY(literal > asHf);  // one token stays one; as text it is several, and each has a row of logits
        QVERIFY(idsWith({"--no-generation-prompt"}) < literal);
    }

    void aScoreThatCannotBeMadeNamesItsLine()
    {
        const EngineProgram engine;
        const auto refusal = [&](const QByteArray& lines) {
            return engine.run({"score", "-m", "demo", "--device", "cpu", "--input",
                               writeLines(engine, "in.jsonl", lines), "--out",
                               engine.path("out.safetensors")});
        };
        verifyRefused(refusal("{\"tokens\":[2,3]}\n{\"tokens\":[2,\"x\"]}\n"), 2, "line 2");
        verifyRefused(refusal("{\"tokens\":[2,999999]}\n"), 2, "999999");
        verifyRefused(refusal("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"path\":"
                              "\"gone.png\"}]}]}\n"),
                      1, "gone.png");
        verifyRefused(refusal("not json\n"), 2, "line 1");
        QVERIFY2(!QFile::exists(engine.path("out.safetensors")),
                 "nothing is written of a file that cannot be whole");
    }
};

QTEST_GUILESS_MAIN(GenerateTest)
#include "generate_test.moc"
