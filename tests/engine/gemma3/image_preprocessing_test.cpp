// Resizing and scaling against transformers' Gemma3ImageProcessor (tests/engine/golden/make_pixels.py), bit
// for bit.

#include "engine/gemma3/image_preprocessing.h"

#include "core/safetensors/safetensors_file.h"
#include "engine/tensor_view.h"

#include <QTest>

using namespace facet;

static core::SafetensorsFile openFile(const char* path)
{
    return *core::SafetensorsFile::open(std::string(SOURCE_DIR) + "/tests/" + path);
}

class ImagePreprocessingTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void pixelsAreThoseOfTransformersBitForBit()
    {
        const core::SafetensorsFile decoded = openFile("core/image/golden/pictures/expected.safetensors");
        const core::SafetensorsFile expected = openFile("engine/golden/pixels.safetensors");
        QVERIFY(expected.tensors().size() >= 30);
        for (const auto& [name, view] : expected.tensors()) {
            const core::TensorView& picture = decoded.tensors().at(name);
            const auto* first = reinterpret_cast<const uint8_t*>(picture.bytes.data());
            const core::Image image = {
                picture.shape[1], picture.shape[0], {first, first + picture.bytes.size()}};
            const at::Tensor pixel_3SS = engine::gemma3::pixelValues(image, view.shape[1]);
            QVERIFY2(at::equal(pixel_3SS, engine::asTensor(view)), name.c_str());
        }
    }
};

QTEST_GUILESS_MAIN(ImagePreprocessingTest)
#include "image_preprocessing_test.moc"
