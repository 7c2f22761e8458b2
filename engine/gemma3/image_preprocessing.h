#pragma once

#include "core/image/image.h"

#include <ATen/ATen.h>

namespace facet::engine::gemma3 {

/// Resizes a picture to a square, its shape be what it may, and brings 0..255 to -1..1.
///
/// Shapes  -> [3, imageSize, imageSize], float, on the CPU.
/// Source  transformers 5.17, Gemma3ImageProcessor with its default torchvision backend: bilinear with
/// antialiasing on
///         uint8, which at::_upsample_bilinear2d_aa equals bit for bit; (x / 255 - 0.5) / 0.5 fused as there.
at::Tensor pixelValues(const core::Image& image, int64_t imageSize);

}  // namespace facet::engine::gemma3
