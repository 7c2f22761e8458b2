// BMP, uncompressed. Not by stb_image: it takes a file that is cut short for whole and rounds 16-bit colours
// otherwise than Pillow. What the header means, and its oddities, are as in Pillow's BmpImagePlugin.

#include "core/image/codec.h"

#include <algorithm>
#include <array>

namespace facet::core::image {
namespace {

constexpr size_t kFileHeaderSize = 14;
constexpr uint32_t kRaw = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3;

using Masks = std::array<uint32_t, 4>;  ///< red, green, blue, alpha

struct Bmp {
    int64_t width = 0;
    int64_t height = 0;
    bool topDown = false;
    uint32_t bits = 0;
    Masks masks{};
    Bytes palette;
    size_t paletteStep = 4;  ///< bytes a colour: BGR, and one more unless the header is OS/2's
    Bytes pixels;
    size_t stride = 0;
};

/// The layouts that Pillow knows.
bool isKnownLayout(uint32_t bits, const Masks& masks)
{
    static constexpr std::array<Masks, 8> k32{{{0xFF0000, 0xFF00, 0xFF, 0},
                                               {0xFF000000, 0xFF0000, 0xFF00, 0},
                                               {0xFF000000, 0xFF00, 0xFF, 0},
                                               {0xFF000000, 0xFF0000, 0xFF00, 0xFF},
                                               {0xFF, 0xFF00, 0xFF0000, 0xFF000000},
                                               {0xFF0000, 0xFF00, 0xFF, 0xFF000000},
                                               {0xFF000000, 0xFF00, 0xFF, 0xFF0000},
                                               {0, 0, 0, 0}}};
    const auto rgbIs = [&](uint32_t r, uint32_t g, uint32_t b) {
        return masks[0] == r && masks[1] == g && masks[2] == b;
    };
    switch (bits) {
        case 32:
            return std::find(k32.begin(), k32.end(), masks) != k32.end();
        case 24:
            return rgbIs(0xFF0000, 0xFF00, 0xFF);
        case 16:
            return rgbIs(0xF800, 0x7E0, 0x1F) || rgbIs(0x7C00, 0x3E0, 0x1F);
        default:
            return false;
    }
}

/// Reads width, height, depth; `compression` and `colours` are 0 for OS/2's header.
struct Fields {
    uint32_t compression = 0;
    uint32_t colours = 0;
};

Fields readFields(Bytes file, uint32_t headerSize, Bmp& bmp)
{
    constexpr size_t at = kFileHeaderSize;
    if (headerSize == 12) {
        bmp.width = le16(file, at + 4);
        bmp.height = le16(file, at + 6);
        bmp.bits = le16(file, at + 10);
        bmp.paletteStep = 3;
        return {};
    }
    bmp.width = le32(file, at + 4);
    bmp.height = le32(file, at + 8);
    bmp.topDown = file[at + 11] == 0xFF;
    if (bmp.topDown)
        bmp.height = (int64_t{1} << 32) - bmp.height;
    bmp.bits = le16(file, at + 14);
    return {le32(file, at + 16), le32(file, at + 32)};
}

Result<void> readMasks(Bytes file, uint32_t headerSize, size_t& at, uint32_t compression, Bmp& bmp)
{
    if (compression == kRaw) {
        bmp.masks = bmp.bits == 16 ? Masks{0x7C00, 0x3E0, 0x1F, 0} : Masks{0xFF0000, 0xFF00, 0xFF, 0};
        return {};
    }
    if (compression == kRle8 || compression == kRle4)
        return invalid("run-length coded BMP is not supported: save the picture as PNG");
    if (compression != kBitFields)
        return invalid("BMP with compression " + std::to_string(compression) +
                       " is not supported: save the picture as PNG");
    // A header of 40 bytes has the masks behind it.
    const size_t masksAt = kFileHeaderSize + 40;
    const size_t count = headerSize >= 56 ? 4 : 3;
    if (!has(file, masksAt, 4 * count))
        return truncated("BMP");
    for (size_t i = 0; i < count; ++i)
        bmp.masks[i] = le32(file, masksAt + 4 * i);
    if (headerSize < 52)
        at += 12;
    if (!isKnownLayout(bmp.bits, bmp.masks))
        return invalid("the layout of the BMP's colours is not supported: save the picture as PNG");
    if (bmp.bits == 32 && bmp.masks == Masks{})
        bmp.masks = {0xFF0000, 0xFF00, 0xFF, 0xFF000000};
    return {};
}

Result<Bmp> parseBmp(Bytes file)
{
    if (!has(file, 0, kFileHeaderSize + 4))
        return truncated("BMP");
    size_t offset = le32(file, 10);
    const uint32_t headerSize = le32(file, kFileHeaderSize);
    constexpr std::array<uint32_t, 7> kSizes{12, 40, 52, 56, 64, 108, 124};
    if (std::find(kSizes.begin(), kSizes.end(), headerSize) == kSizes.end())
        return damaged("BMP", "a header of " + std::to_string(headerSize) + " bytes");
    if (!has(file, kFileHeaderSize, headerSize))
        return truncated("BMP");

    Bmp bmp;
    const Fields fields = readFields(file, headerSize, bmp);
    if (bmp.bits != 1 && bmp.bits != 4 && bmp.bits != 8 && bmp.bits != 16 && bmp.bits != 24 && bmp.bits != 32)
        return damaged("BMP", std::to_string(bmp.bits) + " bits a pixel");
    size_t at = kFileHeaderSize + headerSize;
    if (auto read = readMasks(file, headerSize, at, fields.compression, bmp); !read)
        return read.error();

    if (bmp.bits <= 8) {
        const size_t colours = fields.colours ? fields.colours : size_t{1} << bmp.bits;
        if (colours > 65536)
            return damaged("BMP", std::to_string(colours) + " colours");
        const size_t size = colours * bmp.paletteStep;
        if (!has(file, at, size))
            return truncated("BMP");
        bmp.palette = file.subspan(at, size);
        at += size;
        // Some writers forget the palette when they say where the pixels start.
        if (offset == kFileHeaderSize + headerSize)
            offset += size;
    }
    if (offset == 0)
        offset = at;

    // Sizes below 2^32 and at most 32 bits a pixel: no overflow before the comparison.
    if (bmp.width == 0 || bmp.height == 0)
        return bmp;  // refused by whoever looks at the size
    bmp.stride = (static_cast<size_t>(bmp.width) * bmp.bits + 31) / 32 * 4;
    const size_t row = (static_cast<size_t>(bmp.width) * bmp.bits + 7) / 8;
    if (offset > file.size() || row > file.size() - offset ||
        static_cast<size_t>(bmp.height - 1) > (file.size() - offset - row) / bmp.stride)
        return truncated("BMP");
    bmp.pixels = file.subspan(offset);
    return bmp;
}

/// The bits of `value` under `mask`, scaled to 0 to 255 as Pillow does: rounded down.
uint8_t channel(uint32_t value, uint32_t mask)
{
    const uint32_t lowest = mask & (~mask + 1);
    return static_cast<uint8_t>((value & mask) / lowest * 255 / (mask / lowest));
}

using Colours = std::array<std::array<uint8_t, 3>, 256>;

Colours readPalette(const Bmp& bmp)
{
    const size_t count = bmp.palette.size() / bmp.paletteStep;
    Colours colours{};
    bool isGrey = count != 2;
    for (size_t i = 0; i < count; ++i) {
        for (size_t c = 0; c < 3; ++c) {
            const uint8_t value = bmp.palette[i * bmp.paletteStep + 2 - c];
            isGrey = isGrey && value == i;
            if (i < colours.size())
                colours[i][c] = value;
        }
    }
    // Pillow leaves out a palette in which each colour is its own index; others end in black.
    if (isGrey) {
        for (size_t i = count; i < colours.size(); ++i)
            colours[i].fill(static_cast<uint8_t>(i));
    }
    return colours;
}

}  // namespace

Result<Header> readBmpHeader(Bytes file)
{
    const auto bmp = parseBmp(file);
    if (!bmp)
        return bmp.error();
    return Header{bmp->width, bmp->height, 1};
}

Result<Image> decodeBmp(Bytes file)
{
    const auto bmp = parseBmp(file);
    if (!bmp)
        return bmp.error();
    const Colours colours = readPalette(*bmp);
    Image image{bmp->width, bmp->height, {}};
    image.rgb.resize(static_cast<size_t>(3 * image.width * image.height));
    uint8_t* pixel = image.rgb.data();
    for (int64_t y = 0; y < bmp->height; ++y) {
        const int64_t line = bmp->topDown ? y : bmp->height - 1 - y;
        const Bytes row = bmp->pixels.subspan(static_cast<size_t>(line) * bmp->stride);
        for (size_t x = 0; x < static_cast<size_t>(bmp->width); ++x, pixel += 3) {
            if (bmp->bits <= 8) {
                const size_t bit = x * bmp->bits;
                const uint32_t index = row[bit / 8] >> (8 - bmp->bits - bit % 8) & ((1u << bmp->bits) - 1);
                std::copy_n(colours[index].begin(), 3, pixel);
                continue;
            }
            uint32_t value = 0;
            for (size_t byte = 0; byte < bmp->bits / 8; ++byte)
                value |= uint32_t{row[x * bmp->bits / 8 + byte]} << (8 * byte);
            for (size_t c = 0; c < 3; ++c)
                pixel[c] = channel(value, bmp->masks[c]);
        }
    }
    return image;
}

}  // namespace facet::core::image
