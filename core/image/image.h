#pragma once

// A picture file becomes what `PIL.Image.open(f)`, `ImageOps.exif_transpose` and `.convert("RGB")` give,
// since that is what Gemma 3's processors were trained and tested with.
//
// Bit-equal to Pillow 13: PNG, GIF, BMP, and WebP as far as libwebp's versions agree. JPEG: within 3 levels,
// since stb_image rounds its cosine transform otherwise than libjpeg-turbo (measured on 2400 random pictures;
// one pixel of them all was 4 off).
//
// Where we differ on purpose:
// - 16-bit grey PNG: Pillow cuts values at 255, so that all but the darkest become white; we take the high
//   byte, as Pillow itself does for 16-bit colour.
// - Damage: a PNG without its end, with a wrong checksum of its pixels or with too few rows, a JPEG without
//   its end mark and one with codes that do not exist are refused. Pillow takes some of them and guesses the
//   rest.
// - Bad EXIF: Pillow fails; we take the picture as it lies.
// - Not read: arithmetic-coded JPEG, run-length coded BMP, and all other formats.

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

/// Decodes PNG, JPEG, WebP, GIF, BMP, told apart by content; of an animation, the first frame. The size is
/// checked in the header before anything is decoded. EXIF orientation is applied; 16 bits are scaled to 8;
/// alpha is dropped, not blended, as PIL's convert("RGB") does.
///
/// Thread  any; blocks for the time of the decoding.
/// Cost    up to 16 bytes of memory a pixel while decoding.
/// Errors  InvalidInput, one sentence: what is wrong with it; TIFF, HEIC and others are refused by name.
///         OutOfMemory.
Result<Image> decodeImage(std::span<const std::byte> bytes, int64_t maxPixels = kMaxPixels);

/// Errors  those of decodeImage, with the file's name; also NotFound and Io.
Result<Image> readImage(const std::filesystem::path& path, int64_t maxPixels = kMaxPixels);

}  // namespace facet::core
