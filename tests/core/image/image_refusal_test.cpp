// What is no picture, or only a part of one, ends in a sentence.

#include "core/image/image.h"
#include "core/image/image_header.h"
#include "tests/support/check.h"

#include <QTest>

#include <zlib.h>
#include <fstream>
#include <iterator>
#include <string>

using namespace facet::core;
using namespace std::string_literals;

namespace {

const std::string kFolder = SOURCE_DIR "/tests/core/image/golden/pictures/";

std::string bytesOf(const std::string& name)
{
    std::ifstream file(kFolder + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Result<Image> decode(const std::string& bytes)
{
    return decodeImage(std::as_bytes(std::span(bytes)));
}

std::string messageOf(const std::string& bytes)
{
    const auto image = decode(bytes);
    return image ? "" : image.error().message;
}

std::string be32(uint32_t value)
{
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += static_cast<char>(value >> shift);
    return text;
}

std::string chunk(const std::string& type, const std::string& data)
{
    const std::string whole = type + data;
    const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(whole.data()), whole.size());
    return be32(static_cast<uint32_t>(data.size())) + whole + be32(static_cast<uint32_t>(checksum));
}

/// An 8-bit grey PNG whose pixels unpack to `unpacked` zero bytes.
std::string png(uint32_t width, uint32_t height, size_t unpacked)
{
    const std::string zeros(unpacked, '\0');
    uLongf size = compressBound(unpacked);
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(zeros.data()),
             unpacked);
    packed.resize(size);
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", be32(width) + be32(height) + "\x08\0\0\0\0"s) +
           chunk("IDAT", packed) + chunk("IEND", "");
}

void addRow(const char* name, const std::string& bytes, const char* message)
{
    QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())) << QString(message);
}

}  // namespace

class ImageRefusalTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsNotReadIsNamed_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("message");
        addRow("empty", "", "the picture file is empty");
        addRow("text", "Hello, this is a letter.\n", "this is a text file, not a picture");
        addRow("text like BMP", "BMW builds cars.\n", "this is a text file, not a picture");
        addRow("tiff", "II*\0\x08\0\0\0"s, "TIFF is not supported: save the picture as PNG, JPEG or WebP");
        addRow("tiff, other order", "MM\0*\0\0\0\x08"s, "TIFF is not supported");
        addRow("heic",
               "\0\0\0\x18"
               "ftypheic\0\0\0\0"s,
               "HEIC is not supported");
        addRow("heif",
               "\0\0\0\x18"
               "ftypmif1\0\0\0\0"s,
               "HEIC is not supported");
        addRow("avif",
               "\0\0\0\x18"
               "ftypavif\0\0\0\0"s,
               "AVIF is not supported");
        addRow("video",
               "\0\0\0\x18"
               "ftypisom\0\0\0\0"s,
               "MP4 is not supported");
        addRow("jpeg xl", "\xFF\x0A\0\0"s, "JPEG XL is not supported");
        addRow("pdf", "%PDF-1.7\n", "PDF is not supported");
        addRow("svg", "<?xml version=\"1.0\"?>\n<svg xmlns=\"\"/>", "SVG is not supported");
        addRow("photoshop", "8BPS\0\x01"s, "Photoshop is not supported");
        addRow("unknown", "\x01\x02\x03\x04\x05"s, "it starts with 01 02 03 04");
    }
    void whatIsNotReadIsNamed()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, message);
        const auto image = decode(bytes.toStdString());
        QVERIFY(!image);
        QCOMPARE(image.error().code, ErrorCode::InvalidInput);
        QVERIFY2(image.error().message.find(message.toStdString()) != std::string::npos,
                 image.error().message.c_str());
    }

    void aPictureThatIsCutShortIsRefused_data()
    {
        QTest::addColumn<QString>("file");
        for (const char* file : {"rgb.png", "palette.png", "baseline.jpg", "progressive.jpg", "lossy.webp",
                                 "animated.webp", "lossless_alpha.webp", "rgba.bmp", "rgba_masks.bmp"})
            QTest::newRow(file) << QString(file);
    }
    void aPictureThatIsCutShortIsRefused()
    {
        QFETCH(QString, file);
        const std::string whole = bytesOf(file.toStdString());
        QVERIFY(decode(whole));
        for (size_t length = 16; length < whole.size(); ++length)
            QVERIFY2(!decode(whole.substr(0, length)), std::to_string(length).c_str());
        QVERIFY(
            messageOf(whole.substr(0, whole.size() - 1)).find("is cut short: copy or download it again") !=
            std::string::npos);
    }

    void aGifWithoutAllItsPixelsIsRefused()
    {
        // Its end marks are not needed, as in Pillow; the codes are.
        const std::string whole = bytesOf("still.gif");
        QVERIFY(decode(whole.substr(0, whole.size() - 2)));
        for (size_t length = 6; length + 4 < whole.size(); ++length)
            QVERIFY2(!decode(whole.substr(0, length)), std::to_string(length).c_str());
    }

    void aDamagedPngIsRefused()
    {
        std::string bytes = bytesOf("rgb.png");
        bytes[bytes.size() / 2] ^= 1;
        QVERIFY(messageOf(bytes).find("wrong checksum of IDAT") != std::string::npos);
    }

    void aPngWithTooFewRowsIsRefused()
    {
        QVERIFY(messageOf(png(10, 10, 5 * 11)).find("PNG picture is damaged") != std::string::npos);
    }

    void aPictureWithoutPixelsIsRefused()
    {
        QCOMPARE(messageOf(png(0, 10, 10)), "the PNG picture has no pixels (0 x 10)"s);
        std::string jpeg = bytesOf("baseline.jpg");
        const size_t frame = jpeg.find("\xFF\xC0");
        jpeg[frame + 5] = jpeg[frame + 6] = 0;
        QCOMPARE(messageOf(jpeg), "the JPEG picture has no pixels (43 x 0)"s);
    }

    void aHugePictureIsRefusedBeforeItIsDecoded()
    {
        QCOMPARE(messageOf(png(30'000, 30'000, 10)),
                 "the picture has 30000 x 30000 pixels, more than the 200000000 "
                 "that are read: make it smaller"s);
        QVERIFY(messageOf(png(0x7FFFFFFF, 0x7FFFFFFF, 10)).find("more than the") != std::string::npos);
        QVERIFY(messageOf(png(20'000'000, 1, 10)).find("20000000 x 1 pixels") != std::string::npos);
    }

    void aSmallPictureThatUnpacksToMuchMoreIsRefused()
    {
        const std::string bomb = png(1, 1, 40'000'000);
        QVERIFY(messageOf(bomb).find("unpacks to more than its size says") != std::string::npos);
    }

    void aHuffmanTableWithTooManyCodesIsRefused()
    {
        // stb_image would write past its tables of 256. 200 codes of 9 bits and 100 of 10 are a valid tree
        // otherwise.
        const std::string bytes = bytesOf("baseline.jpg");
        const std::string codes = std::string(8, '\0') + "\xC8\x64" + std::string(6, '\0');
        const std::string many = "\xFF\xC4\x01\x3F\x13" + codes + std::string(300, 'x');
        QVERIFY(messageOf(bytes.substr(0, 2) + many + bytes.substr(2)).find("Huffman table") !=
                std::string::npos);
        const std::string most = "\xFF\xC4\x10\x03\x13" + std::string(16, '\xFF') + std::string(4080, 'x');
        QVERIFY(messageOf(bytes.substr(0, 2) + most + bytes.substr(2)).find("Huffman table") !=
                std::string::npos);
    }

    void aJpegWithEndlessScansIsRefused()
    {
        const std::string bytes = bytesOf("progressive.jpg");
        const size_t scan = bytes.rfind("\xFF\xDA");
        const std::string last = bytes.substr(scan, bytes.size() - 2 - scan);
        std::string many = bytes.substr(0, bytes.size() - 2);
        for (int i = 0; i < 300; ++i)
            many += last;
        QVERIFY(messageOf(many + "\xFF\xD9").find("more than 200 scans") != std::string::npos);
    }

    void aKindOfJpegThatIsNotReadIsNamed()
    {
        std::string bytes = bytesOf("baseline.jpg");
        const size_t frame = bytes.find("\xFF\xC0");
        bytes[frame + 1] = '\xC9';
        QVERIFY(messageOf(bytes).find("arithmetic-coded JPEG is not supported") != std::string::npos);
        bytes[frame + 1] = '\xC3';
        QVERIFY(messageOf(bytes).find("lossless or hierarchical JPEG is not supported") != std::string::npos);
        bytes[frame + 1] = '\xC1';
        bytes[frame + 4] = 12;
        QVERIFY(messageOf(bytes).find("JPEG with 12 bits is not supported") != std::string::npos);
    }

    void aRunLengthCodedBmpIsNamed()
    {
        std::string bytes = bytesOf("palette.bmp");
        bytes[30] = 1;
        QCOMPARE(messageOf(bytes), "run-length coded BMP is not supported: save the picture as PNG"s);
    }

    void aMissingFileIsNotFound()
    {
        const auto image = readImage("/nowhere/cat.png");
        QVERIFY(!image);
        QCOMPARE(image.error().code, ErrorCode::NotFound);
    }

    void anErrorNamesTheFile()
    {
        const auto image = readImage(kFolder + "manifest.json");
        QVERIFY(!image);
        QVERIFY(image.error().message.starts_with("reading " + kFolder + "manifest.json: "));
    }

    void theHeaderOfSomethingElseIsRefused()
    {
        const std::string tiff = "II*\0\x08\0\0\0"s;
        const auto info = probeImage(std::as_bytes(std::span(tiff)));
        QVERIFY(!info);
        QVERIFY(info.error().message.starts_with("TIFF is not supported"));
    }
};

QTEST_GUILESS_MAIN(ImageRefusalTest)
#include "image_refusal_test.moc"
