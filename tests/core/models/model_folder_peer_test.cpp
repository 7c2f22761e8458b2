// What transformers saves is accounted for to the last tensor.

#include "core/models/model_folder.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <QTemporaryDir>
#include <QTest>

using namespace facet::core;

class ModelFolderPeerTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_root;

private Q_SLOTS:
    void initTestCase()
    {
        if (!hasPythonPackages(QStringLiteral("torch, transformers")))
            QSKIP("Python with torch and transformers is missing: run ./dev setup");
        const QByteArray printed = runPython(QStringLiteral(R"(
import os, sys, torch
from transformers import (Gemma3Config, Gemma3TextConfig, Gemma3ForCausalLM, Gemma3ForConditionalGeneration,
                          Gemma3ImageProcessor)
from safetensors.torch import load_file, save_file
os.chdir(sys.argv[1])
t = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=7, num_attention_heads=2, num_key_value_heads=1,
         head_dim=16, vocab_size=300)
v = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8)
def vlm(**vision):
    return Gemma3ForConditionalGeneration(Gemma3Config(text_config=dict(t), vision_config=dict(v, **vision), mm_tokens_per_image=4))
model = vlm(vision_use_head=False)
model.save_pretrained("vision")
Gemma3ImageProcessor(size=dict(height=32, width=32)).save_pretrained("vision")
model.save_pretrained("sharded", max_shard_size="20KB")
model.to(torch.bfloat16).save_pretrained("bf16")
vlm().save_pretrained("with-pooling-head")
text = Gemma3ForCausalLM(Gemma3TextConfig(**t))
text.save_pretrained("text")
text.model.save_pretrained("text-without-head-class")
# The names that transformers 4.52 to 4.57 wrote.
def renamed(name):
    name = name.replace("language_model.model.", "model.language_model.").replace("vision_tower.", "model.vision_tower.vision_model.")
    return name.replace("multi_modal_projector.", "model.multi_modal_projector.")
os.makedirs("middle-names")
tensors = {renamed(k): x for k, x in load_file("vision/model.safetensors").items()}
tensors["lm_head.weight"] = tensors["model.language_model.embed_tokens.weight"].clone()
save_file(tensors, "middle-names/model.safetensors")
open("middle-names/config.json", "w").write(open("vision/config.json").read())
print(len(os.listdir("sharded")) > 4)
)"),
                                             {m_root.path()});
        QCOMPARE(printed.trimmed(), QByteArray("True"));
    }

    void everyTensorIsAccountedFor_data()
    {
        QTest::addColumn<size_t>("used");
        QTest::addColumn<size_t>("unused");
        const size_t text = 2 + 7 * 13;
        const size_t vision = 5 + 2 * 16 + 2;
        QTest::newRow("vision") << text + vision << size_t{0};
        QTest::newRow("sharded") << text + vision << size_t{0};
        QTest::newRow("bf16") << text + vision << size_t{0};
        QTest::newRow("with-pooling-head") << text + vision << size_t{11};
        QTest::newRow("text") << text << size_t{0};
        QTest::newRow("text-without-head-class") << text << size_t{0};
        QTest::newRow("middle-names") << text + vision << size_t{1};
    }

    void everyTensorIsAccountedFor()
    {
        QFETCH(size_t, used);
        QFETCH(size_t, unused);
        const QString folder = m_root.filePath(QString::fromUtf8(QTest::currentDataTag()));
        const auto model = ModelFolder::open(folder.toStdString());
        QVERIFY2(model, reason(model));
        QVERIFY2(model->accounting.isComplete(), model->accounting.inWords().c_str());
        QCOMPARE(model->tensors.size(), used);
        QCOMPARE(model->accounting.unused.size(), unused);
        QCOMPARE(model->generation.eosTokenIds, (std::vector<int64_t>{1}));  // as saved, from the class
    }
};

QTEST_GUILESS_MAIN(ModelFolderPeerTest)
#include "model_folder_peer_test.moc"
