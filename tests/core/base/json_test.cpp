#include "core/base/json.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::core;

class JsonTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void valuesOfEveryKindAreRead()
    {
        const auto value = parseJson(R"({"a": [1, -2, 2.5, true, null, "x\u00e9"], "b": {"c": {}}})");
        QVERIFY2(value, reason(value));
        QCOMPARE(value->dump(), std::string(R"({"a":[1,-2,2.5,true,null,"xé"],"b":{"c":{}}})"));
    }

    void whatIsBrokenIsSaid_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("sentence");
        QTest::newRow("nothing") << QByteArray() << QByteArray("is not valid JSON at byte 1");
        QTest::newRow("cut short") << QByteArray("{\"a\": [1") << QByteArray("is not valid JSON at byte 9");
        QTest::newRow("more behind it") << QByteArray("{} {}") << QByteArray("is not valid JSON at byte 4");
        QTest::newRow("no UTF-8") << QByteArray("{\"\xff\": 1}") << QByteArray("is not valid JSON at byte 3");
        QTest::newRow("not a number") << QByteArray("[NaN]") << QByteArray("is not valid JSON at byte 2");
        QTest::newRow("a number beyond all")
            << QByteArray("[1e999]") << QByteArray("is not valid JSON at byte 6");
        QTest::newRow("a key twice") << QByteArray("{\"a\": {\"b\": 1, \"b\": 2}}")
                                     << QByteArray("has the key \"b\" twice");
        QTest::newRow("too deep") << QByteArray(65, '[') << QByteArray("is nested deeper than 64 levels");
        QTest::newRow("a million deep")
            << QByteArray(1 << 20, '[') << QByteArray("is nested deeper than 64 levels");
    }

    void whatIsBrokenIsSaid()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, sentence);
        const auto value = parseJson(text.toStdString());
        QVERIFY(!value);
        QCOMPARE(value.error().message, sentence.toStdString());
    }

    void theSameKeyInDifferentObjectsIsFine() { QVERIFY(parseJson(R"([{"a": 1}, {"a": {"a": 2}}])")); }

    void theFirstWrongMemberIsKept()
    {
        const nlohmann::json object = {{"big", 11}, {"half", 0.5}, {"word", "no"}, {"huge", UINT64_MAX}};
        JsonFields fields(object, "part.");
        QCOMPARE(fields.integer("absent", 7, 0, 10), 7);
        QVERIFY(!fields.error());
        QCOMPARE(fields.integer("big", 7, 0, 10), 7);
        QCOMPARE(fields.integer("half", 7, 0, 10), 7);
        QCOMPARE(fields.integer("huge", 7, INT64_MIN, INT64_MAX), 7);
        QCOMPARE(fields.flag("word", true), true);
        QCOMPARE(fields.error()->message, std::string("part.big is 11, not a whole number from 0 to 10"));
    }
};

QTEST_GUILESS_MAIN(JsonTest)
#include "json_test.moc"
