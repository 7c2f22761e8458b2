#include "core/safetensors/sharded_safetensors.h"

#include "tests/core/safetensors/bytes.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

class ShardedSafetensorsTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path m_path = m_folder.path().toStdString();
    std::filesystem::path m_index = m_path / "model.safetensors.index.json";

    bool writeShard(const std::string& name, const std::string& tensor)
    {
        return bool(writeFileAtomically(
            m_path / name,
            safetensorsBytes(
                "{\"" + tensor + "\": {\"dtype\": \"U8\", \"shape\": [1], \"data_offsets\": [0, 1]}}", "x")));
    }

private Q_SLOTS:
    void init()
    {
        QVERIFY(writeShard("one.safetensors", "a"));
        QVERIFY(writeShard("two.safetensors", "b"));
        QVERIFY(writeShard("two-again.safetensors", "b"));
    }

    void everyShardIsOpened()
    {
        QVERIFY(writeFileAtomically(m_index, R"({"metadata": {"total_size": 2},
            "weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})"));
        const auto files = openShards(m_index);
        QVERIFY2(files, reason(files));
        QCOMPARE(files->size(), 2u);
        QVERIFY(files->front().tensors().contains("a"));
        QVERIFY(files->back().tensors().contains("b"));
    }

    void aBrokenIndexEndsInASentence_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QByteArray>("sentence");
        const auto row = [](const char* name, const char* json, const char* sentence) {
            QTest::newRow(name) << QByteArray(json) << QByteArray(sentence);
        };
        row("no JSON", "{", " is not valid JSON at byte 2");
        row("no map", "{}", " has no weight_map");
        row("an empty map", R"({"weight_map": {}})", " has no weight_map");
        row("a shard is missing", R"({"weight_map": {"a": "three.safetensors"}})",
            " names the shard \"three.safetensors\", which is missing; finish the download");
        row("a tensor is missing", R"({"weight_map": {"c": "one.safetensors"}})",
            " places the tensor \"c\" in \"one.safetensors\", where it is not");
        row("a tensor in another shard",
            R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "B": "two-again.safetensors"}})",
            " places the tensor \"B\" in \"two-again.safetensors\", where it is not");
        row("a tensor twice", R"({"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}})",
            " has the key \"a\" twice");
        for (const char* evil :
             {"../x.safetensors", "/etc/x.safetensors", "sub/x.safetensors", ".safetensors",
              "..\\\\x.safetensors", "x\\u0000.safetensors", "config.json", ""}) {
            const std::string json = "{\"weight_map\": {\"a\": \"" + std::string(evil) + "\"}}";
            QTest::newRow(evil) << QByteArray::fromStdString(json)
                                << QByteArray("which is no name of a .safetensors file beside it");
        }
        row("a number", R"({"weight_map": {"a": 3}})",
            " places the tensor \"a\" in 3, which is no name of a .safetensors file beside it");
    }

    void aBrokenIndexEndsInASentence()
    {
        QFETCH(QByteArray, json);
        QFETCH(QByteArray, sentence);
        QVERIFY(writeFileAtomically(m_index, json.toStdString()));
        const auto files = openShards(m_index);
        QVERIFY(!files);
        QVERIFY2(files.error().message.starts_with(m_index.string()), reason(files));
        QVERIFY2(files.error().message.ends_with(sentence.toStdString()), reason(files));
    }

    void aTensorInTwoShardsIsRefused()
    {
        QVERIFY(writeFileAtomically(
            m_path / "both.safetensors",
            safetensorsBytes(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
                                 "b": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}})",
                             "xy")));
        QVERIFY(writeFileAtomically(m_index,
                                    R"({"weight_map": {"a": "both.safetensors", "b": "two.safetensors"}})"));
        QCOMPARE(openShards(m_index).error().message,
                 m_index.string() +
                     " belongs to shards that have the tensor \"b\" twice: in \"both.safetensors\" and "
                     "\"two.safetensors\"");
    }

    void aBrokenShardIsNamed()
    {
        QVERIFY(writeFileAtomically(m_path / "one.safetensors", "x"));
        QVERIFY(writeFileAtomically(m_index, R"({"weight_map": {"a": "one.safetensors"}})"));
        QCOMPARE(
            openShards(m_index).error().message,
            (m_path / "one.safetensors").string() + " is no valid safetensors file: it has only 1 bytes");
    }
};

QTEST_GUILESS_MAIN(ShardedSafetensorsTest)
#include "sharded_safetensors_test.moc"
