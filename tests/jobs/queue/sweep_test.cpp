// Sweeps: the grid, its names, and the table of what came out.

#include "jobs/sweep.h"
#include "core/base/file.h"
#include "core/run/event_log.h"
#include "jobs/queue/enqueue.h"
#include "jobs/queue/sweep_results.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace facet;
using namespace facet::jobs;

class SweepTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::filesystem::path home() const { return m_home->path().toStdString(); }

    static Surroundings surroundings()
    {
        return {{{"demo", SOURCE_DIR "/resources/demo-model"}}, SOURCE_DIR "/resources/recipes", 1};
    }

    static Settings job()
    {
        const core::Result<Settings> settings = settingsFrom(nlohmann::json::parse(
            R"({"name": "sums", "model": "demo", "method": "lora", "lora": {"targets": ["q_proj"]},
                "data": {"sources": [{"path": "mock:text"}]}, "steps": 4})"));
        if (!settings)
            qFatal("%s", settings.error().message.c_str());
        return *settings;
    }

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
    }

    void valuesAreReadAsOneWritesThem()
    {
        QVERIFY(sweepFrom("lora.rank=4,8,16")->values == (std::vector<nlohmann::json>{4, 8, 16}));
        QVERIFY(sweepFrom("optimizer.lr=1e-4,2e-4")->values == (std::vector<nlohmann::json>{1e-4, 2e-4}));
        QVERIFY(sweepFrom("activation_checkpointing=full,none")->values ==
                (std::vector<nlohmann::json>{"full", "none"}));
        QCOMPARE(sweepFrom(R"(lora.targets=["q_proj"],["q_proj","v_proj"])")->values.size(), size_t(2));
        QVERIFY(!sweepFrom("lora.rank"));
        for (const char* wrong : {"lora.rnak=4", "name=a,b", "dir=/a,/b", "lora.rank=", "lora=4"})
            QVERIFY2(!sweepFrom(wrong) || !sweepPoints({*sweepFrom(wrong)}), wrong);
        QVERIFY(!sweepPoints({*sweepFrom("lora.rank=4"), *sweepFrom("lora.rank=8")}));
        const std::vector<nlohmann::json> many(40, 1);
        QVERIFY(!sweepPoints({{"lora.rank", many}, {"steps", many}}));
    }

    void namesSayTheValuesAndAreAllDifferent()
    {
        const std::vector<Sweep> grid = {*sweepFrom("lora.rank=4,8"), *sweepFrom("optimizer.lr=1e-4,0.003")};
        QCOMPARE(sweepNames("sums", grid, *sweepPoints(grid)),
                 (std::vector<std::string>{"sums-rank4-lr0.0001", "sums-rank4-lr0.003", "sums-rank8-lr0.0001",
                                           "sums-rank8-lr0.003"}));
        const std::vector<Sweep> paths = {*sweepFrom("lora.init_adapter=/a/b,/a:b")};
        QCOMPARE(sweepNames("sums", paths, *sweepPoints(paths)),
                 (std::vector<std::string>{"sums-0", "sums-1"}));  // both would be a_b
    }

    void eachRunIsCheckedBeforeAnyIsAdded()
    {
        const QueueFile file(home());
        const std::vector<Sweep> wrong = {*sweepFrom("lora.rank=4,-1")};
        const core::Result<std::vector<PlannedRun>> refused = planRuns(job(), wrong, surroundings());
        QVERIFY(!refused);
        QVERIFY2(refused.error().message.starts_with("with lora.rank=-1: lora.rank"),
                 refused.error().message.c_str());

        const std::vector<Sweep> grid = {*sweepFrom("lora.rank=4,8"), *sweepFrom("optimizer.lr=1e-4,2e-4")};
        const core::Result<std::vector<PlannedRun>> runs = planRuns(job(), grid, surroundings());
        QVERIFY2(runs, reason(runs));
        const auto added = enqueue(file, *runs, {{"cpu"}, {}}, grid, "sums");
        QVERIFY2(added, reason(added));
        QCOMPARE(added->size(), size_t(4));
        QCOMPARE((*added)[3].name, std::string("sums-rank8-lr0.0002"));
        QCOMPARE((*added)[3].folder, home() / "runs/sums-rank8-lr0.0002");
        const core::Result<Settings> copy = readJobFile(file.jobFile((*added)[3].id));
        QVERIFY2(copy, reason(copy));
        QVERIFY(copy->at("lora.rank") == nlohmann::json(8));
        QVERIFY(copy->at("optimizer.lr") == nlohmann::json(2e-4));

        // All or none: the last of these is there already.
        const std::vector<Sweep> more = {*sweepFrom("lora.rank=2,8"), *sweepFrom("optimizer.lr=2e-4")};
        const core::Result<std::vector<PlannedRun>> others = planRuns(job(), more, surroundings());
        QVERIFY(others);
        const auto again = enqueue(file, *others, {{"cpu"}, {}}, more, "other");
        QVERIFY(!again);
        QVERIFY(again.error().message.find("sums-rank8-lr0.0002") != std::string::npos);
        QCOMPARE(file.read()->entries.size(), size_t(4));
        const auto same = enqueue(file, *others, {{"cpu"}, {}}, more, "sums");
        QVERIFY(!same);
        QVERIFY2(same.error().message.starts_with("there is a sweep \"sums\" already"),
                 same.error().message.c_str());
    }

    void theTableIsReadFromTheRunsFolders()
    {
        const QueueFile file(home());
        const std::vector<Sweep> grid = {*sweepFrom("lora.rank=4,8,16")};
        const core::Result<std::vector<PlannedRun>> runs = planRuns(job(), grid, surroundings());
        QVERIFY(runs);
        QVERIFY(enqueue(file, *runs, {{"cpu"}, {}}, grid, "sums"));
        const core::RunFolder folder = {home() / "runs/sums-rank8"};
        QVERIFY(folder.create());
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = core::RunState::Running;
        status.step = 2;
        status.numSteps = 4;
        QVERIFY(core::writeStatus(folder, status));
        core::Result<core::EventLog> log = core::EventLog::open(folder.events());
        QVERIFY(log);
        for (const auto& [step, loss] : std::map<int64_t, double>{{1, 2.5}, {2, 1.25}, {3, 1.5}})
            QVERIFY(log->append({1, core::MetricEvent{.step = step, .loss = loss}}));
        QVERIFY(log->append({1, core::ValidationEvent{2, 1.75, 9}}));

        const core::Result<SweepRecord> record = readSweep(home(), "sums");
        QVERIFY2(record, reason(record));
        SweepReader reader(*record);
        std::vector<SweepResult> table = reader.look(*file.read(), home());
        QCOMPARE(table.size(), size_t(3));
        QCOMPARE(table[0].state, std::string("waiting"));
        QCOMPARE(table[1].state, std::string("running"));
        QCOMPARE(table[1].lastTraining, 1.5);
        QCOMPARE(table[1].bestTraining, 1.25);
        QCOMPARE(table[1].lastValidation, 1.75);
        QVERIFY(std::isnan(table[2].lastTraining));
        QCOMPARE(toCsv(*record, table),
                 std::string("run,lora.rank,state,step,steps,training_last,training_best,validation_last,"
                             "validation_best\r\n"
                             "sums-rank4,4,waiting,0,0,,,,\r\n"
                             "sums-rank8,8,running,2,4,1.5,1.25,1.75,1.75\r\n"
                             "sums-rank16,16,waiting,0,0,,,,\r\n"));
        // What comes later is added to what was read.
        QVERIFY(log->append({1, core::MetricEvent{.step = 4, .loss = 0.5}}));
        QVERIFY(file.edit([](RunQueue& queue) { return removeEntry(queue, 3); }));
        table = reader.look(*file.read(), home());
        QCOMPARE(table[1].bestTraining, 0.5);
        QCOMPARE(table[2].state, std::string("not in the queue"));
        QCOMPARE(sweepsIn(home()), std::vector<std::string>{"sums"});
        QVERIFY(!readSweep(home(), "../queue"));
        QVERIFY(core::writeFileAtomically(home() / "sweeps/sums.json", R"({"version": 2})"));
        QVERIFY(readSweep(home(), "sums").error().message.find("newer Facet") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(SweepTest)
#include "sweep_test.moc"
