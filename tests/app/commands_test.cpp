// The commands that need no forward pass: import, models, inspect, devices, tokenize; and how wrong use is
// answered.

#include "tests/app/engine_program.h"

#include <QDir>
#include <QFile>

using namespace facet::app;

namespace {
const QString kVisionModel = QStringLiteral(SOURCE_DIR "/resources/demo-model");
const QString kTextModel = QStringLiteral(SOURCE_DIR "/tests/engine/golden/text_small");
}  // namespace

class CommandsTest final : public QObject {
    Q_OBJECT

    static void write(const QString& path, const QByteArray& text)
    {
        QVERIFY(QDir().mkpath(QFileInfo(path).path()));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text) == text.size());
    }

private Q_SLOTS:
    void eachCommandHasHelp_data()
    {
        QTest::addColumn<QString>("command");
        for (const char* command :
             {"import", "models", "inspect", "devices", "generate", "tokenize", "score", "quality"})
            QTest::newRow(command) << QString::fromLatin1(command);
    }

    void eachCommandHasHelp()
    {
        QFETCH(const QString, command);
        const EngineProgram engine;
        const Outcome help = engine.run({command, "--help"});
        QCOMPARE(help.exitCode, 0);
        QVERIFY(help.out.contains("Usage: facet-engine " + command.toUtf8()));
        QVERIFY(help.out.contains("--json"));
        verifyRefused(engine.run({command, "--no-such-option"}), 2, "(see --help)");
    }

    void wrongUseIsTwoAndAFailureIsOne()
    {
        const EngineProgram engine;
        verifyRefused(engine.run({}), 2, "subcommand");
        verifyRefused(engine.run({"generate"}), 2, "--model");
        verifyRefused(engine.run({"inspect", "no-such-model"}), 1, "there is no model \"no-such-model\"");
        verifyRefused(engine.run({"inspect", engine.path("")}), 1, "config.json");
        verifyRefused(
            engine.run({"generate", "-m", "demo", "-p", "x", "--dtype", "bfloat16", "--device", "cpu"}), 2,
            "float32");
        verifyRefused(engine.run({"generate", "-m", "demo", "-p", "x", "--device", "cuda:77"}), 1, "GPU");
    }

    void aModelIsImportedOnceAndKeepsItsPlace()
    {
        const EngineProgram engine;
        const Outcome first = engine.run({"import", kTextModel, "--json"});
        QVERIFY2(first.exitCode == 0, first.error.constData());
        QCOMPARE(QString::fromStdString(first.json()["name"]), "text_small");
        QCOMPARE(QString::fromStdString(first.json()["path"]), kTextModel);
        QCOMPARE(engine.run({"import", kTextModel}).exitCode, 0);
        QCOMPARE(engine.run({"models", "--json"}).json()["models"].size(), size_t{1});
        QCOMPARE(engine.run({"inspect", "text_small"}).exitCode, 0);
        // The name is taken by another model.
        verifyRefused(engine.run({"import", kVisionModel, "--name", "text_small"}), 2, "text_small");
    }

    void aTextOnlyImportIsAnEntryOfItsOwn()
    {
        const EngineProgram engine;
        QCOMPARE(engine.run({"import", kVisionModel}).exitCode, 0);
        const Outcome text = engine.run({"import", kVisionModel, "--text-only", "--json"});
        QVERIFY2(text.exitCode == 0, text.error.constData());
        QCOMPARE(QString::fromStdString(text.json()["name"]), "demo-model-text");
        QCOMPARE(engine.run({"models", "--json"}).json()["models"].size(), size_t{2});
        QVERIFY(!engine.run({"inspect", "demo-model-text", "--json"}).json()["shape"].contains("vision"));
        QVERIFY(engine.run({"inspect", "demo-model", "--json"}).json()["shape"].contains("vision"));
    }

    void theLibraryLiesWhereTheVariablesSay()
    {
        EngineProgram engine;
        engine.set("NEMO_HOME", engine.path("nemo-home"));
        engine.set("NEMO_CACHE_DIR", engine.path("nemo-cache"));
        const auto library = [&] {
            return QString::fromStdString(engine.run({"models", "--json"}).json()["library"]);
        };
        QCOMPARE(library(), engine.path("home"));
        engine.unset("FACET_HOME");
        QCOMPARE(library(), engine.path("nemo-cache/facet"));
        engine.unset("NEMO_CACHE_DIR");
        QCOMPARE(library(), engine.path("nemo-home/facet"));
    }

    void aNeMoFolderIsRefusedWithTheCommandThatExportsIt()
    {
        const EngineProgram engine;
        write(engine.path("nemo/context/model.yaml"), "_target_: nemo.collections.llm.gemma3\n");
        write(engine.path("nemo/weights/metadata.json"), "{}");
        const Outcome refused = engine.run({"import", engine.path("nemo")});
        verifyRefused(refused, 2, "NeMo");
        QVERIFY2(refused.error.contains("export"), refused.error.constData());
    }

    void aBrokenModelIsRefusedByTheNameOfItsTensor()
    {
        const EngineProgram engine;
        const QString folder = engine.path("broken");
        QVERIFY(QDir().mkpath(folder));
        QFile config(kTextModel + "/config.json");
        QVERIFY(config.open(QIODevice::ReadOnly));
        nlohmann::json json = nlohmann::json::parse(config.readAll().toStdString());
        json["num_hidden_layers"] = json["num_hidden_layers"].get<int>() + 1;
        json.erase("layer_types");
        write(folder + "/config.json", QByteArray::fromStdString(json.dump()));
        QVERIFY(QFile::copy(kTextModel + "/model.safetensors", folder + "/model.safetensors"));
        const Outcome refused = engine.run({"import", folder});
        verifyRefused(refused, 2, "layers.");
        const Outcome shown = engine.run({"inspect", folder, "--json"});
        QCOMPARE(shown.exitCode, 1);
        QCOMPARE(shown.json()["tensors"]["missing"].size(), size_t{13});  // a layer has so many
    }

    void inspectTellsWhatADemoModelIs()
    {
        const EngineProgram engine;
        const nlohmann::json json = engine.run({"inspect", "demo", "--json"}).json();
        QCOMPARE(json["shape"]["layers"].get<int>(), 8);
        QCOMPARE(QString::fromStdString(json["licence"]), "gpl-3.0");
        QCOMPARE(QString::fromStdString(json["chat_template"]["kind"]), "gemma3");
        QVERIFY(json["tensors"]["missing"].empty() && json["tensors"]["unexpected"].empty());
    }

    void theCpuIsADevice()
    {
        const nlohmann::json devices = EngineProgram().run({"devices", "--json"}).json()["devices"];
        QVERIFY(std::ranges::any_of(devices, [](const nlohmann::json& device) {
            return device["id"] == "cpu" && device["usable"] == true && device["memory_bytes"] > 0;
        }));
    }

    void tokenizeReadsLinesAndGoesBack()
    {
        const EngineProgram engine;
        // Ids as the demo model's tokenizer.json says: <start_of_turn> 4, <end_of_turn> 5, <bos> 2.
        const Outcome ids = engine.run({"tokenize", "-m", "demo", "--bos"}, "What is <end_of_turn>\n\nred\n");
        QVERIFY2(ids.exitCode == 0, ids.error.constData());
        const QList<QByteArray> lines = ids.out.split('\n');
        QCOMPARE(lines.size(), 4);
        QVERIFY(lines[0].startsWith("2 ") && lines[0].endsWith(" 5"));
        QCOMPARE(lines[1], QByteArray("2"));
        const Outcome back = engine.run({"tokenize", "-m", "demo", "--decode"}, ids.out.constData());
        QCOMPARE(back.out, QByteArray("<bos>What is <end_of_turn>\n<bos>\n<bos>red\n"));
        verifyRefused(engine.run({"tokenize", "-m", "demo", "--decode"}, "2 99999\n"), 2, "99999");
    }
};

QTEST_GUILESS_MAIN(CommandsTest)
#include "commands_test.moc"
