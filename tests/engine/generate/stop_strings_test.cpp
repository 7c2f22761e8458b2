#include "engine/generate/stop_strings.h"

#include "tests/support/check.h"

#include <QTest>

using facet::engine::StopStrings;

class StopStringsTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void textWithoutAStopStringComesThroughWhole()
    {
        StopStrings stop({"END", "\n\n"});
        std::string shown;
        for (const char* piece : {"Hello", " EN", "GLAND\n"})
            shown += stop.push(piece);
        shown += stop.finish();
        QCOMPARE(shown, std::string("Hello ENGLAND\n"));
        QVERIFY(!stop.found());
    }

    void aStopStringOverSeveralPiecesIsFoundAndNotShown()
    {
        StopStrings stop({"END"});
        QCOMPARE(stop.push("one E"), std::string("one "));  // "E" may be its beginning
        QCOMPARE(stop.push("N"), std::string());
        QCOMPARE(stop.push("D two"), std::string());
        QVERIFY(stop.found());
        QCOMPARE(stop.push("three"), std::string());
        QCOMPARE(stop.finish(), std::string());
    }

    void theFirstOfSeveralCounts()
    {
        StopStrings stop({"later", "now"});
        QCOMPARE(stop.push("stop now or later"), std::string("stop "));
    }

    void aBeginningThatRepeatsItselfIsHeldBack()
    {
        StopStrings stop({"aab"});
        QCOMPARE(stop.push("aaa"), std::string("a"));
        QCOMPARE(stop.push("b!"), std::string());
        QVERIFY(stop.found());
    }

    void noStopStringHoldsNothingBack()
    {
        StopStrings stop({""});
        QCOMPARE(stop.push("text"), std::string("text"));
    }
};

QTEST_GUILESS_MAIN(StopStringsTest)
#include "stop_strings_test.moc"
