// Rows counted in pieces are counted as in one go, and what a piece costs does not depend on those before it.

#include "ui/finetune/data_session.h"
#include "tests/support/check.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace facet;
using namespace facet::ui;

class DataSessionTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_place;

    std::string writeRows(int count) const
    {
        const std::string path = (m_place.path() + QStringLiteral("/rows.jsonl")).toStdString();
        std::ofstream file(path);
        for (int i = 0; i < count; ++i)
            if (i % 50 == 7)
                file << "{\"prompt\": \"no answer\", \"completion\": 5}\n";
            else
                file << "{\"prompt\": \"" << std::string(static_cast<size_t>(1 + i * 37 % 90), 'a')
                     << "\", \"completion\": \"b\"}\n";
        return path;
    }

private Q_SLOTS:
    void piecesAddUpToTheWhole()
    {
        DataQuery query;
        query.source.path = writeRows(600);
        query.modelPath = SOURCE_DIR "/resources/demo-model";
        query.sequenceLength = 32;
        const auto head = DataSession::open(query);
        QVERIFY2(head, reason(head));
        const auto session = (*head)->withAllRows();
        QVERIFY2(session, reason(session));
        DataCounts whole, pieces;
        countRows(**session, whole, 60'000);
        QCOMPARE(whole.nextRow, int64_t{600});
        QCOMPARE(whole.bad, int64_t{12});
        int numPieces = 0;
        while (pieces.nextRow < 600) {
            DataCounts piece;
            piece.nextRow = pieces.nextRow;
            countRows(**session, piece, 1);
            QVERIFY(std::ssize(piece.lengths) <= piece.nextRow - pieces.nextRow);
            pieces.add(std::move(piece));
            ++numPieces;
        }
        QVERIFY(numPieces > 1);
        QCOMPARE(pieces.good, whole.good);
        QCOMPARE(pieces.bad, whole.bad);
        QCOMPARE(pieces.tokens, whole.tokens);
        QCOMPARE(pieces.inLoss, whole.inLoss);
        QVERIFY(pieces.lengths == whole.lengths && pieces.goodRows == whole.goodRows);
        QVERIFY(pieces.rowsByLength == whole.rowsByLength);
        QCOMPARE(pieces.problems.size(), whole.problems.size());
        QCOMPARE(pieces.problems.back().row, whole.problems.back().row);
        QCOMPARE(whole.longest(), *std::ranges::max_element(whole.lengths));
        QCOMPARE(whole.longerThan(32),
                 std::ranges::count_if(whole.lengths, [](int64_t l) { return l > 32; }));
        QVERIFY(whole.hasAllLengths());
    }

    void lengthsBeyondWhatIsPackedAreCountedOnly()
    {
        DataCounts counts, later;
        later.lengths.assign(DataCounts::kMostLengths - 1, 5);
        later.goodRows = later.lengths;
        later.good = std::ssize(later.lengths);
        later.rowsByLength = {{5, later.good}};
        counts.add(later);
        QVERIFY(counts.hasAllLengths());
        counts.add(later);
        QCOMPARE(counts.lengths.size(), DataCounts::kMostLengths);
        QCOMPARE(counts.longerThan(4), 2 * later.good);
        QVERIFY(!counts.hasAllLengths());
    }
};

QTEST_GUILESS_MAIN(DataSessionTest)
#include "data_session_test.moc"
