// Dropout's draws: Philox gives Random123's known answers (its tests/kat_vectors, "philox4x32 10"), and
// elements are dropped by them, in one piece or in many.

#include "kernels/dropout.h"

#include <QTest>

#include <algorithm>
#include <vector>

using namespace facet::kernels;

class DropoutTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void philoxGivesTheKnownAnswers()
    {
        const auto compare = [](const Drawn& drawn, const std::vector<uint32_t>& expected) {
            QVERIFY(std::ranges::equal(drawn.at, expected));
        };
        compare(philox(0, 0, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
        compare(philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}),
                {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
        compare(philox(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822),
                {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
    }

    void piecesAreThoseOfTheWhole()
    {
        const Dropout how(0.4, 11);
        const std::vector<float> x(1000, 3.0F);
        std::vector<float> whole(1000), pieces(1000);
        dropout(whole.data(), x.data(), 0, 1000, 5, how);
        for (const auto& [first, count] :
             {std::pair{0, 1}, std::pair{1, 2}, std::pair{3, 600}, std::pair{603, 397}})
            dropout(pieces.data() + first, x.data() + first, first, count, 5, how);
        QCOMPARE(pieces, whole);
        for (size_t i = 0; i < whole.size(); ++i) {
            const bool isDropped = philox(i / 4, 11, 5).at[i % 4] < 0.4 * 4294967296.0;
            QCOMPARE(whole[i], isDropped ? 0.0F : 3.0F * static_cast<float>(1 / 0.6));
        }
    }

    void nothingIsDroppedByAShareOfNone()
    {
        const std::vector<float> x = {1, 2, 3, 4, 5};
        std::vector<float> y(5);
        dropout(y.data(), x.data(), 0, 5, 1, Dropout(0, 1));
        QCOMPARE(y, x);
    }
};

QTEST_GUILESS_MAIN(DropoutTest)
#include "dropout_test.moc"
