#include "engine/gemma3/image_preprocessing.h"

namespace facet::engine::gemma3 {

at::Tensor pixelValues(const core::Image& image, int64_t imageSize)
{
    // from_blob wants a pointer that may be written; nobody writes through it.
    void* data = const_cast<uint8_t*>(image.rgb.data());
    const at::Tensor pixel_HWC = at::from_blob(data, {image.height, image.width, 3}, at::kByte);
    at::Tensor pixel_1CHW = pixel_HWC.permute({2, 0, 1}).unsqueeze(0).contiguous();
    if (image.height != imageSize || image.width != imageSize)
        pixel_1CHW = at::_upsample_bilinear2d_aa(pixel_1CHW, {imageSize, imageSize}, /*align_corners=*/false);
    return ((pixel_1CHW.squeeze(0).to(at::kFloat) - 127.5) / 127.5);
}

}  // namespace facet::engine::gemma3
