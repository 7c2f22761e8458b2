#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace facet::core {

/// A picture as the model sees it: RGB, 8 bits a channel, rows from the top, upright.
struct Image {
    int64_t width = 0;
    int64_t height = 0;
    std::vector<uint8_t> rgb;  ///< [height, width, 3]
};

/// The most pixels that are decoded.
inline constexpr int64_t kMaxPixels = 200'000'000;

/// Decodes PNG, JPEG, WebP, GIF (first frame), BMP, told apart by content. The size is checked in the header before anything is decoded. EXIF orientation is
/// applied; 16 bits are scaled to 8; alpha is dropped as PIL's convert("RGB") does.
///
/// Errors  InvalidInput, one sentence: what is wrong with it; TIFF and HEIC are refused by name.
Result<Image> decodeImage(std::span<const std::byte> bytes);

/// Errors  also NotFound and Io.
Result<Image> readImage(const std::filesystem::path& path);

}  // namespace facet::core
