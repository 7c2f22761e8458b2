// WebP, by libwebp; of an animation the first frame on a black canvas, as Pillow shows it.

#include "core/image/codec.h"
#include "core/image/exif.h"

#include <webp/decode.h>
#include <webp/demux.h>
#include <memory>
#include <vector>

namespace facet::core::image {
namespace {

using Demuxer = std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)>;

Result<Demuxer> open(Bytes file)
{
    const WebPData data{file.data(), file.size()};
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    Demuxer demuxer(WebPDemuxPartial(&data, &state), &WebPDemuxDelete);
    if (state == WEBP_DEMUX_PARSING_HEADER || state == WEBP_DEMUX_PARSED_HEADER)
        return truncated("WebP");
    if (!demuxer || state != WEBP_DEMUX_DONE)
        return damaged("WebP", "its parts do not fit together");
    return demuxer;
}

std::vector<uint8_t> readChunk(const WebPDemuxer* demuxer, const char* name)
{
    WebPChunkIterator chunk{};
    std::vector<uint8_t> bytes;
    if (WebPDemuxGetChunk(demuxer, name, 1, &chunk))
        bytes.assign(chunk.chunk.bytes, chunk.chunk.bytes + chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
    return bytes;
}

}  // namespace

Result<Header> readWebPHeader(Bytes file)
{
    const auto demuxer = open(file);
    if (!demuxer)
        return demuxer.error();
    return Header{WebPDemuxGetI(demuxer->get(), WEBP_FF_CANVAS_WIDTH),
                  WebPDemuxGetI(demuxer->get(), WEBP_FF_CANVAS_HEIGHT),
                  orientationOf(readChunk(demuxer->get(), "EXIF"), readChunk(demuxer->get(), "XMP "))};
}

Result<Image> decodeWebP(Bytes file)
{
    const auto demuxer = open(file);
    if (!demuxer)
        return demuxer.error();
    Image image{WebPDemuxGetI(demuxer->get(), WEBP_FF_CANVAS_WIDTH),
                WebPDemuxGetI(demuxer->get(), WEBP_FF_CANVAS_HEIGHT),
                {}};
    image.rgb.resize(static_cast<size_t>(3 * image.width * image.height));

    WebPIterator frame{};
    const std::unique_ptr<WebPIterator, decltype(&WebPDemuxReleaseIterator)> release(
        &frame, &WebPDemuxReleaseIterator);
    if (!WebPDemuxGetFrame(demuxer->get(), 1, &frame))
        return damaged("WebP", "no picture in it");
    const bool fits = frame.x_offset >= 0 && frame.y_offset >= 0 && frame.width > 0 && frame.height > 0 &&
                      int64_t{frame.x_offset} + frame.width <= image.width &&
                      int64_t{frame.y_offset} + frame.height <= image.height;
    if (!fits)
        return damaged("WebP", "a frame outside the picture");

    const auto start = static_cast<size_t>(3 * (frame.y_offset * image.width + frame.x_offset));
    const auto stride = static_cast<int>(3 * image.width);
    if (!WebPDecodeRGBInto(frame.fragment.bytes, frame.fragment.size, image.rgb.data() + start,
                           image.rgb.size() - start, stride))
        return damaged("WebP", "its pixels cannot be decoded");
    return image;
}

}  // namespace facet::core::image
