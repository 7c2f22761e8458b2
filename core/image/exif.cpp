#include "core/image/exif.h"

#include "core/image/codec.h"

#include <string_view>

namespace facet::core::image {
namespace {

using namespace std::string_view_literals;

constexpr uint32_t kOrientationTag = 0x0112;
constexpr size_t kEntrySize = 12;

/// The size of one value of a TIFF type that holds an integer; 0 for other types.
struct IntegerType {
    size_t size = 0;
};

IntegerType integerType(uint32_t type)
{
    switch (type) {
        case 3:
            return {2};
        case 4:
            return {4};
        case 6:
            return {1};
        case 8:
            return {2};
        case 9:
            return {4};
        default:
            return {};
    }
}

int inRange(int64_t value)
{
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

}  // namespace

std::optional<int> exifOrientation(std::span<const uint8_t> exif)
{
    Bytes tiff = exif;
    for (int i = 0; i < 2 && startsWith(tiff, "Exif\0\0"sv); ++i)
        tiff = tiff.subspan(6);

    const bool little = startsWith(tiff, "II*\0"sv) || startsWith(tiff, "II\0*"sv);
    const bool big = startsWith(tiff, "MM\0*"sv) || startsWith(tiff, "MM*\0"sv);
    if ((!little && !big) || !has(tiff, 4, 4))
        return std::nullopt;
    const auto u16 = [&](size_t at) { return little ? le16(tiff, at) : be16(tiff, at); };
    const auto u32 = [&](size_t at) { return little ? le32(tiff, at) : be32(tiff, at); };

    size_t at = u32(4);
    if (!has(tiff, at, 2))
        return std::nullopt;
    const uint32_t entries = u16(at);
    at += 2;

    std::optional<int> orientation;
    for (uint32_t i = 0; i < entries && has(tiff, at, kEntrySize); ++i, at += kEntrySize) {
        const IntegerType type = integerType(u16(at + 2));
        const uint64_t count = u32(at + 4);
        if (u16(at) != kOrientationTag || type.size == 0 || count == 0)
            continue;
        // Up to four bytes lie in the entry itself.
        const size_t valueAt = count * type.size > 4 ? u32(at + 8) : at + 8;
        if (!has(tiff, valueAt, type.size))
            continue;
        // What is negative is out of range, so the sign itself is not needed.
        const uint32_t value = type.size == 1 ? tiff[valueAt] : type.size == 2 ? u16(valueAt) : u32(valueAt);
        orientation = inRange(value);
    }
    return orientation;
}

std::optional<int> xmpOrientation(std::span<const uint8_t> xmp)
{
    // The first place that Pillow's pattern tiff:Orientation(="|>)([0-9]) matches.
    const std::string text(xmp.begin(), xmp.end());
    constexpr std::string_view kName = "tiff:Orientation";
    for (size_t at = text.find(kName); at != std::string::npos; at = text.find(kName, at + 1)) {
        const std::string_view rest = std::string_view(text).substr(at + kName.size());
        const size_t skip = rest.starts_with("=\"") ? 2 : rest.starts_with(">") ? 1 : 0;
        if (skip > 0 && rest.size() > skip && rest[skip] >= '0' && rest[skip] <= '9')
            return inRange(rest[skip] - '0');
    }
    return std::nullopt;
}

int orientationOf(std::span<const uint8_t> exif, std::span<const uint8_t> xmp)
{
    if (const auto orientation = exifOrientation(exif))
        return *orientation;
    return xmpOrientation(xmp).value_or(1);
}

}  // namespace facet::core::image
