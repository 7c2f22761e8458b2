// What training cannot do here is refused before anything is made, in the same words everywhere.

#include "jobs/supported.h"
#include "jobs/queue/enqueue.h"
#include "tests/support/check.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace facet;
using namespace facet::jobs;

namespace {

Settings demoJob(const Settings& changes = {})
{
    Settings job = {{"name", "a"},
                    {"model.base", "demo"},
                    {"data.sources", nlohmann::json::array({{{"path", "mock:text"}}})},
                    {"steps", 4},
                    {"lora.targets", {"q_proj"}}};
    for (const auto& [key, value] : changes)
        job[key] = value;
    return job;
}

Surroundings surroundings()
{
    return {{{"demo", SOURCE_DIR "/resources/demo-model"}}, SOURCE_DIR "/resources/recipes", 1};
}

/// What checkSupported and checkFilesAreHere say, which the queue has to say as well.
core::Result<void> supported(const Settings& job)
{
    const core::Result<ResolvedJob> resolved = resolveJob(job, surroundings());
    if (!resolved)
        return resolved.error();
    core::Result<void> checked = checkSupported(*resolved);
    if (checked)
        checked = checkFilesAreHere(resolved->job);
    const core::Result<std::vector<PlannedRun>> planned = planRuns(job, {}, surroundings());
    const std::string said = checked ? "" : checked.error().message;
    const std::string queue = planned ? "" : planned.error().message;
    return said == queue ? checked : core::Error{core::ErrorCode::Internal, said + " / " + queue};
}

}  // namespace

class SupportedTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;

private Q_SLOTS:
    void initTestCase()
    {
        qputenv("HF_HUB_CACHE", "/nowhere");
        qputenv("FACET_HOME", m_home.path().toUtf8());
    }

    void whatCanBeTrainedIsNotRefused_data()
    {
        QTest::addColumn<QString>("changes");
        QTest::newRow("lora") << "{}";
        QTest::newRow("full") << R"({"method": "full"})";
        QTest::newRow("vision tower beside adapters of the language model")
            << R"({"freeze.vision_tower": false, "lora.targets": ["*.language_model.*.q_proj"]})";
        QTest::newRow("new") << R"({"method": "pretrain"})";
    }
    void whatCanBeTrainedIsNotRefused()
    {
        QFETCH(const QString, changes);
        const core::Result<void> checked = supported(demoJob(
            nlohmann::json::parse(changes.toStdString()).get<std::map<std::string, nlohmann::json>>()));
        QVERIFY2(checked, reason(checked));
    }

    void theRestIsRefusedInWords_data()
    {
        QTest::addColumn<QString>("changes");
        QTest::addColumn<QString>("sentence");
        QTest::newRow("two GPUs")
            << R"({"parallel.gpus_per_node": 2})"
            << "parallel.gpus_per_node makes it 2 GPUs, and training runs on one device so "
               "far: set parallel.nodes=1 and parallel.gpus_per_node=1";
        QTest::newRow("two nodes") << R"({"parallel.nodes": 2})"
                                   << "parallel.nodes makes it 2 GPUs, and";
        QTest::newRow("a module twice")
            << R"({"freeze.vision_tower": false, "lora.targets": ["all-linear"]})"
            << "lora.targets has model.vision_tower.encoder.layers.0.self_attn.q_proj, which is trained "
               "itself";
        QTest::newRow("no model") << R"({"model.base": "google/gemma-3-4b-it"})"
                                  << "google/gemma-3-4b-it is not on this machine: import it first";
        QTest::newRow("no tower") << R"({"method": "pretrain", "model.base": "google/gemma-3-4b-it",
                   "pretrain.vision_tower": "google/gemma-3-12b-it"})"
                                  << "google/gemma-3-12b-it is not on this machine: import it first";
        QTest::newRow("no tokenizer") << R"({"method": "pretrain", "model.base": "google/gemma-3-1b-it",
                   "data.sources": [{"path": "/etc/hostname"}]})"
                                      << "google/gemma-3-1b-it is not on this machine: import it first";
        QTest::newRow("no rows") << R"({"data.sources": [{"path": "/nowhere.jsonl"}]})"
                                 << "data.sources has /nowhere.jsonl, which is not on this machine";
        QTest::newRow("no rows to validate on")
            << R"({"data.validation.path": "/nowhere.jsonl"})"
            << "data.validation.path has /nowhere.jsonl, which is not on this machine";
        QTest::newRow("no adapter") << R"({"lora.init_adapter": "/nowhere"})"
                                    << "lora.init_adapter has /nowhere, which is not on this machine";
    }
    void theRestIsRefusedInWords()
    {
        QFETCH(const QString, changes);
        QFETCH(const QString, sentence);
        const core::Result<void> checked = supported(demoJob(
            nlohmann::json::parse(changes.toStdString()).get<std::map<std::string, nlohmann::json>>()));
        QVERIFY(!checked);
        QVERIFY2(checked.error().message.starts_with(sentence.toStdString()), reason(checked));
    }

    void aSweepNamesTheValueThatIsRefused()
    {
        const std::vector<Sweep> sweeps = {*sweepFrom("parallel.gpus_per_node=1,2")};
        const core::Result<std::vector<PlannedRun>> planned = planRuns(demoJob(), sweeps, surroundings());
        QVERIFY(!planned);
        QVERIFY2(planned.error().message.starts_with("with parallel.gpus_per_node=2: parallel.gpus_per_node"),
                 reason(planned));
    }
};

QTEST_GUILESS_MAIN(SupportedTest)
#include "supported_test.moc"
