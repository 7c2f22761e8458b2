// Odd pictures against Pillow: golden/make_pictures.py made them and what Pillow sees in them.

#include "core/image/image.h"
#include "core/image/image_header.h"
#include "core/safetensors/safetensors_file.h"
#include "tests/support/check.h"

#include <QTest>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace facet::core;
using Json = nlohmann::json;

namespace {

const std::string kFolder = SOURCE_DIR "/tests/core/image/golden/pictures/";

std::string bytesOf(const std::string& name)
{
    std::ifstream file(kFolder + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::span<const std::byte> view(const std::string& bytes)
{
    return std::as_bytes(std::span(bytes));
}

/// The largest difference and where it is, or nothing worth a word.
struct Difference {
    int levels = 0;
    std::string where;
};

Difference largestDifference(const Image& image, const TensorView& expected)
{
    Difference worst;
    for (size_t i = 0; i < image.rgb.size(); ++i) {
        const int ours = image.rgb[i];
        const int theirs = std::to_integer<int>(expected.bytes[i]);
        if (std::abs(ours - theirs) <= worst.levels)
            continue;
        const auto pixel = static_cast<int64_t>(i / 3);
        std::ostringstream text;
        text << "x " << pixel % image.width << ", y " << pixel / image.width << ", channel " << i % 3 << ": "
             << ours << ", expected " << theirs;
        worst = {std::abs(ours - theirs), text.str()};
    }
    return worst;
}

}  // namespace

class ImageDecodeTest : public QObject {
    Q_OBJECT

    Json m_manifest = Json::parse(bytesOf("manifest.json"), nullptr, false);

    void addPictures() const
    {
        QTest::addColumn<QString>("entry");
        for (const Json& entry : m_manifest)
            QTest::newRow(entry["file"].get<std::string>().c_str()) << QString::fromStdString(entry.dump());
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY2(m_manifest.is_array() && m_manifest.size() >= 60, "manifest.json is missing");
    }

    void aPictureIsWhatPillowSees_data() { addPictures(); }
    void aPictureIsWhatPillowSees()
    {
        QFETCH(QString, entry);
        const Json picture = Json::parse(entry.toStdString());
        const auto file = picture["file"].get<std::string>();
        const auto golden = SafetensorsFile::open(kFolder + "expected.safetensors");
        QVERIFY2(golden, reason(golden));
        const TensorView& expected = golden->tensors().at(file);

        const auto image = readImage(kFolder + file);
        QVERIFY2(image, reason(image));
        QCOMPARE(image->height, expected.shape[0]);
        QCOMPARE(image->width, expected.shape[1]);
        QCOMPARE(image->rgb.size(), expected.bytes.size());
        const Difference worst = largestDifference(*image, expected);
        if (worst.levels > 0)
            qInfo("largest difference %d at %s", worst.levels, worst.where.c_str());
        QVERIFY2(worst.levels <= picture["tolerance"].get<int>(), worst.where.c_str());
    }

    void theHeaderTellsFormatSizeAndOrientation_data() { addPictures(); }
    void theHeaderTellsFormatSizeAndOrientation()
    {
        QFETCH(QString, entry);
        const Json picture = Json::parse(entry.toStdString());
        const std::string bytes = bytesOf(picture["file"].get<std::string>());
        const auto info = probeImage(view(bytes));
        QVERIFY2(info, reason(info));
        QCOMPARE(std::string(formatName(info->format)), picture["format"].get<std::string>());
        QCOMPARE(info->width, picture["width"].get<int64_t>());
        QCOMPARE(info->height, picture["height"].get<int64_t>());
        QCOMPARE(info->orientation, picture["orientation"].get<int>());
    }

    void aPictureAtTheLimitIsRead()
    {
        const std::string bytes = bytesOf("rgb.png");  // 61 x 47
        QVERIFY(decodeImage(view(bytes), 61 * 47));
    }

    void aPictureOverTheLimitIsRefusedWithItsSize()
    {
        const std::string bytes = bytesOf("rgb.png");
        const auto image = decodeImage(view(bytes), 61 * 47 - 1);
        QVERIFY(!image);
        QCOMPARE(image.error().message,
                 std::string("the picture has 61 x 47 pixels, more than the 2866 that are "
                             "read: make it smaller"));
    }
};

QTEST_GUILESS_MAIN(ImageDecodeTest)
#include "image_decode_test.moc"
