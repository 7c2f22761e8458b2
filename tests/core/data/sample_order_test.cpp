// Shuffling, blending, packing and made-up samples, by the properties that define them.

#include "core/data/mock.h"
#include "core/data/packing.h"
#include "core/data/shuffle.h"
#include "tests/support/check.h"

#include <QTest>

#include <numeric>
#include <random>
#include <set>

using namespace facet::core;

class SampleOrderTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aPermutationHasEachNumberOnceAndDependsOnTheSeed()
    {
        for (const uint64_t size : {1u, 2u, 3u, 17u, 256u, 1000u, 4097u}) {
            std::set<uint64_t> seen;
            bool isMoved = false;
            bool isOther = false;
            for (uint64_t i = 0; i < size; ++i) {
                const uint64_t value = Permutation(size, 5).at(i);
                QVERIFY(value < size);
                seen.insert(value);
                isMoved = isMoved || value != i;
                isOther = isOther || value != Permutation(size, 6).at(i);
            }
            QCOMPARE(seen.size(), size);
            QVERIFY(size < 10 || (isMoved && isOther));
        }
    }

    void heldOutRowsAreTheShareAskedFor()
    {
        int count = 0;
        for (uint64_t i = 0; i < 100'000; ++i)
            count += isHeldOut(i, 0.05, 1) ? 1 : 0;
        QVERIFY(std::abs(count - 5000) < 300);  // four standard deviations
        QVERIFY(!isHeldOut(3, 0, 1));
    }

    void aBlendKeepsItsWeightsAtEveryMomentAndResumes()
    {
        const std::vector<Blend::Source> sources = {{100, 1}, {10, 3}, {0, 5}, {7, 0}};
        Blend blend(sources, 9);
        std::vector<Blend::Pick> picks;
        std::vector<int64_t> taken(4, 0);
        for (int i = 0; i < 1000; ++i) {
            picks.push_back(blend.next());
            ++taken[picks.back().source];
            QVERIFY(std::abs(static_cast<double>(taken[0]) - 0.25 * (i + 1)) <= 1);
        }
        QCOMPARE(taken[2] + taken[3], 0);
        // Each round of a source has each of its rows once.
        std::map<std::pair<size_t, uint64_t>, std::set<uint64_t>> rounds;
        for (const Blend::Pick& pick : picks)
            QVERIFY((rounds[{pick.source, pick.round}].insert(pick.row).second));
        QCOMPARE((rounds[{1, 3}].size()), size_t{10});

        Blend resumed(sources, 9);
        resumed.skip(637);
        for (size_t i = 637; i < picks.size(); ++i) {
            const Blend::Pick pick = resumed.next();
            QVERIFY(pick.source == picks[i].source && pick.row == picks[i].row &&
                    pick.round == picks[i].round);
        }
    }

    void packsHoldEachSampleOnceAndAreFull()
    {
        std::mt19937 random(3);
        std::vector<int64_t> lengths;
        for (int i = 0; i < 5000; ++i)
            lengths.push_back(1 + static_cast<int64_t>(random() % 900));
        lengths.push_back(5000);  // longer than a pack
        const auto packs = planPacks(lengths, 2048, 1);
        std::set<size_t> seen;
        int64_t used = 0;
        for (const std::vector<size_t>& each : packs) {
            int64_t length = 0;
            for (const size_t sample : each) {
                QVERIFY(seen.insert(sample).second);
                length += lengths[sample];
            }
            QVERIFY(length <= 2048 || each.size() == 1);
            used += length;
        }
        QCOMPARE(seen.size(), lengths.size());
        const double least =
            static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), int64_t{0})) / 2048;
        QVERIFY(static_cast<double>(packs.size()) < 1.01 * least + 2);
        QVERIFY(planPacks(lengths, 2048, 1) == packs);
        QVERIFY(planPacks({}, 2048, 1).empty());
    }

    void aPackKeepsDocumentsApart()
    {
        const TokenizedSample one = {{2, 10, 11}, {0, 1, 1}, {}};
        const TokenizedSample other = {{2, 5, 6, 7, 8}, {0, 0, 0, 0, 1}, {{1, 4, "p.png"}}};
        const PackedSample packed = pack(std::vector{one, other, one});
        QCOMPARE(packed.ids, (std::vector<int64_t>{2, 10, 11, 2, 5, 6, 7, 8, 2, 10, 11}));
        QCOMPARE(packed.positions, (std::vector<int64_t>{0, 1, 2, 0, 1, 2, 3, 4, 0, 1, 2}));
        QCOMPARE(packed.documentBegins, (std::vector<int64_t>{0, 3, 8, 11}));
        QCOMPARE(packed.inLoss, (std::vector<uint8_t>{0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1}));
        QCOMPARE(packed.pictures.front().begin, 4);
        QCOMPARE(packed.pictures.front().end, 7);
    }

    void theMockIsNemosWithARightMask()
    {
        gemma3::Config config;
        const TokenizedSample sample = mockSample(3, 1, 512, true, config);
        QCOMPARE(std::ssize(sample.ids), 512);
        for (size_t i = 20; i <= 275; ++i)  // NeMo's positions
            QCOMPARE(sample.ids[i], 262'144);
        QCOMPARE(sample.ids[19], config.boiTokenId);
        QCOMPARE(sample.ids[276], config.eoiTokenId);
        QCOMPARE(std::count(sample.ids.begin(), sample.ids.end(), 262'144), 256);
        for (size_t i = 0; i < 512; ++i)
            QCOMPARE(sample.inLoss[i], static_cast<uint8_t>(i >= 281));
        QVERIFY(mockSample(3, 1, 512, true, config).ids == sample.ids);
        QVERIFY(mockSample(4, 1, 512, true, config).ids != sample.ids);
        QVERIFY(mockSample(3, 2, 512, true, config).ids != sample.ids);
        QCOMPARE(mockPixels(3, 1, 8).size(), size_t{192});
        QVERIFY(mockPixels(3, 1, 8) == mockPixels(3, 1, 8));
        QVERIFY(mockPixels(3, 1, 8) != mockPixels(4, 1, 8));
        const TokenizedSample text = mockSample(0, 1, 64, false, config);
        QCOMPARE(text.numInLoss(), 63);
    }
};

QTEST_GUILESS_MAIN(SampleOrderTest)
#include "sample_order_test.moc"
