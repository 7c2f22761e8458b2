// llama.cpp's names, from gguf-py's own table.

#include "core/gemma3/gguf_names.h"
#include "core/gemma3/tensor_names.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QTest>

using namespace facet::core;

class GgufNamesPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyTensorHasTheNameOfGgufPy()
    {
        if (!hasPythonPackages(QStringLiteral("gguf")))
            QSKIP("Python with gguf is missing: run ./dev setup");
        gemma3::Config config;
        config.text.numLayers = 12;
        config.vision.emplace().numLayers = 11;
        QStringList names;
        for (const auto& [name, shape] : gemma3::expectedTensors(config)) {
            // Its table knows the names of the hub's files, of which savedName() is a later generation.
            QString saved = QString::fromStdString(name);
            saved.replace("language_model.", "model.").replace("vision_tower.", "vision_tower.vision_model.");
            names << saved.replace("projection_weight", "projection.weight");
        }
        const QByteArray printed = runPython(QStringLiteral(R"(
import sys
import gguf
text = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GEMMA3, 12)
vision = gguf.get_tensor_name_map(gguf.MODEL_ARCH.MMPROJ, 12)
for name in sys.argv[1:]:
    table = vision if name.startswith(("vision", "multi")) else text
    print(table.get_name(name, try_suffixes=(".weight", ".bias")))
)"),
                                             names);
        const QList<QByteArray> theirs = printed.trimmed().split('\n');
        QCOMPARE(theirs.size(), names.size());
        qsizetype i = 0;
        for (const auto& [name, shape] : gemma3::expectedTensors(config)) {
            const std::string expected = theirs[i++].toStdString();
            QCOMPARE(gemma3::ggufNameOf(name).value_or("none"), expected);
            QCOMPARE(gemma3::canonicalNameOfGguf(expected).value_or("none"), name);
        }
    }

    void otherNamesHaveNone()
    {
        for (const char* name : {"blk.0.attn_norm", "blk.x.attn_norm.weight", "blk.00.attn_norm.weight",
                                 "blk.0.attn_sinks.weight", "rope_freqs.weight", "output.weight", ""})
            QVERIFY2(!gemma3::canonicalNameOfGguf(name), name);
        QVERIFY(!gemma3::ggufNameOf("language_model.layers.0.unknown.weight"));
        QVERIFY(gemma3::isStoredPlusOne("language_model.norm.weight"));
        QVERIFY(gemma3::isStoredPlusOne("language_model.layers.0.self_attn.q_norm.weight"));
        QVERIFY(gemma3::isStoredPlusOne("multi_modal_projector.mm_soft_emb_norm.weight"));
        QVERIFY(!gemma3::isStoredPlusOne("vision_tower.post_layernorm.weight"));
        QVERIFY(!gemma3::isStoredPlusOne("vision_tower.encoder.layers.0.layer_norm1.weight"));
        QVERIFY(!gemma3::isStoredPlusOne("language_model.embed_tokens.weight"));
    }
};

QTEST_GUILESS_MAIN(GgufNamesPeerTest)
#include "gguf_names_peer_test.moc"
