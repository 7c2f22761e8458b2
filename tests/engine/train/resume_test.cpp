// A run that was stopped and resumed ends with the very numbers of one that was not, and what must not be
// resumed is refused.

#include "engine/train/checkpoint.h"
#include "engine/train/fine_tune.h"
#include "tests/engine/train/training_case.h"
#include "tests/support/losses.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>
#include <csignal>
#include <set>

using namespace facet;
using namespace facet::engine;

namespace {

/// The samples of a case over and over, each round turned by one.
class Samples final : public SampleStream {
public:
    Samples(std::vector<TrainingSample> samples, std::string name, std::string validated)
        : m_samples(std::move(samples)), m_name(std::move(name)), m_validated(std::move(validated))
    {
    }

    core::Result<std::vector<Pack>> packs(int64_t first, int64_t count) override
    {
        std::vector<Pack> packs;
        for (int64_t index = first; index < first + count; ++index) {
            const auto size = std::ssize(m_samples);
            TrainingSample sample = m_samples[static_cast<size_t>((index + index / size) % size)];
            sample.seed = static_cast<uint64_t>(index);
            packs.push_back({sample});
        }
        return packs;
    }
    int64_t numValidationPacks() const override { return 1; }
    core::Result<std::vector<Pack>> validation(int64_t, int64_t) override
    {
        return std::vector<Pack>{{m_samples[0]}};
    }
    int64_t packsPerRound() const override { return std::ssize(m_samples); }
    std::string fingerprint() const override { return m_name; }
    std::string validationFingerprint() const override { return m_validated; }

private:
    std::vector<TrainingSample> m_samples;
    std::string m_name;
    std::string m_validated;
};

const std::filesystem::path kCases = std::filesystem::path(SOURCE_DIR) / "tests/engine/train/golden";

/// One attempt at a run: a fresh model, as after a restart.
struct Attempt {
    std::vector<std::string> said;
    std::vector<TrainedTensor> trained;
    core::Result<Outcome> outcome = Outcome::Done;

    struct Wishes {
        int64_t stopAfter = INT64_MAX;
        std::string data = "these";
        std::string validated = "those";
        bool acceptChanges = false;
        double lr = 1e-3;
        int64_t microBatch = 2;
    };

    Attempt(const core::RunFolder& folder, const std::string& name, const Wishes& wishes)
    {
        const TrainingCase training = TrainingCase::open(kCases / name);
        TrainedSelection selection;
        if (training.json["has_adapter"]) {
            const PeftAdapter adapter = *readPeftFolder(training.folder / "adapter");
            for (const auto& layer : adapter.layers) {
                selection.lora.push_back(layer->settings);
                selection.lora.back().dropout = 0.2;
            }
        } else {
            for (const std::string& tensor : training.trained())
                selection.tensors.insert(tensor);
        }
        TrainedModel model = *TrainedModel::make(training.baseModel(), selection, 1);
        Samples samples(training.samples(), wishes.data, wishes.validated);

        FineTuneSettings settings;
        settings.job.globalBatch = 4;
        settings.job.microBatch = wishes.microBatch;
        settings.job.schedule.warmupSteps = 5;
        settings.job.optimizer.lr = wishes.lr;
        settings.job.validateEverySteps = 10;
        settings.job.saveEverySteps = 10;
        settings.numSteps = 40;
        settings.base = kGoldenFolder / training.json["model"].get<std::string>();
        settings.modelFingerprint = "base";
        settings.acceptChanges = wishes.acceptChanges;

        QVERIFY(folder.create());
        RunRecorder recorder = *RunRecorder::open(folder, /*tensorBoard=*/false,
                                                  [this](const std::string& text) { said.push_back(text); });
        Requests requests;
        requests.isStopping = [asked = int64_t{0}, stopAfter = wishes.stopAfter]() mutable {
            return ++asked > stopAfter;
        };
        outcome = fineTune(settings, model, samples, folder, recorder, requests);
        trained = model.trained();
    }
};

/// Files that grow beyond this fail to be written, as on a full disk.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes)
    {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &m_before);
        const rlimit limit = {bytes, m_before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &m_before); }

private:
    rlimit m_before = {};
};

}  // namespace

class ResumeTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void twentyAndTwentyStepsAreForty_data()
    {
        QTest::addColumn<std::string>("name");
        for (const char* name : {"text_lora", "text_dora", "text_top_layer", "vision_projector"})
            QTest::newRow(name) << std::string(name);
    }
    void twentyAndTwentyStepsAreForty()
    {
        QFETCH(const std::string, name);
        const QTemporaryDir place;
        const core::RunFolder whole = {place.filePath("whole").toStdString()},
                              parts = {place.filePath("parts").toStdString()};
        const Attempt uninterrupted(whole, name, {});
        QVERIFY2(uninterrupted.outcome, core::reason(uninterrupted.outcome));
        QCOMPARE(*uninterrupted.outcome, Outcome::Done);

        const Attempt first(parts, name, {.stopAfter = 20});
        QVERIFY2(first.outcome, core::reason(first.outcome));
        QCOMPARE(*first.outcome, Outcome::Stopped);
        QCOMPARE(parts.savedSteps().back(), int64_t{20});
        const Attempt second(parts, name, {});
        QVERIFY2(second.outcome, core::reason(second.outcome));

        QCOMPARE(core::lossesOf(parts), core::lossesOf(whole));  // bit for bit
        QCOMPARE(core::lossesOf(whole).size(), size_t{40});
        for (size_t index = 0; index < second.trained.size(); ++index)
            QVERIFY2(second.trained[index].tensor.equal(uninterrupted.trained[index].tensor),
                     second.trained[index].name.c_str());
    }

    /// The loss is the mean over the targets of the whole batch, whose samples have different numbers of
    /// them.
    void howABatchIsCutChangesNothing()
    {
        const QTemporaryDir place;
        const core::RunFolder whole = {place.filePath("whole").toStdString()},
                              parts = {place.filePath("parts").toStdString()};
        const Attempt atOnce(whole, "text_lora", {.stopAfter = 12, .microBatch = 4});
        const Attempt oneByOne(parts, "text_lora", {.stopAfter = 12, .microBatch = 1});
        QVERIFY2(atOnce.outcome && oneByOne.outcome, core::reason(oneByOne.outcome));
        const std::vector<double> wanted = core::lossesOf(whole), losses = core::lossesOf(parts);
        QCOMPARE(losses.size(), size_t{12});
        for (size_t step = 0; step < losses.size(); ++step)
            QVERIFY2(
                std::abs(losses[step] - wanted[step]) <= 1e-5 * wanted[step],
                qPrintable(QString("step %1: %2, not %3").arg(step).arg(losses[step]).arg(wanted[step])));
        std::set<int64_t> targets;
        for (const TrainingSample& sample : TrainingCase::open(kCases / "text_lora").samples())
            targets.insert(sample.numTargets());
        QVERIFY(targets.size() > 1);
    }

    void stepsAfterTheLastCheckpointAreDoneAgain()
    {
        const QTemporaryDir place;
        const core::RunFolder whole = {place.filePath("whole").toStdString()},
                              parts = {place.filePath("parts").toStdString()};
        const Attempt uninterrupted(whole, "text_lora", {});
        const Attempt first(parts, "text_lora", {.stopAfter = 27});
        std::filesystem::remove_all(parts.checkpoint(27));  // as if it had been killed
        const Attempt second(parts, "text_lora", {});
        QCOMPARE(core::lossesOf(parts), core::lossesOf(whole));
    }

    void otherDataAreRefusedUnlessTold()
    {
        const QTemporaryDir place;
        const core::RunFolder folder = {place.path().toStdString()};
        const Attempt first(folder, "text_lora", {.stopAfter = 10});
        const Attempt second(folder, "text_lora", {.data = "others"});
        QVERIFY(!second.outcome);
        QCOMPARE(second.outcome.error().code, core::ErrorCode::InvalidInput);
        QVERIFY(second.outcome.error().message.find("other data") != std::string::npos);
        const Attempt third(folder, "text_lora", {.data = "others", .acceptChanges = true});
        QVERIFY2(third.outcome, core::reason(third.outcome));
    }

    void otherRowsToValidateOnAreRefusedUnlessTold()
    {
        const QTemporaryDir place;
        const core::RunFolder folder = {place.path().toStdString()};
        const Attempt first(folder, "text_lora", {.stopAfter = 10});
        const Attempt second(folder, "text_lora", {.stopAfter = 0, .validated = "others"});
        QVERIFY(!second.outcome);
        QCOMPARE(second.outcome.error().code, core::ErrorCode::InvalidInput);
        QVERIFY2(second.outcome.error().message.find("was validated on other rows") != std::string::npos,
                 core::reason(second.outcome));
        const Attempt third(folder, "text_lora",
                            {.stopAfter = 1, .validated = "others", .acceptChanges = true});
        QVERIFY2(third.outcome, core::reason(third.outcome));
        // From then on, those are what it is held to.
        const Attempt fourth(folder, "text_lora", {.stopAfter = 1, .validated = "those"});
        QVERIFY(!fourth.outcome);
        const Attempt fifth(folder, "text_lora",
                            {.stopAfter = 1, .validated = ""});  // no validation any more
        QVERIFY2(fifth.outcome, core::reason(fifth.outcome));
    }

    void anotherJobsCheckpointIsRefused()
    {
        const QTemporaryDir place;
        const core::RunFolder folder = {place.path().toStdString()};
        const Attempt first(folder, "text_lora", {.stopAfter = 10});
        const Attempt second(folder, "text_top_layer", {});
        QVERIFY(!second.outcome);
        QVERIFY(second.outcome.error().message.find("has no fitting") != std::string::npos);
    }

    void aFullDiskLeavesTheRunAliveAndIsSaid()
    {
        const QTemporaryDir place;
        const core::RunFolder folder = {place.path().toStdString()};
        QVERIFY(folder.create());
        {
            const FullDisk full(20'000);  // events fit, checkpoints do not
            const Attempt attempt(folder, "text_lora", {.stopAfter = 15});
            QVERIFY(!attempt.outcome);  // the last checkpoint cannot be had
            QVERIFY(std::ranges::any_of(attempt.said, [](const std::string& text) {
                return text.starts_with("step 10: the checkpoint was not written: cannot write");
            }));
        }
        QCOMPARE(core::lossesOf(folder).size(), size_t{15});
        QVERIFY(folder.savedSteps().empty());
        QVERIFY(std::filesystem::is_empty(folder.checkpoints()));  // nothing half is left
    }

    void lostStepsStopARunThatOnlyGivesNaN()
    {
        const QTemporaryDir place;
        const core::RunFolder folder = {place.path().toStdString()};
        const Attempt attempt(folder, "text_top_layer", {.lr = 1e30});
        QVERIFY(!attempt.outcome);
        QVERIFY2(attempt.outcome.error().message.find("10 steps in a row were left out") != std::string::npos,
                 core::reason(attempt.outcome));
        QVERIFY(attempt.said.front().find("this step is left out") != std::string::npos);
    }

    void theBestAndTheNewestCheckpointsAreKept()
    {
        const QTemporaryDir place;
        const core::RunFolder folder = {place.path().toStdString()};
        QVERIFY(folder.create());
        for (const int64_t step : {10, 20, 30, 40, 50})
            std::filesystem::create_directories(folder.checkpoint(step));
        std::filesystem::create_directories(folder.checkpoints() / ".half-step-00000060.1");
        const std::map<int64_t, double> losses = {{10, 3.0}, {20, 1.0}, {30, 2.0}, {40, 4.0}, {50, 5.0}};
        QVERIFY(pruneCheckpoints(folder, losses, 2, 2));
        QCOMPARE(folder.savedSteps(), (std::vector<int64_t>{20, 30, 40, 50}));
        QVERIFY(pruneCheckpoints(folder, losses, 2, 1));
        QCOMPARE(folder.savedSteps(), (std::vector<int64_t>{20, 30, 50}));
        QVERIFY(!std::filesystem::exists(folder.checkpoints() / ".half-step-00000060.1"));
        QVERIFY(pruneCheckpoints(folder, {}, 1, 0));  // without validation the newest are the best
        QCOMPARE(folder.savedSteps(), (std::vector<int64_t>{50}));
    }
};

QTEST_GUILESS_MAIN(ResumeTest)
#include "resume_test.moc"
