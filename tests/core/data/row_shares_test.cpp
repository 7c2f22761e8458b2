// Which rows are held out, and which file has another split. The words of splits are those of Hugging Face
// datasets' "Structure your repository".

#include "core/data/row_shares.h"
#include "tests/support/check.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace facet::core;

class RowSharesTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

    std::filesystem::path make(const QString& name) const
    {
        QFile file(m_folder.filePath(name));
        std::filesystem::create_directories(
            std::filesystem::path(file.fileName().toStdString()).parent_path());
        if (!file.open(QIODevice::WriteOnly))
            qFatal("cannot write");
        return file.fileName().toStdString();
    }

private Q_SLOTS:
    void eachRowTrainsOrIsHeldOut()
    {
        const RowShares shares = sharesOf(1000, 0.2, 7);
        std::vector<uint64_t> all = shares.trained;
        all.insert(all.end(), shares.heldOut.begin(), shares.heldOut.end());
        std::ranges::sort(all);
        QCOMPARE(all.size(), size_t{1000});
        for (uint64_t row = 0; row < 1000; ++row)
            QCOMPARE(all[row], row);
        QVERIFY(std::abs(std::ssize(shares.heldOut) - 200) < 4 * 13);  // four standard deviations
        QCOMPARE(numHeldOut(1000, 0.2, 7), std::ssize(shares.heldOut));
    }

    void theSeedAloneSaysWhichRowsAreHeldOut()
    {
        const RowShares shares = sharesOf(1000, 0.2, 7);
        QCOMPARE(sharesOf(1000, 0.2, 7, 10).heldOut, shares.heldOut);
        QCOMPARE(sharesOf(1000, 0.2, 7, 10).trained,
                 std::vector(shares.trained.begin(), shares.trained.begin() + 10));
        QVERIFY(sharesOf(1000, 0.2, 8).heldOut != shares.heldOut);
        // What is held out stays so where rows are added, and where more are held out.
        const RowShares longer = sharesOf(2000, 0.3, 7);
        QVERIFY(std::ranges::includes(longer.heldOut, shares.heldOut));
    }

    void aSplitHasAFileOfItsOwn_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("split");
        QTest::addColumn<QString>("other");
        QTest::newRow("the same word") << "a/train.jsonl"
                                       << "val"
                                       << "a/val.jsonl";
        QTest::newRow("another word for it") << "b/train.jsonl"
                                             << "validation"
                                             << "b/dev.jsonl";
        QTest::newRow("in the middle") << "c/my-train-00000.jsonl.gz"
                                       << "test"
                                       << "c/my-test-00000.jsonl.gz";
        QTest::newRow("NeMo's names") << "d/training.jsonl"
                                      << "validation"
                                      << "d/validation.jsonl";
        QTest::newRow("a word of one's own") << "e/train.jsonl"
                                             << "mine"
                                             << "e/mine.jsonl";
        QTest::newRow("the folder") << "f/train/rows.jsonl"
                                    << "valid"
                                    << "f/valid/rows.jsonl";
    }

    void aSplitHasAFileOfItsOwn()
    {
        QFETCH(QString, file);
        QFETCH(QString, split);
        QFETCH(QString, other);
        const std::filesystem::path expected = make(other);
        const Result<std::filesystem::path> found = fileOfSplit(make(file), split.toStdString());
        QVERIFY2(found, reason(found));
        QCOMPARE(found->string(), expected.string());
    }

    void aSplitThatIsNotThereIsSaid()
    {
        const auto refused = [](const std::filesystem::path& file, const char* split) {
            const Result<std::filesystem::path> found = fileOfSplit(file, split);
            return found ? "found " + found->string() : found.error().message;
        };
        const std::filesystem::path lonely = make("g/train.jsonl");
        QVERIFY(refused(lonely, "val").find("has no split \"val\"") != std::string::npos);
        QVERIFY(refused(lonely, "train").find("has no split \"train\"") != std::string::npos);
        // "strain" says no "train".
        QVERIFY(refused(make("h/strain.jsonl"), "val").find("does not say \"train\"") != std::string::npos);
        const std::filesystem::path twice = make("i/train.txt");
        make("i/val.txt");
        make("i/dev.txt");
        QVERIFY(refused(twice, "val").find("has two files") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(RowSharesTest)
#include "row_shares_test.moc"
