#pragma once

// stb_image, fenced in. It reads PNG and JPEG here; png.cpp and jpeg.cpp hand it files that they have checked
// and written anew, since stb_image takes what is cut short for whole and trusts some tables it should not.

#include "core/image/codec.h"

namespace facet::core::image {

/// Decodes a PNG or JPEG file to RGB. No single allocation goes far beyond what `width` x `height` pixels
/// need, so a file that unpacks to more than it says ends in an error.
///
/// Errors  InvalidInput: `format`'s picture is damaged, with stb_image's reason.
Result<Image> decodeWithStb(Bytes file, std::string_view format, int64_t width, int64_t height);

}  // namespace facet::core::image
