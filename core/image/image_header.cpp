#include "core/image/image_header.h"

#include "core/image/codec.h"
#include "core/image/formats.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace facet::core {
namespace image {
namespace {

using namespace std::string_view_literals;

struct Refused {
    std::string_view prefix;
    std::string_view name;
};

// Each is known by how it starts.
constexpr std::array kRefused{
    Refused{"II*\0"sv, "TIFF"},
    Refused{"MM\0*"sv, "TIFF"},
    Refused{"II+\0"sv, "BigTIFF"},
    Refused{"MM\0+"sv, "BigTIFF"},
    Refused{"\xFF\x0A"sv, "JPEG XL"},
    Refused{"\0\0\0\x0CJXL "sv, "JPEG XL"},
    Refused{"\0\0\0\x0CjP  "sv, "JPEG 2000"},
    Refused{"\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
    Refused{"%PDF-"sv, "PDF"},
    Refused{"%!PS"sv, "PostScript"},
    Refused{"8BPS"sv, "Photoshop"},
    Refused{"gimp xcf"sv, "GIMP"},
    Refused{"\0\0\1\0"sv, "ICO"},
    Refused{"\0\0\2\0"sv, "CUR"},
    Refused{"#?RADIANCE"sv, "Radiance HDR"},
    Refused{"v/1\1"sv, "OpenEXR"},
    Refused{"DDS "sv, "DDS"},
    Refused{"qoif"sv, "QOI"},
    Refused{"P1\n"sv, "PNM"},
    Refused{"P2\n"sv, "PNM"},
    Refused{"P3\n"sv, "PNM"},
    Refused{"P4\n"sv, "PNM"},
    Refused{"P5\n"sv, "PNM"},
    Refused{"P6\n"sv, "PNM"},
    Refused{"\x1A\x45\xDF\xA3"sv, "Matroska video"},
    Refused{"PK\3\4"sv, "ZIP archive"},
};

/// The kind of an ISO base media file ("....ftyp"), by its main brand.
std::string_view isoMediaName(Bytes file)
{
    if (!has(file, 8, 4))
        return "MP4";
    const Bytes brand = file.subspan(8);
    for (const std::string_view heic :
         {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "mif1"sv, "msf1"sv}) {
        if (startsWith(brand, heic))
            return "HEIC";
    }
    return startsWith(brand, "avif") || startsWith(brand, "avis") ? "AVIF" : "MP4";
}

/// The text after a byte order mark and white space.
std::string_view trimmedText(Bytes file)
{
    std::string_view text(reinterpret_cast<const char*>(file.data()), std::min<size_t>(file.size(), 1024));
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    const size_t start = text.find_first_not_of(" \t\r\n");
    return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

bool isText(Bytes file)
{
    const Bytes start = file.first(std::min<size_t>(file.size(), 256));
    return std::all_of(start.begin(), start.end(),
                       [](uint8_t c) { return c >= 0x20 || c == '\t' || c == '\r' || c == '\n'; });
}

Error refusal(Bytes file)
{
    const auto notSupported = [](std::string_view name) {
        return invalid(std::string(name) + " is not supported: save the picture as PNG, JPEG or WebP");
    };
    if (file.empty())
        return invalid("the picture file is empty");
    for (const Refused& refused : kRefused) {
        if (startsWith(file, refused.prefix))
            return notSupported(refused.name);
    }
    if (file.size() >= 8 && startsWith(file.subspan(4), "ftyp"))
        return notSupported(isoMediaName(file));
    const std::string_view text = trimmedText(file);
    if (text.starts_with("<svg") ||
        (text.starts_with("<?xml") && text.find("<svg") != std::string_view::npos))
        return notSupported("SVG");
    if (isText(file))
        return invalid("this is a text file, not a picture: use PNG, JPEG, WebP, GIF or BMP");

    std::string start;
    for (const uint8_t byte : file.first(std::min<size_t>(file.size(), 4))) {
        std::array<char, 4> hex{};
        std::snprintf(hex.data(), hex.size(), " %02X", byte);
        start += hex.data();
    }
    return invalid("this is no picture that can be read (it starts with" + start +
                   "): use PNG, JPEG, WebP, GIF or BMP");
}

}  // namespace

Result<ImageFormat> sniff(Bytes file)
{
    if (startsWith(file, "\x89PNG\r\n\x1a\n"))
        return ImageFormat::Png;
    if (startsWith(file, "\xFF\xD8\xFF"))
        return ImageFormat::Jpeg;
    if (startsWith(file, "RIFF") && has(file, 8, 4) && startsWith(file.subspan(8), "WEBP"))
        return ImageFormat::WebP;
    if (startsWith(file, "GIF87a") || startsWith(file, "GIF89a"))
        return ImageFormat::Gif;
    // Two letters are little: plain text can start with them, too.
    if (startsWith(file, "BM") && !isText(file))
        return ImageFormat::Bmp;
    return refusal(file);
}

Result<Header> readHeader(Bytes file, ImageFormat format)
{
    auto header = [&] {
        switch (format) {
            case ImageFormat::Png:
                return readPngHeader(file);
            case ImageFormat::Jpeg:
                return readJpegHeader(file);
            case ImageFormat::WebP:
                return readWebPHeader(file);
            case ImageFormat::Gif:
                return readGifHeader(file);
            case ImageFormat::Bmp:
                break;
        }
        return readBmpHeader(file);
    }();
    if (header && (header->width < 1 || header->height < 1))
        return invalid("the " + std::string(formatName(format)) + " picture has no pixels (" +
                       std::to_string(header->width) + " x " + std::to_string(header->height) + ")");
    return header;
}

}  // namespace image

std::string_view formatName(ImageFormat format)
{
    switch (format) {
        case ImageFormat::Png:
            return "PNG";
        case ImageFormat::Jpeg:
            return "JPEG";
        case ImageFormat::WebP:
            return "WebP";
        case ImageFormat::Gif:
            return "GIF";
        case ImageFormat::Bmp:
            break;
    }
    return "BMP";
}

Result<ImageInfo> probeImage(std::span<const std::byte> bytes)
{
    const image::Bytes file = image::asBytes(bytes);
    const auto format = image::sniff(file);
    if (!format)
        return format.error();
    const auto header = image::readHeader(file, *format);
    if (!header)
        return header.error();
    const bool onItsSide = header->orientation >= 5;
    return ImageInfo{*format, onItsSide ? header->height : header->width,
                     onItsSide ? header->width : header->height, header->orientation};
}

}  // namespace facet::core
