// Random pictures against Pillow, live: image_peer.py writes them and what Pillow sees in them.

#include "core/image/image.h"
#include "core/safetensors/safetensors_file.h"
#include "tests/support/check.h"

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cstdlib>
#include <string>

using namespace facet::core;

class ImagePeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void randomPicturesAreWhatPillowSees()
    {
        const QString python = SOURCE_DIR "/.venv/bin/python";
        if (!QFile::exists(python))
            QSKIP("there is no .venv/bin/python to compare with");
        const QTemporaryDir folder;
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(python, {SOURCE_DIR "/tests/core/image/image_peer.py", folder.path(), "300"});
        QVERIFY(process.waitForFinished(240'000));
        const QByteArray output = process.readAll();
        if (process.exitCode() == 3)
            QSKIP(output.constData());
        QVERIFY2(process.exitCode() == 0, output.constData());

        const std::string path = folder.path().toStdString() + "/";
        const auto golden = SafetensorsFile::open(path + "expected.safetensors");
        QVERIFY2(golden, reason(golden));
        QVERIFY(golden->tensors().size() >= 300);
        int worstOfJpeg = 0;
        for (const auto& [name, expected] : golden->tensors()) {
            const auto image = readImage(path + name);
            QVERIFY2(image, reason(image));
            QVERIFY2(image->height == expected.shape[0] && image->width == expected.shape[1], name.c_str());
            int worst = 0;
            for (size_t i = 0; i < image->rgb.size(); ++i)
                worst = std::max(worst, std::abs(image->rgb[i] - std::to_integer<int>(expected.bytes[i])));
            const bool isJpeg = name.ends_with(".jpg");
            if (isJpeg)
                worstOfJpeg = std::max(worstOfJpeg, worst);
            // In 2400 random JPEGs one pixel was 4 levels off, no other more than 3.
            QVERIFY2(worst <= (isJpeg ? 4 : 0), (name + " differs by " + std::to_string(worst)).c_str());
        }
        qInfo("%zu pictures; the largest difference of a JPEG is %d levels", golden->tensors().size(),
              worstOfJpeg);
    }
};

QTEST_GUILESS_MAIN(ImagePeerTest)
#include "image_peer_test.moc"
