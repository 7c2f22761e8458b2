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

// Arguments: tests/peers, folders of ours with their first weights, one by one. Holds each parameter against
// transformers' own first one, by mean, deviation and largest, up to five standard errors. Then trains the
// first of them on the rows of standard input. One process: starting Python costs more than all of that.
constexpr const char* kPeer = R"(
import json, sys
sys.path.insert(0, sys.argv[1])
from hf_common import Inputs, load_model, quiet, torch
from hf_losses import train
quiet()
out = {"count": [], "wrong": []}
for folder in sys.argv[2:]:
    ours = load_model(folder)
    torch.manual_seed(5)
    theirs = dict(type(ours)(ours.config).named_parameters())
    out["count"].append(len(theirs))
    for name, a in ours.named_parameters():
        b = theirs[name]
        n, s = b.numel(), b.std().item()
        if s == 0:
            good = torch.equal(a, b)
        else:
            good = (abs(a.mean() - b.mean()) < 5 * s * (2 / n) ** 0.5 and abs(a.std() / s - 1) < 5 / n ** 0.5
                    and abs(a.abs().max() / b.abs().max() - 1) < 0.35)
        if not good:
            out["wrong"].append([name, a.mean().item(), b.mean().item(), a.std().item(), s])
rows = [json.loads(line) for line in open(sys.argv[2] + "/tokens.jsonl")]
out["losses"] = train(load_model(sys.argv[2]), rows, Inputs(sys.argv[2]), 10)
print(json.dumps(out))
)";

}  // namespace

class PretrainPeerTest final : public QObject {
    Q_OBJECT

    const PretrainCase m_text, m_pictures{kVisionShape};
    json m_peer;

private Q_SLOTS:
    void initTestCase()
    {
        if (!core::hasPythonPackages("transformers"))
            QSKIP("no transformers in .venv: ./dev setup --tests");
        for (const PretrainCase* each : {&m_text, &m_pictures}) {
            const Outcome outcome = each->train("first", {"steps=1", "optimizer.lr=0"});
            QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
        }
        const Outcome preview =
            m_text.engine.run({"data", "preview", "-m", m_text.checkpoint("first", 1),
                               m_text.engine.path("rows.jsonl"), "--rows", "4", "--json"});
        QVERIFY2(preview.exitCode == 0, preview.error.constData());
        m_text.write("home/runs/first/checkpoints/step-00000001/tokens.jsonl", preview.out);
        QProcess process;
        process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        process.start(core::python(), {QStringLiteral("-c"), QString::fromUtf8(kPeer),
                                       QStringLiteral(SOURCE_DIR "/tests/peers"),
                                       m_text.checkpoint("first", 1), m_pictures.checkpoint("first", 1)});
        QVERIFY(process.waitForFinished(350'000) && process.exitCode() == 0);
        m_peer = Outcome{0, process.readAllStandardOutput(), {}}.json();
    }

    void initialWeightsAreSpreadAsTheirs()
    {
        // 13 tensors a layer, the table and the last norm; 16 a layer of the tower and seven more
        QCOMPARE(m_peer["count"].dump(), std::string("[80,167]"));
        QCOMPARE(m_peer["wrong"].dump(), std::string("[]"));
    }

    void theyTrainItWithOurLosses()
    {
        const Outcome trained = m_text.train("trained");
        QVERIFY2(trained.exitCode == 0, trained.error.constData());
        const auto expected = m_peer["losses"].get<std::vector<double>>();
        QCOMPARE(expected.size(), size_t{kNumSteps});
        size_t step = 0;
        double furthest = 0;
        core::EventReader events(core::RunFolder{m_text.run("trained").toStdString()}.events());
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
