#pragma once

// What the decoders in this folder share. Included nowhere else.

#include "core/base/result.h"
#include "core/image/image.h"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace facet::core::image {

using Bytes = std::span<const uint8_t>;

/// A picture's size as it is stored, and how to turn it upright.
struct Header {
    int64_t width = 0;
    int64_t height = 0;
    int orientation = 1;  ///< EXIF's 1 to 8
};

// Each codec walks through its whole file for the header, so a file that is cut short is found there. The
// decoders expect a file whose header was accepted and give pixels as they are stored, orientation not
// applied.
Result<Header> readPngHeader(Bytes file);
Result<Image> decodePng(Bytes file);
Result<Header> readJpegHeader(Bytes file);
Result<Image> decodeJpeg(Bytes file);
Result<Header> readWebPHeader(Bytes file);
Result<Image> decodeWebP(Bytes file);
Result<Header> readGifHeader(Bytes file);
Result<Image> decodeGif(Bytes file);
Result<Header> readBmpHeader(Bytes file);
Result<Image> decodeBmp(Bytes file);

inline Error invalid(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

inline Error truncated(std::string_view format)
{
    return invalid("the " + std::string(format) + " picture is cut short: copy or download it again");
}

inline Error damaged(std::string_view format, std::string_view what)
{
    return invalid("the " + std::string(format) + " picture is damaged (" + std::string(what) +
                   "): copy or download it again");
}

inline bool startsWith(Bytes bytes, std::string_view prefix)
{
    return bytes.size() >= prefix.size() && std::memcmp(bytes.data(), prefix.data(), prefix.size()) == 0;
}

/// Whether `count` bytes lie at `at`.
inline bool has(Bytes bytes, size_t at, size_t count)
{
    return at <= bytes.size() && count <= bytes.size() - at;
}

// Limits  the bytes read must lie in `bytes`.
inline uint32_t be16(Bytes bytes, size_t at)
{
    assert(has(bytes, at, 2));
    return uint32_t{bytes[at]} << 8 | bytes[at + 1];
}
inline uint32_t be32(Bytes bytes, size_t at)
{
    return be16(bytes, at) << 16 | be16(bytes, at + 2);
}
inline uint32_t le16(Bytes bytes, size_t at)
{
    assert(has(bytes, at, 2));
    return uint32_t{bytes[at + 1]} << 8 | bytes[at];
}
inline uint32_t le32(Bytes bytes, size_t at)
{
    return le16(bytes, at + 2) << 16 | le16(bytes, at);
}

}  // namespace facet::core::image
