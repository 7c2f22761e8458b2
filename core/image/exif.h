#pragma once

// The one EXIF field that changes what a picture shows. Hostile input is expected: nothing is followed
// outside the bytes given.

#include <cstdint>
#include <optional>
#include <span>

namespace facet::core::image {

/// The orientation, 1 to 8, in an EXIF block (a small TIFF file, with or without "Exif\0\0" in front). A
/// value outside 1 to 8 counts as 1. Nothing if there is no such field or no such block.
///
/// Source  EXIF 2.3, 4.6.4, tag 0x0112; read as Pillow reads it: the last entry wins, integers of any width.
std::optional<int> exifOrientation(std::span<const uint8_t> exif);

/// The orientation in an XMP packet, which Pillow asks when EXIF has none.
std::optional<int> xmpOrientation(std::span<const uint8_t> xmp);

/// Both, as Pillow combines them; 1 if neither says anything.
int orientationOf(std::span<const uint8_t> exif, std::span<const uint8_t> xmp);

}  // namespace facet::core::image
