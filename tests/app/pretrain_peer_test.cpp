// A new model beside transformers: it loads what pretraining saves, its own initial weights are spread like
// ours, and it trains them with our losses.

#include "core/run/event_log.h"
#include "core/run/run_folder.h"
#include "tests/app/pretrain_case.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <cmath>

using namespace facet;
using namespace facet::app;
using nlohmann::json;

namespace {

constexpr int kNumSteps = 10;

// Arguments: a folder of ours, tests/peers. Holds each parameter against transformers' own first one, by mean
// and deviation, up to five standard errors. Prints how many parameters there are, and what is wrong.
constexpr const char* kSpread = R"(
import sys
sys.path.insert(0, sys.argv[2])
from hf_common import load_model, quiet, torch
quiet()
ours = load_model(sys.argv[1])
torch.manual_seed(5)
theirs = dict(type(ours)(ours.config).named_parameters())
count = 0
for name, a in ours.named_parameters():
    b, count = theirs[name], count + 1
    if b.numel() > 1 and b.std() == 0 or b.numel() == 1:
        good = torch.equal(a, b)
    else:
        n, s = b.numel(), b.std().item()
        good = (abs(a.mean() - b.mean()) < 5 * s * (2 / n) ** 0.5 and abs(a.std() / s - 1) < 5 / n ** 0.5
                and abs(a.abs().max() / b.abs().max() - 1) < 0.35)
    if not good:
        print("differs:", name, a.mean().item(), b.mean().item(), a.std().item(), b.std().item(),
              a.abs().max().item(), b.abs().max().item())
print(count, "parameters")
)";

}  // namespace

class PretrainPeerTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("transformers"))
            QSKIP("no transformers in .venv: ./dev setup --tests");
    }

    void initialWeightsAreSpreadAsTheirs_data()
    {
        QTest::addColumn<QString>("shape");
        QTest::addColumn<QByteArray>("count");
        QTest::newRow("text") << kTextShape << QByteArray("80 parameters");  // 13 a layer, table, last norm
        QTest::newRow("pictures") << QString::fromStdString(kVisionShape) << QByteArray("167 parameters");
    }
    void initialWeightsAreSpreadAsTheirs()
    {
        QFETCH(const QString, shape);
        QFETCH(const QByteArray, count);
        const PretrainCase pretraining(shape.toStdString());
        const Outcome outcome = pretraining.train("first", {"steps=1", "optimizer.lr=0"});
        QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        QCOMPARE(core::runPython(QString::fromUtf8(kSpread), {pretraining.checkpoint("first", 1),
                                                              QStringLiteral(SOURCE_DIR "/tests/peers")})
                     .trimmed(),
                 count);
    }

    void theyTrainItWithOurLosses()
    {
        const PretrainCase pretraining;
        QVERIFY(pretraining.train("first", {"steps=1", "optimizer.lr=0"}).exitCode == 0);
        const Outcome trained = pretraining.train("trained");
        QVERIFY2(trained.exitCode == 0, trained.error.constData());
        const Outcome preview =
            pretraining.engine.run({"data", "preview", "-m", pretraining.checkpoint("first", 1),
                                    pretraining.engine.path("rows.jsonl"), "--rows", "4", "--json"});
        QVERIFY2(preview.exitCode == 0, preview.error.constData());
        pretraining.write("tokens.jsonl", preview.out);
        QProcess process;
        process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        process.start(
            core::python(),
            {QStringLiteral(SOURCE_DIR "/tests/peers/hf_losses.py"), pretraining.checkpoint("first", 1),
             pretraining.engine.path("tokens.jsonl"), "--steps", QString::number(kNumSteps)});
        QVERIFY(process.waitForFinished(300'000) && process.exitCode() == 0);
        const auto expected =
            Outcome{0, process.readAllStandardOutput(), {}}.json()["losses"].get<std::vector<double>>();

        size_t step = 0;
        double furthest = 0;
        core::EventReader events(core::RunFolder{pretraining.run("trained").toStdString()}.events());
        const core::Result<std::vector<core::RunEvent>> told = events.poll();
        QVERIFY2(told, core::reason(told));
        for (const core::RunEvent& event : *told)
            if (const auto* metric = std::get_if<core::MetricEvent>(&event.what))
                furthest = std::max(furthest, std::abs(metric->loss - expected.at(step++)));
        QCOMPARE(step, size_t{kNumSteps});
        qInfo("loss from %.6f to %.6f, off by %.2g at most", expected.front(), expected.back(), furthest);
        QVERIFY(furthest <= 1e-5);
        QVERIFY(expected.back() < expected.front() - 0.1);  // it was worth comparing
    }
};

QTEST_GUILESS_MAIN(PretrainPeerTest)
#include "pretrain_peer_test.moc"
