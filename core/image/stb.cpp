#include "core/image/stb.h"

#include <cstdlib>
#include <limits>
#include <memory>

namespace {

/// The most bytes of one allocation of stb_image in this thread.
thread_local size_t allocationLimit = 0;

// Zeroed: a hostile file can make stb_image read a table that it never filled.
void* limitedAllocate(size_t size)
{
    return size > allocationLimit ? nullptr : std::calloc(1, size);
}

void* limitedReallocate(void* pointer, size_t oldSize, size_t newSize)
{
    if (newSize > allocationLimit)
        return nullptr;
    auto* grown = static_cast<unsigned char*>(std::realloc(pointer, newSize));
    if (grown && newSize > oldSize)
        std::memset(grown + oldSize, 0, newSize - oldSize);
    return grown;
}

}  // namespace

#define STBI_MALLOC(size) limitedAllocate(size)
#define STBI_REALLOC_SIZED(pointer, oldSize, newSize) limitedReallocate(pointer, oldSize, newSize)
#define STBI_REALLOC(pointer, newSize) limitedReallocate(pointer, newSize, newSize)
#define STBI_FREE(pointer) std::free(pointer)
#define STBI_ASSERT(condition) static_cast<void>(0)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"  // those around our macros, the only ones seen
#include <facet_stb/stb_image.h>                   // Debian's with two corrections: CMakeLists.txt
#pragma GCC diagnostic pop

namespace facet::core::image {

Result<Image> decodeWithStb(Bytes file, std::string_view format, int64_t width, int64_t height)
{
    if (file.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
        return invalid("the " + std::string(format) + " file is larger than 2 GiB");

    // JPEG's blocks reach up to 32 pixels over the edge and have 4 components of 2 bytes; PNG's buffer for
    // unpacked rows (up to 8 bytes a pixel, interlaced a little more) doubles when it is full.
    const auto padded = static_cast<size_t>(width + 64) * static_cast<size_t>(height + 64);
    allocationLimit = 16 * padded + 2 * file.size() + (1 << 20);

    int w = 0;
    int h = 0;
    int channels = 0;
    const std::unique_ptr<stbi_uc, decltype(&std::free)> pixels(
        stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &w, &h, &channels, 3), &std::free);
    if (!pixels) {
        const char* why = stbi_failure_reason();
        if (why && std::string_view(why) == "outofmem")
            return Error{ErrorCode::OutOfMemory, "there is not enough memory for the " + std::string(format) +
                                                     " picture, or it unpacks to more than its size says"};
        return damaged(format, why ? why : "unknown reason");
    }
    if (w != width || h != height)
        return damaged(format, "its headers disagree about its size");

    const size_t bytes = 3 * static_cast<size_t>(width) * static_cast<size_t>(height);
    return Image{width, height, std::vector<uint8_t>(pixels.get(), pixels.get() + bytes)};
}

}  // namespace facet::core::image
