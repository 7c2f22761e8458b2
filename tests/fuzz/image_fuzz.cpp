// Pictures: whatever the bytes are, decoding ends in a picture that fits its header or in a sentence.

#include "core/image/image.h"
#include "core/image/image_header.h"
#include "tests/fuzz/fuzz.h"

#include <zlib.h>
#include <span>
#include <vector>

using namespace facet;

namespace {

// Small, so that time goes into the formats and not into pixels.
constexpr int64_t kPixels = 1 << 16;

uint32_t be32(const std::vector<uint8_t>& bytes, size_t at)
{
    return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 |
           bytes[at + 3];
}

/// Puts the checksums of a PNG's chunks right: few changed pictures would get past them.
void repairChecksums(std::vector<uint8_t>& png)
{
    for (size_t at = 8; at + 12 <= png.size();) {
        const size_t length = be32(png, at);
        if (length > png.size() - at - 12)
            return;
        const auto checksum = crc32_z(0, png.data() + at + 4, 4 + length);
        for (size_t i = 0; i < 4; ++i)
            png[at + 8 + length + i] = static_cast<uint8_t>(checksum >> (24 - 8 * i));
        at += 12 + length;
    }
}

void decode(std::span<const uint8_t> data)
{
    const auto bytes = std::as_bytes(data);
    const auto info = core::probeImage(bytes);
    const auto image = core::decodeImage(bytes, kPixels);
    if (!image) {
        const std::string& message = image.error().message;
        fuzz::require(message.size() > 10 && message.find('\n') == std::string::npos,
                      "an error is one sentence");
        return;
    }
    fuzz::require(static_cast<bool>(info), "what can be decoded can be probed");
    fuzz::require(info->width == image->width && info->height == image->height, "the header tells the size");
    fuzz::require(image->width * image->height <= kPixels, "the limit holds");
    fuzz::require(image->rgb.size() == static_cast<size_t>(3 * image->width * image->height),
                  "all pixels are there");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    decode({data, size});
    std::vector<uint8_t> repaired(data, data + size);
    if (size > 1 && repaired[1] == 'P') {
        repairChecksums(repaired);
        decode(repaired);
    }
    return 0;
}
