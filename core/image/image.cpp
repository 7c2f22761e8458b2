#include "core/image/image.h"

#include "core/base/file.h"
#include "core/image/codec.h"
#include "core/image/formats.h"

#include <algorithm>
#include <new>

namespace facet::core {
namespace {

using image::Bytes;
using image::Header;

/// stb_image's own limit, and far beyond any picture.
constexpr int64_t kMaxSide = 1 << 24;
constexpr size_t kMaxFileBytes = size_t{1} << 30;

Result<Image> decodeAs(ImageFormat format, Bytes file)
{
    switch (format) {
        case ImageFormat::Png:
            return image::decodePng(file);
        case ImageFormat::Jpeg:
            return image::decodeJpeg(file);
        case ImageFormat::WebP:
            return image::decodeWebP(file);
        case ImageFormat::Gif:
            return image::decodeGif(file);
        case ImageFormat::Bmp:
            break;
    }
    return image::decodeBmp(file);
}

/// Turns a picture as EXIF 2.3, 4.6.4 says: the value tells which edges row 0 and column 0 stand for.
Image upright(Image stored, int orientation)
{
    if (orientation <= 1)
        return stored;
    const bool swapsAxes = orientation >= 5;
    const bool fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;

    Image turned{swapsAxes ? stored.height : stored.width, swapsAxes ? stored.width : stored.height, {}};
    turned.rgb.resize(stored.rgb.size());
    uint8_t* pixel = turned.rgb.data();
    for (int64_t y = 0; y < turned.height; ++y) {
        for (int64_t x = 0; x < turned.width; ++x, pixel += 3) {
            const int64_t column = swapsAxes ? y : x;
            const int64_t row = swapsAxes ? x : y;
            const int64_t fromX = fromRight ? stored.width - 1 - column : column;
            const int64_t fromY = fromBottom ? stored.height - 1 - row : row;
            std::copy_n(stored.rgb.data() + 3 * (fromY * stored.width + fromX), 3, pixel);
        }
    }
    return turned;
}

Result<Image> decode(Bytes file, int64_t maxPixels)
{
    const auto format = image::sniff(file);
    if (!format)
        return format.error();
    const auto header = image::readHeader(file, *format);
    if (!header)
        return header.error();
    const std::string size = std::to_string(header->width) + " x " + std::to_string(header->height);
    if (header->width > kMaxSide || header->height > kMaxSide || header->width > maxPixels / header->height)
        return image::invalid("the picture has " + size + " pixels, more than the " +
                              std::to_string(maxPixels) + " that are read: make it smaller");
    auto stored = decodeAs(*format, file);
    if (!stored)
        return stored.error();
    return upright(*std::move(stored), header->orientation);
}

}  // namespace

Result<Image> decodeImage(std::span<const std::byte> bytes, int64_t maxPixels)
{
    try {
        return decode(image::asBytes(bytes), maxPixels);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "there is not enough memory for the picture: make it smaller"};
    }
}

Result<Image> readImage(const std::filesystem::path& path, int64_t maxPixels)
{
    // Read, not mapped: a picture that is cut short meanwhile, or lies on a broken disk, must not end the
    // process.
    const auto file = readFile(path, kMaxFileBytes);
    if (!file)
        return file.error();
    auto image = decodeImage(std::as_bytes(std::span(*file)), maxPixels);
    if (!image)
        return image.error().during("reading " + path.string());
    return image;
}

}  // namespace facet::core
