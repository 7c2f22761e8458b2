// A probe runs two steps of the job: the longest samples, then its rows. Times cannot be told, but what is
// counted can.

#include "engine/train/probe.h"
#include "tests/engine/train/training_case.h"

#include <QTemporaryDir>

using namespace facet;
using namespace facet::engine;

namespace {

/// Packs of one sample of so many tokens; it keeps what was asked for.
struct Samples final : SampleStream {
    explicit Samples(int64_t length_) : length(length_) {}

    core::Result<std::vector<Pack>> packs(int64_t first, int64_t count) override
    {
        if (isBroken)
            return core::Error{core::ErrorCode::OutOfMemory, "no more"};
        asked += first == 0 ? count : 0;
        TrainingSample sample;
        for (int64_t i = 0; i < length; ++i)
            sample.ids.push_back(8 + i % 50);
        sample.isTarget.assign(sample.ids.size(), true);
        return std::vector<Pack>(static_cast<size_t>(count), Pack{sample});
    }
    int64_t numValidationPacks() const override { return 0; }
    core::Result<std::vector<Pack>> validation(int64_t, int64_t) override { return std::vector<Pack>(); }
    int64_t packsPerRound() const override { return 100; }
    std::string fingerprint() const override { return ""; }
    std::string validationFingerprint() const override { return ""; }

    int64_t length;
    int64_t asked = 0;
    bool isBroken = false;
};

}  // namespace

class ProbeTest final : public QObject {
    Q_OBJECT

    TrainingCase m_case =
        TrainingCase::open(std::filesystem::path(SOURCE_DIR) / "tests/engine/train/golden/text_lora");

    static FineTuneSettings settings(int64_t micro, int64_t global)
    {
        FineTuneSettings settings;
        settings.job.sequenceLength = 64;
        settings.job.microBatch = micro;
        settings.job.globalBatch = global;
        settings.numSteps = 100;
        return settings;
    }

private Q_SLOTS:
    void twoPassesStandForAll()
    {
        TrainedModel model = m_case.model();
        Samples longest(64), rows(20);
        std::vector<int> steps;
        const core::Result<Probe> probed =
            probe(settings(2, 12), model, longest, rows, [&](int step) { steps.push_back(step); });
        QVERIFY2(probed, core::reason(probed));
        QCOMPARE(steps, (std::vector{1, 2}));
        QCOMPARE(longest.asked, 4);
        QCOMPARE(rows.asked, 4);
        QCOMPARE(probed->numPasses, 2);
        QVERIFY(std::abs(probed->tokensPerStep - 12 * 20) < 1e-6);
        QVERIFY(probed->memoryBytes > 10'000'000);
        QVERIFY(probed->forwardSeconds > 0 && probed->backwardSeconds > 0 && probed->optimizerSeconds > 0);

        // Three times as many FLOPs as one step with a third of the samples: what one batch of 4 counts.
        const core::Result<Probe> third = probe(settings(2, 4), model, longest, rows, [](int) {});
        QVERIFY(std::abs(probed->flopsPerStep / third->flopsPerStep - 3) < 1e-9);
    }

    void nothingIsLeftOnTheDisk()
    {
        QTemporaryDir folder;
        qputenv("TMPDIR", folder.path().toUtf8());
        TrainedModel model = m_case.model();
        Samples longest(64), rows(20);
        QVERIFY(probe(settings(1, 1), model, longest, rows, [](int) {}));
        QVERIFY(std::filesystem::is_empty(folder.path().toStdString()));
        qunsetenv("TMPDIR");
    }

    void tooLittleMemoryIsAnAnswer()
    {
        TrainedModel model = m_case.model();
        Samples longest(64), rows(20);
        longest.isBroken = true;
        const core::Result<Probe> probed = probe(settings(4, 8), model, longest, rows, [](int) {});
        QVERIFY(!probed);
        QCOMPARE(probed.error().code, core::ErrorCode::OutOfMemory);
        QVERIFY2(probed.error().message.find("batch.micro=2") != std::string::npos, core::reason(probed));
    }
};

QTEST_GUILESS_MAIN(ProbeTest)
#include "probe_test.moc"
