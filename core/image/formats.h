#pragma once

// Which format a file has, and its header, for all formats.

#include "core/image/codec.h"
#include "core/image/image_header.h"

namespace facet::core::image {

inline Bytes asBytes(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

/// Errors  InvalidInput; names what the file is, if it is known but not supported.
Result<ImageFormat> sniff(Bytes file);

/// Errors  also for a picture without pixels.
Result<Header> readHeader(Bytes file, ImageFormat format);

}  // namespace facet::core::image
