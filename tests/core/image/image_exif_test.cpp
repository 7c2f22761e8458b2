// EXIF blocks by the rules of TIFF 6.0, whole and hostile. What Pillow makes of whole ones is in
// image_decode_test.

#include "core/image/exif.h"
#include "tests/support/check.h"

#include <QTest>

#include <string>
#include <vector>

using namespace facet::core::image;

namespace {

std::vector<uint8_t> bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

/// A little-endian block with one entry.
std::string block(const std::string& entry, const std::string& rest = "")
{
    using namespace std::string_literals;
    return "II*\0\x08\0\0\0\x01\0"s + entry + "\0\0\0\0"s + rest;
}

std::optional<int> orientation(const std::string& text)
{
    return exifOrientation(bytes(text));
}

}  // namespace

using namespace std::string_literals;

class ImageExifTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aShortIsRead()
    {
        QCOMPARE(orientation(block("\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"s)).value_or(0), 6);
    }

    void aLongIsRead() { QCOMPARE(orientation(block("\x12\x01\x04\0\x01\0\0\0\x08\0\0\0"s)).value_or(0), 8); }

    void theBlockMayHaveExifInFront()
    {
        QCOMPARE(orientation("Exif\0\0"s + block("\x12\x01\x03\0\x01\0\0\0\x05\0\0\0"s)).value_or(0), 5);
    }

    void ofSeveralValuesTheFirstCounts()
    {
        // Three shorts do not fit into the entry: they lie at 26.
        const std::string values = "\x03\0\x04\0\x05\0"s;
        QCOMPARE(orientation(block("\x12\x01\x03\0\x03\0\0\0\x1A\0\0\0"s, values)).value_or(0), 3);
    }

    void aValueOutOfRangeMeansUpright()
    {
        QCOMPARE(orientation(block("\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"s)).value_or(0), 1);
        QCOMPARE(orientation(block("\x12\x01\x03\0\x01\0\0\0\0\0\0\0"s)).value_or(0), 1);
        QCOMPARE(orientation(block("\x12\x01\x04\0\x01\0\0\0\x06\0\x01\0"s)).value_or(0), 1);
    }

    void whatIsNoExifSaysNothing_data()
    {
        QTest::addColumn<QByteArray>("text");
        const auto row = [](const char* name, const std::string& text) {
            QTest::newRow(name) << QByteArray(text.data(), static_cast<qsizetype>(text.size()));
        };
        row("nothing", "");
        row("only the name", "Exif\0\0"s);
        row("no byte order", "XX*\0\x08\0\0\0"s);
        row("header only", "II*\0\x08\0\0\0"s);
        row("directory far away", "II*\0\xFF\xFF\xFF\xFF"s);
        row("65535 entries, none there", "II*\0\x08\0\0\0\xFF\xFF"s);
        row("entry cut short", block("\x12\x01\x03\0\x01\0\0\0"s).substr(0, 18));
        row("values far away", block("\x12\x01\x03\0\xFF\xFF\xFF\xFF\xF0\xFF\xFF\xFF"s));
        row("text as value", block("\x12\x01\x02\0\x01\0\0\0\x06\0\0\0"s));
        row("another tag", block("\x0F\x01\x03\0\x01\0\0\0\x06\0\0\0"s));
        row("no values", block("\x12\x01\x03\0\0\0\0\0\x06\0\0\0"s));
    }
    void whatIsNoExifSaysNothing()
    {
        QFETCH(QByteArray, text);
        QVERIFY(!orientation(text.toStdString()));
    }

    void xmpIsAskedOnlyWhenExifIsSilent()
    {
        const auto xmp = bytes("<x tiff:Orientation=\"8\"/>");
        QCOMPARE(orientationOf(bytes(block("\x12\x01\x03\0\x01\0\0\0\x03\0\0\0"s)), xmp), 3);
        QCOMPARE(orientationOf({}, xmp), 8);
        QCOMPARE(orientationOf({}, bytes("<tiff:Orientation>4</tiff:Orientation>")), 4);
        QCOMPARE(orientationOf({}, bytes("tiff:Orientation tiff:Orientation=\"x\" tiff:Orientation")), 1);
        QCOMPARE(orientationOf({}, {}), 1);
    }
};

QTEST_GUILESS_MAIN(ImageExifTest)
#include "image_exif_test.moc"
