// PNG: the chunks are checked and the pixels' ones written anew for stb_image. Metadata, transparency and
// palette get Pillow's meaning here.

#include "core/image/codec.h"
#include "core/image/exif.h"
#include "core/image/stb.h"

#include <zlib.h>
#include <algorithm>
#include <vector>

namespace facet::core::image {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n"sv;
constexpr size_t kFirstChunk = 8;
constexpr size_t kChunkOverhead = 12;         // length, type, checksum
constexpr size_t kMaxUnpackedText = 1 << 20;  // Pillow's limit for packed text, too
constexpr size_t kPaletteBytes = 768;

struct Png {
    Bytes ihdr;
    Bytes palette;
    std::vector<Bytes> pixels;  ///< the data of the IDAT chunks
    size_t pixelBytes = 0;
    std::vector<uint8_t> exif;
    std::vector<uint8_t> xmp;
};

/// A chunk's data; `whole` starts with its type, for the checksum.
struct Chunk {
    Bytes whole;
    uint32_t checksum = 0;

    Bytes data() const { return whole.subspan(4); }
    bool is(std::string_view type) const { return startsWith(whole, type); }
    bool isIntact() const { return crc32_z(crc32_z(0, nullptr, 0), whole.data(), whole.size()) == checksum; }
};

std::vector<uint8_t> copy(Bytes bytes)
{
    return {bytes.begin(), bytes.end()};
}

/// Unpacks zlib data; nothing if it is damaged or grows too large.
std::vector<uint8_t> unpack(Bytes packed)
{
    std::vector<uint8_t> text(kMaxUnpackedText);
    uLongf size = text.size();
    if (uncompress(text.data(), &size, packed.data(), packed.size()) != Z_OK)
        size = 0;
    text.resize(size);
    return text;
}

/// What follows the first zero byte; `before` is what precedes it.
Bytes afterZero(Bytes bytes, Bytes& before)
{
    const auto zero = std::find(bytes.begin(), bytes.end(), uint8_t{0});
    before = {bytes.begin(), zero};
    return zero == bytes.end() ? Bytes{} : Bytes{zero + 1, bytes.end()};
}

bool equals(Bytes bytes, std::string_view text)
{
    return bytes.size() == text.size() && startsWith(bytes, text);
}

/// "\nexif\n    1234\n4d4d002a...", as ImageMagick writes it.
std::vector<uint8_t> fromHexProfile(Bytes text)
{
    for (int line = 0; line < 3; ++line) {
        const auto end = std::find(text.begin(), text.end(), uint8_t{'\n'});
        if (end == text.end())
            return {};
        text = {end + 1, text.end()};
    }
    std::vector<uint8_t> bytes;
    int high = -1;
    for (const uint8_t c : text) {
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0)
            continue;
        if (high >= 0)
            bytes.push_back(static_cast<uint8_t>(high << 4 | digit));
        high = high >= 0 ? -1 : digit;
    }
    return bytes;
}

/// EXIF and XMP can stand in four kinds of chunk.
void readMetadata(const Chunk& chunk, Png& png, std::vector<uint8_t>& rawProfile)
{
    Bytes keyword;
    if (chunk.is("eXIf")) {
        png.exif = copy(chunk.data());
    } else if (chunk.is("tEXt")) {
        const Bytes value = afterZero(chunk.data(), keyword);
        if (equals(keyword, "Raw profile type exif"))
            rawProfile = fromHexProfile(value);
    } else if (chunk.is("zTXt")) {
        const Bytes value = afterZero(chunk.data(), keyword);
        if (equals(keyword, "Raw profile type exif") && value.size() > 1)
            rawProfile = fromHexProfile(unpack(value.subspan(1)));
    } else if (chunk.is("iTXt")) {
        Bytes value = afterZero(chunk.data(), keyword);
        if (!equals(keyword, "XML:com.adobe.xmp") || value.size() < 2)
            return;
        const bool packed = value[0] != 0;
        Bytes language;
        value = afterZero(afterZero(value.subspan(2), language), language);
        png.xmp = packed ? unpack(value) : copy(value);
    }
}

bool isKindOfPixel(int bits, int colour)
{
    switch (colour) {
        case 0:
            return bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
        case 3:
            return bits == 1 || bits == 2 || bits == 4 || bits == 8;
        case 2:
        case 4:
        case 6:
            return bits == 8 || bits == 16;
        default:
            return false;
    }
}

Result<void> checkIhdr(Bytes ihdr)
{
    const int bits = ihdr[8];
    const int colour = ihdr[9];
    if (!isKindOfPixel(bits, colour))
        return damaged("PNG", std::to_string(bits) + " bits of colour type " + std::to_string(colour));
    if (ihdr[10] != 0 || ihdr[11] != 0 || ihdr[12] > 1)
        return damaged("PNG", "unknown compression, filter or interlacing");
    return {};
}

Result<Png> parsePng(Bytes file)
{
    if (!startsWith(file, kSignature))
        return damaged("PNG", "no signature");
    Png png;
    std::vector<uint8_t> rawProfile;
    bool pixelsEnded = false;
    for (size_t at = kFirstChunk;;) {
        if (!has(file, at, kChunkOverhead))
            return truncated("PNG");
        const size_t length = be32(file, at);
        if (!has(file, at, kChunkOverhead + length))
            return truncated("PNG");
        const Chunk chunk{file.subspan(at + 4, 4 + length), be32(file, at + 8 + length)};
        at += kChunkOverhead + length;

        if (chunk.is("CgBI"))
            return invalid("the PNG picture has Apple's CgBI extension: save it as a plain PNG");
        const bool isPixels = chunk.is("IDAT");
        const bool isUsed = isPixels || chunk.is("IHDR") || chunk.is("PLTE");
        if (isUsed && !chunk.isIntact())
            return damaged("PNG",
                           "wrong checksum of " + std::string(chunk.whole.begin(), chunk.whole.begin() + 4));

        if (png.ihdr.empty()) {
            if (!chunk.is("IHDR") || length != 13)
                return damaged("PNG", "it does not start with IHDR");
            png.ihdr = chunk.data();
            if (auto fine = checkIhdr(png.ihdr); !fine)
                return fine.error();
        } else if (isPixels) {
            if (!pixelsEnded) {
                png.pixels.push_back(chunk.data());
                png.pixelBytes += length;
            }
        } else if (chunk.is("IEND")) {
            break;
        } else {
            pixelsEnded = !png.pixels.empty();
            if (chunk.is("PLTE") && !pixelsEnded)
                png.palette = chunk.data();
            if (chunk.isIntact())
                readMetadata(chunk, png, rawProfile);
        }
    }
    if (png.pixelBytes == 0)
        return damaged("PNG", "no pixels in it");
    if (png.exif.empty())
        png.exif = std::move(rawProfile);
    return png;
}

void appendChunk(std::vector<uint8_t>& file, std::string_view type, size_t length,
                 const std::vector<Bytes>& parts)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        file.push_back(static_cast<uint8_t>(length >> shift));
    file.insert(file.end(), type.begin(), type.end());
    for (const Bytes part : parts)
        file.insert(file.end(), part.begin(), part.end());
    file.insert(file.end(), 4, 0);  // stb_image skips checksums
}

}  // namespace

Result<Header> readPngHeader(Bytes file)
{
    const auto png = parsePng(file);
    if (!png)
        return png.error();
    return Header{be32(png->ihdr, 0), be32(png->ihdr, 4), orientationOf(png->exif, png->xmp)};
}

Result<Image> decodePng(Bytes file)
{
    const auto png = parsePng(file);
    if (!png)
        return png.error();

    // stb_image would read colours that a short palette lacks from memory it never set: Pillow has them
    // black.
    std::vector<uint8_t> palette(kPaletteBytes, 0);
    std::copy_n(png->palette.begin(), std::min(png->palette.size(), kPaletteBytes), palette.begin());

    // Without tRNS there is no alpha to be made and dropped again.
    std::vector<uint8_t> clean(kSignature.begin(), kSignature.end());
    clean.reserve(kPaletteBytes + png->pixelBytes + 128);
    appendChunk(clean, "IHDR", png->ihdr.size(), {png->ihdr});
    if (png->ihdr[9] == 3)
        appendChunk(clean, "PLTE", palette.size(), {palette});
    appendChunk(clean, "IDAT", png->pixelBytes, png->pixels);
    appendChunk(clean, "IEND", 0, {});
    return decodeWithStb(clean, "PNG", be32(png->ihdr, 0), be32(png->ihdr, 4));
}

}  // namespace facet::core::image
