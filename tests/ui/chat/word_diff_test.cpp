// The words that differ between two texts. How many have to be marked in random ones comes from the longest
// common subsequence, computed by a table in Python.

#include "ui/chat/word_diff.h"

#include <QElapsedTimer>
#include <QTest>

using namespace facet::ui;

class WordDiffTest final : public QObject {
    Q_OBJECT

    static QStringList texts(const QString& text, const QList<TextSpan>& stretches)
    {
        QStringList words;
        for (const TextSpan& stretch : stretches)
            words << text.sliced(stretch.begin, stretch.length);
        return words;
    }

private Q_SLOTS:
    void whatDiffersIsMarked_data()
    {
        QTest::addColumn<QString>("left");
        QTest::addColumn<QString>("right");
        QTest::addColumn<QStringList>("onlyLeft");
        QTest::addColumn<QStringList>("onlyRight");
        const QStringList none;
        QTest::newRow("the same") << "A red cat."
                                  << "A red cat." << none << none;
        QTest::newRow("space is no word") << "A  red\ncat."
                                          << "A red cat. " << none << none;
        QTest::newRow("nothing against something") << ""
                                                   << "A cat" << none << QStringList{"A cat"};
        QTest::newRow("a word for a word")
            << "The star is yellow."
            << "The star is blue." << QStringList{"yellow"} << QStringList{"blue"};
        QTest::newRow("a number is one word")
            << "total: 14.0 EUR"
            << "total: 14.70 EUR" << QStringList{"14.0"} << QStringList{"14.70"};
        QTest::newRow("words beside each other are one stretch")
            << "It is a large red circle here"
            << "It is here" << QStringList{"a large red circle"} << none;
        QTest::newRow("but not over the end of a line") << "one\ntwo\nthree"
                                                        << "three" << (QStringList{"one", "two"}) << none;
        QTest::newRow("moved") << "a b c d"
                               << "d a b c" << QStringList{"d"} << QStringList{"d"};
        QTest::newRow("punctuation") << "Yes, it is"
                                     << "Yes. It is" << (QStringList{", it"}) << (QStringList{". It"});
        QTest::newRow("beyond one unit") << QString::fromUtf8("ein \xF0\x9F\x98\x80 Stern")
                                         << QString::fromUtf8("ein \xF0\x9F\x98\x82 Stern")
                                         << QStringList{QString::fromUtf8("\xF0\x9F\x98\x80")}
                                         << QStringList{QString::fromUtf8("\xF0\x9F\x98\x82")};
        QTest::newRow("without spaces")
            << QString::fromUtf8("\xE7\xBA\xA2\xE8\x89\xB2") << QString::fromUtf8("\xE8\x93\x9D\xE8\x89\xB2")
            << QStringList{QString::fromUtf8("\xE7\xBA\xA2")}
            << QStringList{QString::fromUtf8("\xE8\x93\x9D")};
    }

    void whatDiffersIsMarked()
    {
        QFETCH(QString, left);
        QFETCH(QString, right);
        const WordDiff diff = diffWords(left, right);
        QTEST(texts(left, diff.left), "onlyLeft");
        QTEST(texts(right, diff.right), "onlyRight");
    }

    void noMoreThanNeededIsMarked_data()
    {
        QTest::addColumn<QString>("left");
        QTest::addColumn<QString>("right");
        QTest::addColumn<int>("numLeft");
        QTest::addColumn<int>("numRight");
        QTest::newRow("5 words against 5")
            << QString::fromLatin1("abbaa") << QString::fromLatin1("aaaaa") << 2 << 2;
        QTest::newRow("12 words against 9")
            << QString::fromLatin1("bcabbbbbcaba") << QString::fromLatin1("baacbcbbb") << 6 << 3;
        QTest::newRow("30 words against 40")
            << QString::fromLatin1("acaaddaacbadbbaadbbddccdbbaccd")
            << QString::fromLatin1("bcbccabcbaccbcadcdcdbdababbcaadcbdbbdddd") << 10 << 20;
        QTest::newRow("64 words against 64")
            << QString::fromLatin1(
                   "bbebabbfchcbdacfgbefffahdaaccfghbbddhhcgbbhchbhgfhdadahbbdaa"
                   "fgbd")
            << QString::fromLatin1(
                   "dfgdaeebfgdebgffefebdhfgedeggffgdhbecbhegbeeeeegdfddhdddfhbb"
                   "gbcg")
            << 35 << 35;
        QTest::newRow("100 words against 7")
            << QString::fromLatin1(
                   "aaacacbaabbcbcaacbcabaaacbaacacbabcbbacaccbbaabbabcaacaababc"
                   "aaaaccaaccbbaccbaccaacaababaaabacbcccbbb")
            << QString::fromLatin1("cccbccc") << 93 << 0;
        QTest::newRow("1 words against 50")
            << QString::fromLatin1("b")
            << QString::fromLatin1("babbbabbbababbabbaabbbbaaaaababababbababaabbbbbbaa") << 0 << 49;
        QTest::newRow("60 words against 60")
            << QString::fromLatin1("baaabbbbabababbbbbbbbbabbbaabbbbbaaaaabaabbaaaababbaaaabbaaa")
            << QString::fromLatin1("bbabaaaabbabaaabbabbaababbaaabbbbbabaaaababaabbbbbaabaabaaab") << 14
            << 14;
    }

    void noMoreThanNeededIsMarked()
    {
        QFETCH(QString, left);
        QFETCH(QString, right);
        const QString a = left.split(QString(), Qt::SkipEmptyParts).join(u' ');
        const QString b = right.split(QString(), Qt::SkipEmptyParts).join(u' ');
        const WordDiff diff = diffWords(a, b);
        QTEST(diff.numLeft, "numLeft");
        QTEST(diff.numRight, "numRight");
        // What is not marked is the same on both sides.
        QString restA = a, restB = b;
        for (const TextSpan& stretch : diff.left)
            restA.replace(stretch.begin, stretch.length, QString(stretch.length, u' '));
        for (const TextSpan& stretch : diff.right)
            restB.replace(stretch.begin, stretch.length, QString(stretch.length, u' '));
        QCOMPARE(restA.simplified(), restB.simplified());
    }

    void tenThousandWordsTakeSeconds()
    {
        QStringList a, b;
        for (int i = 0; i < 10'000; ++i) {
            a << QString::number(i * 7919 % 1000);
            b << QString::number(i * 104'729 % 1000);
        }
        QElapsedTimer timer;
        timer.start();
        const WordDiff diff = diffWords(a.join(u' '), b.join(u' '));
        QVERIFY(diff.numLeft > 0);
        QVERIFY2(timer.elapsed() < 5000, qPrintable(QString::number(timer.elapsed())));
        qInfo("%lld ms", timer.elapsed());
    }
};

QTEST_GUILESS_MAIN(WordDiffTest)
#include "word_diff_test.moc"
