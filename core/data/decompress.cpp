#include "core/data/decompress.h"

#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/fingerprint.h"
#include "core/base/new_file.h"

#include <zlib.h>
#include <zstd.h>

#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <vector>

namespace facet::core {
namespace {

constexpr size_t kChunk = 4 << 20;

bool startsWith(std::span<const std::byte> head, std::initializer_list<int> magic)
{
    size_t i = 0;
    for (const int byte : magic)
        if (i >= head.size() || head[i++] != static_cast<std::byte>(byte))
            return false;
    return true;
}

bool isGzip(std::span<const std::byte> head)
{
    return startsWith(head, {0x1F, 0x8B});
}

Error broken(const std::filesystem::path& path, const char* kind)
{
    return {ErrorCode::InvalidInput, path.string() + " is broken or cut short (" + kind + "); copy it again"};
}

Result<void> report(const Progress& progress, size_t done, size_t all)
{
    if (progress && !progress(static_cast<int64_t>(done), static_cast<int64_t>(all)))
        return Error{ErrorCode::Cancelled, "unpacking was cancelled"};
    return {};
}

Result<void> unpackGzip(const std::filesystem::path& path, std::span<const std::byte> packed, NewFile& out,
                        const Progress& progress)
{
    z_stream stream = {};
    if (::inflateInit2(&stream, 15 + 16) != Z_OK)
        return Error{ErrorCode::OutOfMemory, "there is no memory to unpack " + path.string()};
    const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, ::inflateEnd);
    std::vector<char> buffer(kChunk);
    size_t at = 0;
    bool isWhole = false;
    while (at < packed.size()) {
        const size_t length = std::min(kChunk, packed.size() - at);
        // zlib never writes through next_in.
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + at));
        stream.avail_in = static_cast<uInt>(length);
        while (stream.avail_in > 0) {
            if (isWhole && ::inflateReset(&stream) != Z_OK)
                return broken(path, "gzip");
            stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
            stream.avail_out = static_cast<uInt>(buffer.size());
            const int status = ::inflate(&stream, Z_NO_FLUSH);
            if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
                return broken(path, "gzip");
            isWhole = status == Z_STREAM_END;
            if (Result<void> written = out.write({buffer.data(), buffer.size() - stream.avail_out}); !written)
                return written;
        }
        at += length;
        if (Result<void> told = report(progress, at, packed.size()); !told)
            return told;
    }
    // What was still inside the decoder when its input ended.
    while (!isWhole) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = static_cast<uInt>(buffer.size());
        const int status = ::inflate(&stream, Z_NO_FLUSH);
        const size_t have = buffer.size() - stream.avail_out;
        if (status != Z_STREAM_END && have == 0)
            return broken(path, "gzip");
        isWhole = status == Z_STREAM_END;
        if (Result<void> written = out.write({buffer.data(), have}); !written)
            return written;
    }
    return {};
}

Result<void> unpackZstd(const std::filesystem::path& path, std::span<const std::byte> packed, NewFile& out,
                        const Progress& progress)
{
    const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(::ZSTD_createDStream(),
                                                                          ::ZSTD_freeDStream);
    if (!stream)
        return Error{ErrorCode::OutOfMemory, "there is no memory to unpack " + path.string()};
    std::vector<char> buffer(kChunk);
    size_t left = 1;
    size_t at = 0;
    bool hasMore = false;
    while (at < packed.size() || hasMore) {
        const size_t length = std::min(kChunk, packed.size() - at);
        ZSTD_inBuffer in = {packed.data() + at, length, 0};
        do {
            ZSTD_outBuffer target = {buffer.data(), buffer.size(), 0};
            left = ::ZSTD_decompressStream(stream.get(), &target, &in);
            if (::ZSTD_isError(left))
                return broken(path, "Zstandard");
            if (Result<void> written = out.write({buffer.data(), target.pos}); !written)
                return written;
            hasMore = target.pos == target.size;
        } while (in.pos < in.size || hasMore);
        at += length;
        if (Result<void> told = report(progress, at, packed.size()); !told)
            return told;
    }
    if (left != 0)
        return broken(path, "Zstandard");
    return {};
}

}  // namespace

std::filesystem::path dataCacheFolder()
{
    if (const auto home = environmentPath("FACET_HOME"))
        return *home / "cache" / "data";
    if (const auto cache = environmentPath("XDG_CACHE_HOME"))
        return *cache / "facet" / "data";
    return homeFolder() / ".cache" / "facet" / "data";
}

Result<std::string> nameInCache(const std::filesystem::path& path)
{
    std::error_code problem;
    const std::filesystem::path absolute = std::filesystem::canonical(path, problem);
    struct stat info = {};
    if (problem || ::stat(absolute.c_str(), &info) != 0)
        return systemError(path, "open");
    Fingerprint place;
    place.addBytes(absolute.string());
    char text[60];
    std::snprintf(
        text, sizeof text, "-%llx-%llx", static_cast<unsigned long long>(info.st_size),
        static_cast<unsigned long long>(info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec));
    return place.text() + text;
}

bool isCompressed(std::span<const std::byte> head)
{
    return isGzip(head) || startsWith(head, {0x28, 0xB5, 0x2F, 0xFD});
}

Result<std::filesystem::path> unpacked(const std::filesystem::path& path, const Progress& progress)
{
    const Result<std::string> name = nameInCache(path);
    if (!name)
        return name.error();
    const std::filesystem::path target = dataCacheFolder() / (*name + ".rows");
    std::error_code problem;
    if (std::filesystem::exists(target, problem))
        return target;
    std::filesystem::create_directories(target.parent_path(), problem);
    const Result<MappedFile> packed = MappedFile::open(path);
    if (!packed)
        return packed.error();
    Result<NewFile> out = NewFile::create(target);
    if (!out)
        return out.error();
    const Result<void> done = isGzip(packed->bytes()) ? unpackGzip(path, packed->bytes(), *out, progress)
                                                      : unpackZstd(path, packed->bytes(), *out, progress);
    if (!done)
        return done.error();
    if (const Result<void> finished = out->finish(); !finished)
        return finished.error();
    return target;
}

}  // namespace facet::core
