#pragma once

// What can be known of a picture without decoding it.

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace facet::core {

enum class ImageFormat { Png, Jpeg, WebP, Gif, Bmp };

/// "PNG", "JPEG", ...
std::string_view formatName(ImageFormat format);

struct ImageInfo {
    ImageFormat format = ImageFormat::Png;
    int64_t width = 0;  ///< in pixels, upright: as decodeImage gives it
    int64_t height = 0;
    int orientation = 1;  ///< EXIF's 1 to 8, already counted in width and height
};

/// Reads the headers only; the size is not limited.
///
/// Errors  InvalidInput as decodeImage, as far as the file's structure shows it.
Result<ImageInfo> probeImage(std::span<const std::byte> bytes);

}  // namespace facet::core
