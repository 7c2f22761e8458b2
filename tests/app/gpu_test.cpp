// On a machine with a GPU: float32 there equals transformers', and bfloat16 is no further from the truth
// than 1.1 times transformers' own.

#include "tests/app/engine_program.h"
#include "tests/support/python.h"

using namespace facet;
using namespace facet::app;

class GpuTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aGpuComputesWhatTransformersComputes()
    {
        const EngineProgram engine;
        const nlohmann::json devices = engine.run({"devices", "--json"}).json()["devices"];
        if (std::ranges::none_of(devices, [](const nlohmann::json& each) {
                return each["id"] != "cpu" && each["usable"] == true;
            }))
            QSKIP("this machine has no usable NVIDIA GPU");
        if (!core::hasPythonPackages("torch, transformers"))
            QSKIP("no .venv/bin/python with torch and transformers");
        QProcess process;
        process.setProcessChannelMode(QProcess::ForwardedChannels);
        process.start(core::python(), {QStringLiteral(SOURCE_DIR "/tests/peers/gpu_check.py"),
                                       QStringLiteral(FACET_ENGINE_PROGRAM), engine.path("gpu.json")});
        QVERIFY(process.waitForFinished(800'000));
        QCOMPARE(process.exitCode(), 0);
    }
};

QTEST_GUILESS_MAIN(GpuTest)
#include "gpu_test.moc"
