// JPEG: the segments are checked and the needed ones written anew for stb_image, which overruns its tables on
// hostile ones, takes a file that is cut short for whole, and guesses colours otherwise than libjpeg.

#include "core/image/codec.h"
#include "core/image/exif.h"
#include "core/image/stb.h"

#include <array>
#include <vector>

namespace facet::core::image {
namespace {

using namespace std::string_view_literals;

// Markers, ITU T.81 table B.1.
constexpr int kSoi = 0xD8, kEoi = 0xD9, kSos = 0xDA, kDqt = 0xDB, kDht = 0xC4, kDri = 0xDD, kDac = 0xCC;
constexpr int kApp0 = 0xE0, kApp1 = 0xE1, kApp14 = 0xEE;

/// More scans than any encoder makes: each costs a walk over the whole picture, however few bytes it has.
constexpr int kMaxScans = 200;

struct Component {
    int id = 0;
    int quantTable = 0;
};

struct Jpeg {
    Header header;
    bool progressive = false;
    std::vector<Component> components;
    bool hasJfif = false;
    int adobeTransform = -1;  ///< -1: no Adobe segment
    std::array<bool, 4> quantTables{};
    std::array<bool, 4> dcTables{};
    std::array<bool, 4> acTables{};
    int scans = 0;
    std::vector<Bytes> kept;  ///< segments with their markers, and pixel data, in the file's order
    std::vector<uint8_t> exif;
    Bytes xmp;
};

bool isRestart(int marker)
{
    return marker >= 0xD0 && marker <= 0xD7;
}

Result<void> readFrame(Bytes body, int marker, Jpeg& jpeg)
{
    if (!jpeg.components.empty())
        return damaged("JPEG", "two frames");
    if (marker != 0xC0 && marker != 0xC1 && marker != 0xC2) {
        const bool arithmetic = marker > 0xC8;
        return invalid(std::string(arithmetic ? "arithmetic-coded" : "lossless or hierarchical") +
                       " JPEG is not supported: save the picture as a usual JPEG or PNG");
    }
    if (body.size() < 6 || body.size() != 6 + size_t{3} * body[5])
        return damaged("JPEG", "frame header");
    if (body[0] != 8)
        return invalid("JPEG with " + std::to_string(body[0]) +
                       " bits is not supported: save it with 8 bits");
    const int count = body[5];
    if (count != 1 && count != 3 && count != 4)
        return damaged("JPEG", std::to_string(count) + " components");
    jpeg.progressive = marker == 0xC2;
    jpeg.header.height = be16(body, 1);
    jpeg.header.width = be16(body, 3);
    for (size_t at = 6; at < body.size(); at += 3) {
        if (body[at + 2] > 3)
            return damaged("JPEG", "quantization table number");
        jpeg.components.push_back({body[at], body[at + 2]});
    }
    return {};
}

Result<void> readQuantTables(Bytes body, Jpeg& jpeg)
{
    for (size_t at = 0; at < body.size();) {
        const int precision = body[at] >> 4;
        const int table = body[at] & 15;
        const size_t size = 1 + (precision ? size_t{128} : size_t{64});
        if (precision > 1 || table > 3 || !has(body, at, size))
            return damaged("JPEG", "quantization table");
        jpeg.quantTables[static_cast<size_t>(table)] = true;
        at += size;
    }
    return {};
}

Result<void> readHuffmanTables(Bytes body, Jpeg& jpeg)
{
    for (size_t at = 0; at < body.size();) {
        if (!has(body, at, 17))
            return damaged("JPEG", "Huffman table");
        const int kind = body[at] >> 4;
        const int table = body[at] & 15;
        size_t values = 0;
        uint32_t codes = 0;
        bool fits = true;
        for (size_t length = 1; length <= 16; ++length) {
            values += body[at + length];
            codes = (codes << 1) + body[at + length];
            fits = fits && codes <= 1u << length;
        }
        if (kind > 1 || table > 3 || values > 256 || !fits || !has(body, at, 17 + values))
            return damaged("JPEG", "Huffman table");
        (kind == 0 ? jpeg.dcTables : jpeg.acTables)[static_cast<size_t>(table)] = true;
        at += 17 + values;
    }
    return {};
}

Result<void> checkScan(Bytes body, Jpeg& jpeg)
{
    if (jpeg.components.empty())
        return damaged("JPEG", "pixels before the frame header");
    if (++jpeg.scans > kMaxScans)
        return damaged("JPEG", "more than " + std::to_string(kMaxScans) + " scans");
    const size_t count = body.empty() ? 0 : body[0];
    if (count < 1 || count > 4 || body.size() != 4 + 2 * count)
        return damaged("JPEG", "scan header");
    const int first = body[1 + 2 * count];
    const bool refines = (body[3 + 2 * count] >> 4) != 0;
    const bool needsDc = !jpeg.progressive || (first == 0 && !refines);
    const bool needsAc = !jpeg.progressive || first > 0;
    for (size_t i = 0; i < count; ++i) {
        const int id = body[1 + 2 * i];
        const size_t dc = body[2 + 2 * i] >> 4;
        const size_t ac = body[2 + 2 * i] & 15;
        const Component* component = nullptr;
        for (const Component& candidate : jpeg.components) {
            if (candidate.id == id) {
                component = &candidate;
                break;
            }
        }
        if (!component || dc > 3 || ac > 3)
            return damaged("JPEG", "scan header");
        if (!jpeg.quantTables[static_cast<size_t>(component->quantTable)] ||
            (needsDc && !jpeg.dcTables[dc]) || (needsAc && !jpeg.acTables[ac]))
            return damaged("JPEG", "a table is missing");
    }
    return {};
}

void readApplicationSegment(Bytes body, int marker, Jpeg& jpeg)
{
    if (marker == kApp0 && body.size() >= 14 && startsWith(body, "JFIF\0"sv)) {
        jpeg.hasJfif = true;
    } else if (marker == kApp1 && startsWith(body, "Exif\0\0"sv)) {
        // A long block is spread over several segments.
        const Bytes part = jpeg.exif.empty() ? body : body.subspan(6);
        jpeg.exif.insert(jpeg.exif.end(), part.begin(), part.end());
    } else if (constexpr auto kXmp = "http://ns.adobe.com/xap/1.0/\0"sv;
               marker == kApp1 && startsWith(body, kXmp)) {
        jpeg.xmp = body.subspan(kXmp.size());
    } else if (marker == kApp14 && body.size() >= 12 && startsWith(body, "Adobe")) {
        jpeg.adobeTransform = body[11];
    }
}

/// Reads one segment's body, and says whether stb_image needs it.
Result<bool> readSegment(Bytes body, int marker, Jpeg& jpeg)
{
    Result<void> fine;
    bool keep = true;
    if (marker == kDqt) {
        fine = readQuantTables(body, jpeg);
    } else if (marker == kDht) {
        fine = readHuffmanTables(body, jpeg);
    } else if (marker == kSos) {
        fine = checkScan(body, jpeg);
    } else if (marker >= 0xC0 && marker <= 0xCF && marker != kDac && marker != 0xC8) {
        fine = readFrame(body, marker, jpeg);
    } else if (marker == kDri) {
        if (body.size() != 2)
            fine = damaged("JPEG", "restart interval");
    } else {
        keep = false;
        if (jpeg.scans == 0)  // as Pillow: what follows the pixels is not looked at
            readApplicationSegment(body, marker, jpeg);
    }
    if (!fine)
        return fine.error();
    return keep;
}

/// Where the coded pixels that start at `at` end: at the next marker that is no restart.
size_t endOfPixels(Bytes file, size_t at)
{
    while (at < file.size()) {
        const void* next = std::memchr(file.data() + at, 0xFF, file.size() - at);
        if (!next)
            return file.size();
        at = static_cast<size_t>(static_cast<const uint8_t*>(next) - file.data());
        if (at + 1 >= file.size())
            return file.size();
        const int after = file[at + 1];
        if (after == 0xFF)
            ++at;
        else if (after == 0 || isRestart(after))
            at += 2;
        else
            return at;
    }
    return file.size();
}

Result<Jpeg> parseJpeg(Bytes file)
{
    Jpeg jpeg;
    size_t at = 2;
    for (;;) {
        // To the next marker; padding and junk before it are skipped, as libjpeg does.
        while (at < file.size() && file[at] != 0xFF)
            ++at;
        while (at < file.size() && file[at] == 0xFF)
            ++at;
        if (at >= file.size())
            return truncated("JPEG");
        const int marker = file[at++];
        if (marker == kEoi)
            break;
        if (marker == kSoi)
            return damaged("JPEG", "a second start");
        if (marker == 0 || marker == 1 || isRestart(marker))
            continue;

        if (!has(file, at, 2))
            return truncated("JPEG");
        const size_t length = be16(file, at);
        if (length < 2)
            return damaged("JPEG", "length of a segment");
        if (!has(file, at, length))
            return truncated("JPEG");
        const auto keep = readSegment(file.subspan(at + 2, length - 2), marker, jpeg);
        if (!keep)
            return keep.error();
        size_t end = at + length;
        if (marker == kSos)
            end = endOfPixels(file, end);
        if (*keep)
            jpeg.kept.push_back(file.subspan(at - 2, end - at + 2));  // the byte before the marker is 0xFF
        at = end;
    }
    if (jpeg.scans == 0)
        return damaged("JPEG", "no pixels in it");
    jpeg.header.orientation = orientationOf(jpeg.exif, jpeg.xmp);
    return jpeg;
}

/// Whether libjpeg takes three components for RGB rather than YCbCr.
///
/// Source  libjpeg, jdapimin.c, default_decompress_parms
bool isRgb(const Jpeg& jpeg)
{
    if (jpeg.hasJfif)
        return false;
    if (jpeg.adobeTransform >= 0)
        return jpeg.adobeTransform == 0;
    return jpeg.components[0].id == 'R' && jpeg.components[1].id == 'G' && jpeg.components[2].id == 'B';
}

/// An Adobe segment tells stb_image how the colours are coded: 0 as they are, 1 YCbCr, 2 YCCK.
void appendColours(std::vector<uint8_t>& file, const Jpeg& jpeg)
{
    int transform = 0;
    if (jpeg.components.size() == 3)
        transform = isRgb(jpeg) ? 0 : 1;
    else if (jpeg.components.size() == 4)  // without the segment libjpeg takes them for CMYK, as they are
        transform = jpeg.adobeTransform > 0 ? 2 : 0;
    const std::array<uint8_t, 16> segment{
        0xFF, kApp14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, static_cast<uint8_t>(transform)};
    file.insert(file.end(), segment.begin(), segment.end());
}

}  // namespace

Result<Header> readJpegHeader(Bytes file)
{
    const auto jpeg = parseJpeg(file);
    if (!jpeg)
        return jpeg.error();
    return jpeg->header;
}

Result<Image> decodeJpeg(Bytes file)
{
    const auto jpeg = parseJpeg(file);
    if (!jpeg)
        return jpeg.error();
    std::vector<uint8_t> clean{0xFF, kSoi};
    clean.reserve(file.size() + 32);
    appendColours(clean, *jpeg);
    for (const Bytes segment : jpeg->kept)
        clean.insert(clean.end(), segment.begin(), segment.end());
    clean.insert(clean.end(), {0xFF, kEoi});
    return decodeWithStb(clean, "JPEG", jpeg->header.width, jpeg->header.height);
}

}  // namespace facet::core::image
