// GIF, first frame. Not by stb_image: it paints transparent pixels black where Pillow keeps their colour,
// takes a picture that is cut short for whole, and refuses encoders that defer clearing their table.

#include "core/image/codec.h"

#include <algorithm>
#include <array>
#include <vector>

namespace facet::core::image {
namespace {

constexpr size_t kScreenSize = 13;
constexpr size_t kDescriptorSize = 9;
constexpr int kMaxCodes = 4096;
constexpr int kMaxCodeBits = 12;

struct Gif {
    int64_t width = 0;  ///< of the canvas
    int64_t height = 0;
    int64_t x = 0, y = 0, frameWidth = 0, frameHeight = 0;
    Bytes palette;  ///< RGB of the frame; empty: index i is the grey i
    int background = 0;
    bool interlaced = false;
    int codeBits = 0;            ///< of the smallest codes, without clear and end
    std::vector<uint8_t> coded;  ///< the frame's blocks, joined
};

/// Skips blocks up to the empty one or the end of the file, and calls `take` with each one's data.
template <typename Take>
size_t readBlocks(Bytes file, size_t at, Take take)
{
    while (at < file.size() && file[at] != 0) {
        const size_t size = std::min<size_t>(file[at], file.size() - at - 1);
        take(file.subspan(at + 1, size));
        at += 1 + size;
    }
    return std::min(at + 1, file.size());
}

/// Pillow takes a table in which each colour is its own index for grey.
Bytes paletteOrGrey(Bytes table)
{
    for (size_t i = 0; i < table.size(); ++i) {
        if (table[i] != i / 3)
            return table;
    }
    return {};
}

Result<Bytes> readColours(Bytes file, size_t& at, int flags)
{
    const size_t size = size_t{6} << (flags & 7);
    if (!has(file, at, size))
        return truncated("GIF");
    const Bytes table = file.subspan(at, size);
    at += size;
    return paletteOrGrey(table);
}

Result<void> readFrame(Bytes file, size_t at, Gif& gif)
{
    if (!has(file, at, kDescriptorSize))
        return truncated("GIF");
    gif.x = le16(file, at);
    gif.y = le16(file, at + 2);
    gif.frameWidth = le16(file, at + 4);
    gif.frameHeight = le16(file, at + 6);
    const int flags = file[at + 8];
    gif.interlaced = (flags & 64) != 0;
    // A frame beyond the canvas enlarges it.
    gif.width = std::max(gif.width, gif.x + gif.frameWidth);
    gif.height = std::max(gif.height, gif.y + gif.frameHeight);
    if (gif.frameWidth == 0 || gif.frameHeight == 0)
        return damaged("GIF", "a frame without pixels");
    at += kDescriptorSize;
    if (flags & 128) {
        auto palette = readColours(file, at, flags);
        if (!palette)
            return palette.error();
        gif.palette = *palette;
    }
    if (!has(file, at, 1))
        return truncated("GIF");
    gif.codeBits = file[at];
    if (gif.codeBits < 1 || gif.codeBits >= kMaxCodeBits)
        return damaged("GIF", std::to_string(gif.codeBits) + " bits a code");
    readBlocks(file, at + 1,
               [&](Bytes block) { gif.coded.insert(gif.coded.end(), block.begin(), block.end()); });
    return {};
}

Result<Gif> parseGif(Bytes file)
{
    if (!has(file, 0, kScreenSize))
        return truncated("GIF");
    Gif gif;
    gif.width = le16(file, 6);
    gif.height = le16(file, 8);
    size_t at = kScreenSize;
    if (file[10] & 128) {
        auto palette = readColours(file, at, file[10]);
        if (!palette)
            return palette.error();
        gif.palette = *palette;
    }
    while (at < file.size()) {
        const int kind = file[at++];
        if (kind == ';')
            break;
        if (kind == '!' && at < file.size()) {
            const bool isControl = file[at++] == 0xF9;
            bool isFirst = true;
            at = readBlocks(file, at, [&](Bytes block) {
                // Where the frame does not reach, Pillow shows the transparent colour, opaque.
                if (isControl && isFirst && block.size() >= 4 && (block[0] & 1))
                    gif.background = block[3];
                isFirst = false;
            });
        } else if (kind == ',') {
            auto read = readFrame(file, at, gif);
            if (!read)
                return read.error();
            return gif;
        }
        // Anything else is junk that Pillow skips, byte by byte.
    }
    return at < file.size() ? damaged("GIF", "no picture in it") : truncated("GIF");
}

/// Unpacks LZW codes into `indices`, which must be filled.
///
/// Source  GIF89a specification, appendix F
Result<void> unpack(Bytes coded, int codeBits, std::vector<uint8_t>& indices)
{
    const int clear = 1 << codeBits;
    const int end = clear + 1;
    std::array<int16_t, kMaxCodes> prefix{};
    std::array<uint8_t, kMaxCodes> last{};
    std::array<uint8_t, kMaxCodes> text;  // of one code, backwards

    int bits = codeBits + 1;
    int next = clear + 2;
    int previous = -1;
    uint8_t first = 0;
    uint32_t buffer = 0;
    int buffered = 0;
    size_t filled = 0;
    for (size_t at = 0; filled < indices.size();) {
        while (buffered < bits && at < coded.size()) {
            buffer |= uint32_t{coded[at++]} << buffered;
            buffered += 8;
        }
        if (buffered < bits)
            return truncated("GIF");
        const int code = static_cast<int>(buffer & ((1u << bits) - 1));
        buffer >>= bits;
        buffered -= bits;

        if (code == clear) {
            bits = codeBits + 1;
            next = clear + 2;
            previous = -1;
            continue;
        }
        if (code == end)
            return truncated("GIF");
        if (code > next || (code == next && previous < 0))
            return damaged("GIF", "a code before its meaning");

        // A code that is just being defined is the previous one and that one's first letter.
        size_t length = 0;
        int rest = code;
        if (code == next) {
            text[length++] = first;
            rest = previous;
        }
        for (; rest >= clear + 2; rest = prefix[static_cast<size_t>(rest)])
            text[length++] = last[static_cast<size_t>(rest)];
        first = static_cast<uint8_t>(rest);
        text[length++] = first;
        while (length > 0 && filled < indices.size())
            indices[filled++] = text[--length];

        if (previous >= 0 && next < kMaxCodes) {
            prefix[static_cast<size_t>(next)] = static_cast<int16_t>(previous);
            last[static_cast<size_t>(next)] = first;
            ++next;
            if (next == 1 << bits && bits < kMaxCodeBits)
                ++bits;
        }
        previous = code;
    }
    return {};
}

/// The rows of an interlaced frame in the order in which they are stored.
std::vector<int64_t> rowOrder(int64_t height, bool interlaced)
{
    std::vector<int64_t> rows;
    const auto add = [&](int64_t from, int64_t step) {
        for (int64_t row = from; row < height; row += step)
            rows.push_back(row);
    };
    if (interlaced) {
        add(0, 8);
        add(4, 8);
        add(2, 4);
        add(1, 2);
    } else {
        add(0, 1);
    }
    return rows;
}

}  // namespace

Result<Header> readGifHeader(Bytes file)
{
    const auto gif = parseGif(file);
    if (!gif)
        return gif.error();
    return Header{gif->width, gif->height, 1};
}

Result<Image> decodeGif(Bytes file)
{
    const auto gif = parseGif(file);
    if (!gif)
        return gif.error();
    std::vector<uint8_t> indices(static_cast<size_t>(gif->frameWidth * gif->frameHeight));
    if (auto unpacked = unpack(gif->coded, gif->codeBits, indices); !unpacked)
        return unpacked.error();

    std::array<std::array<uint8_t, 3>, 256> colours{};
    for (size_t i = 0; i < colours.size(); ++i) {
        if (gif->palette.empty())
            colours[i].fill(static_cast<uint8_t>(i));
        else if (3 * i + 3 <= gif->palette.size())
            std::copy_n(gif->palette.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, colours[i].begin());
    }

    Image image{gif->width, gif->height, {}};
    image.rgb.resize(static_cast<size_t>(3 * image.width * image.height));
    const auto& background = colours[static_cast<size_t>(gif->background)];
    for (size_t i = 0; i < image.rgb.size(); i += 3)
        std::copy(background.begin(), background.end(), image.rgb.begin() + static_cast<std::ptrdiff_t>(i));
    auto index = indices.begin();
    for (const int64_t row : rowOrder(gif->frameHeight, gif->interlaced)) {
        auto pixel = image.rgb.begin() + 3 * ((gif->y + row) * image.width + gif->x);
        for (int64_t column = 0; column < gif->frameWidth; ++column, pixel += 3)
            std::copy_n(colours[*index++].begin(), 3, pixel);
    }
    return image;
}

}  // namespace facet::core::image
