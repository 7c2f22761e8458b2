// A model goes to GGUF and back with facet-engine, and is used as it lies there.

#include "core/models/model_folder.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"

#include <QDir>
#include <QFile>

#include <algorithm>

using namespace facet;
using namespace facet::app;

namespace {

const QString kDemo = QStringLiteral(SOURCE_DIR "/resources/demo-model");
const QString kPicture = QStringLiteral(SOURCE_DIR "/tests/demo_model/heldout/");

}  // namespace

class GgufTest final : public QObject {
    Q_OBJECT

    EngineProgram m_engine;

    QString made(const QString& type) const { return m_engine.path("demo-" + type + ".gguf"); }

    /// What a model answers to a question about a picture.
    QByteArray answer(const QString& model) const
    {
        const QString picture =
            kPicture + QDir(kPicture).entryList({QStringLiteral("*.png"), QStringLiteral("*.jpg")}).first();
        const Outcome said =
            m_engine.run({"generate", "-m", model, "--device", "cpu", "--image", picture, "--prompt",
                          "What is in the picture?", "--temperature", "0", "--max-tokens", "24"});
        return said.exitCode == 0 ? said.out : "failed: " + said.error;
    }

private Q_SLOTS:
    void initTestCase()
    {
        for (const char* type : {"bf16", "q8_0"}) {
            const Outcome written =
                m_engine.run({"export", "demo", "--format", "gguf", "--type", type, "--out", made(type)});
            QVERIFY2(written.exitCode == 0, written.error.constData());
            QVERIFY2(written.error.contains("mmproj-demo-"), written.error.constData());
        }
    }

    void itIsInspectedLikeAnyModel()
    {
        const Outcome seen = m_engine.run({"inspect", made("bf16"), "--json"});
        QVERIFY2(seen.exitCode == 0, seen.error.constData());
        const nlohmann::json file = seen.json(), folder = m_engine.run({"inspect", "demo", "--json"}).json();
        QVERIFY(file["name"] == "demo-bf16");
        for (const char* same : {"parameters", "shape", "parts", "stop_ids", "tokenizer", "chat_template"})
            QVERIFY2(file[same] == folder[same], (file[same].dump() + "\n" + folder[same].dump()).c_str());
        QVERIFY(file["tensors"]["complete"] == true);
        const nlohmann::json small = m_engine.run({"inspect", made("q8_0"), "--json"}).json();
        QVERIFY2(small["dtypes"].contains("Q8_0"), small["dtypes"].dump().c_str());
        QVERIFY(small["bytes"] < file["bytes"]);
    }

    void itIsTrainedAsTheFolderIs()
    {
        const auto lossOf = [&](const QString& model, const QString& name) {
            const nlohmann::json job = {
                {"name", name.toStdString()},
                {"dir", m_engine.path(name).toStdString()},
                {"model", model.toStdString()},
                {"method", "full"},
                {"data", {{"sources", {{{"path", SOURCE_DIR "/resources/demo-data/reports/train.jsonl"}}}}}},
                {"sequence_length", 256},
                {"batch", {{"global", 2}}},
                {"steps", 2},
                {"precision", "fp32"}};
            QFile file(m_engine.path(name + ".json"));
            if (!file.open(QIODevice::WriteOnly) || file.write(QByteArray::fromStdString(job.dump())) <= 0)
                return std::string("no job");
            file.close();
            const Outcome trained = m_engine.run({"train", file.fileName(), "--device", "cpu"});
            if (trained.exitCode != 0)
                return trained.error.toStdString();
            QFile events(m_engine.path(name + "/events.jsonl"));
            std::string losses;
            if (events.open(QIODevice::ReadOnly))
                while (!events.atEnd())
                    if (const auto event = nlohmann::json::parse(events.readLine().toStdString());
                        event["event"] == "metric")
                        losses += event["loss"].dump() + " ";
            return losses;
        };
        const std::string expected = lossOf(QStringLiteral("demo"), QStringLiteral("of-folder"));
        QCOMPARE(std::ranges::count(expected, ' '), 2);
        QCOMPARE(lossOf(made("bf16"), QStringLiteral("of-file")), expected);
    }

    void itAnswersAsTheFolderDoes()
    {
        const QByteArray expected = answer(QStringLiteral("demo"));
        QVERIFY2(!expected.startsWith("failed") && !expected.trimmed().isEmpty(), expected.constData());
        QCOMPARE(answer(made("bf16")), expected);
        QCOMPARE(answer(made("q8_0")), expected);
        const Outcome imported = m_engine.run({"import", made("bf16"), "--name", "mine"});
        QVERIFY2(imported.exitCode == 0, imported.error.constData());
        QCOMPARE(answer(QStringLiteral("mine")), expected);
    }

    void theWayBackIsBitEqual()
    {
        const QString back = m_engine.path("back");
        const Outcome written = m_engine.run({"export", "-m", made("bf16"), "--format", "hf", "--out", back});
        QVERIFY2(written.exitCode == 0, written.error.constData());
        const auto original = core::ModelFolder::open(kDemo.toStdString());
        const auto returned = core::ModelFolder::open(back.toStdString());
        QVERIFY2(returned, core::reason(returned));
        QVERIFY2(returned->accounting.isComplete(), returned->accounting.inWords().c_str());
        QCOMPARE(returned->tensors.size(), original->tensors.size());
        for (const auto& [name, tensor] : original->tensors) {
            QCOMPARE(tensor.dtype, core::DType::BF16);
            QVERIFY2(std::ranges::equal(tensor.bytes, returned->tensors.at(name).bytes), name.c_str());
        }
        QCOMPARE(answer(back), answer(QStringLiteral("demo")));
    }

    void nothingIsReplacedUnasked()
    {
        const QString file = made("bf16");
        const QStringList again = {"export", "demo", "--format", "gguf", "--out", file};
        verifyRefused(m_engine.run(again), 2, "is there already; name another file, or say --overwrite");
        QVERIFY(QFile::rename(file, file + "-kept"));
        verifyRefused(m_engine.run(again), 2, "mmproj-demo-bf16.gguf is there already");
        const Outcome replaced = m_engine.run(again + QStringList{"--overwrite"});
        QVERIFY2(replaced.exitCode == 0, replaced.error.constData());
        QFile first(file + "-kept"), second(file);
        QVERIFY(first.open(QIODevice::ReadOnly) && second.open(QIODevice::ReadOnly));
        QVERIFY(first.readAll() == second.readAll());
        QVERIFY(QDir(m_engine.path("")).entryList({QStringLiteral("*.tmp")}).isEmpty());
    }

    void wrongRequestsAreSaid()
    {
        verifyRefused(m_engine.run({"export", "demo", "--format", "gguf", "--out", m_engine.path("folder")}),
                      2, "name a file that ends in .gguf");
        verifyRefused(m_engine.run({"export", "demo", "--type", "q8_0", "--out", m_engine.path("folder")}), 2,
                      "--type q8_0 is GGUF's; a Hugging Face folder has f32 or bf16");
        verifyRefused(m_engine.run({"export", "demo", "--format", "peft", "--out", m_engine.path("folder")}),
                      2, "--format peft writes an adapter: name it with --adapter");
        verifyRefused(m_engine.run({"export", "demo", "--format", "gguf", "--out",
                                    m_engine.path("no/such/folder.gguf")}),
                      1, "cannot write");
        QFile cut(m_engine.path("cut.gguf")), whole(made("q8_0"));
        QVERIFY(cut.open(QIODevice::WriteOnly) && whole.open(QIODevice::ReadOnly));
        cut.write(whole.read(whole.size() / 2));
        cut.close();
        verifyRefused(m_engine.run({"inspect", cut.fileName()}), 2, "the file may be cut short");
    }
};

QTEST_GUILESS_MAIN(GgufTest)
#include "gguf_test.moc"
