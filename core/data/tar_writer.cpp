#include "core/data/tar_writer.h"

#include <array>
#include <cassert>
#include <cstdio>
#include <cstring>

namespace facet::core {
namespace {

constexpr size_t kBlock = 512;
constexpr size_t kRecord = 20 * kBlock;  // tar files end on one
constexpr size_t kBuffer = 4 << 20;
constexpr size_t kMostName = 100;
constexpr uint64_t kMostContent = uint64_t{1} << 33;

/// A header as POSIX.1-1988 lays it out.
std::array<char, kBlock> headerOf(std::string_view name, uint64_t size)
{
    std::array<char, kBlock> header = {};
    const auto put = [&](size_t at, std::string_view text) {
        std::memcpy(header.data() + at, text.data(), text.size());
    };
    const auto octal = [&](size_t at, int digits, uint64_t value) {
        std::snprintf(header.data() + at, static_cast<size_t>(digits) + 1, "%0*llo", digits,
                      static_cast<unsigned long long>(value));
    };
    put(0, name);
    octal(100, 7, 0644);
    octal(108, 7, 0);  // user
    octal(116, 7, 0);  // group
    octal(124, 11, size);
    octal(136, 11, 0);  // time
    put(156, "0");      // a file
    put(257, std::string_view("ustar\00000", 8));
    put(148, "        ");  // the sum counts its own field as spaces
    uint64_t sum = 0;
    for (const char c : header)
        sum += static_cast<uint8_t>(c);
    octal(148, 6, sum);
    return header;
}

}  // namespace

Result<TarWriter> TarWriter::create(const std::filesystem::path& path)
{
    Result<NewFile> file = NewFile::create(path);
    if (!file)
        return file.error();
    return TarWriter(*std::move(file));
}

Result<void> TarWriter::add(std::string_view name, std::string_view content)
{
    assert(name.size() <= kMostName && content.size() < kMostContent);
    const std::array<char, kBlock> header = headerOf(name, content.size());
    if (const Result<void> done = put({header.data(), header.size()}); !done)
        return done;
    if (const Result<void> done = put(content); !done)
        return done;
    return put(std::string((kBlock - content.size() % kBlock) % kBlock, '\0'));
}

Result<void> TarWriter::finish()
{
    const size_t end = 2 * kBlock;
    const size_t more = (kRecord - (m_size + end) % kRecord) % kRecord;
    if (const Result<void> done = put(std::string(end + more, '\0')); !done)
        return done;
    if (const Result<void> done = flush(); !done)
        return done;
    return m_file.finish();
}

Result<void> TarWriter::put(std::string_view bytes)
{
    m_buffer += bytes;
    m_size += bytes.size();
    return m_buffer.size() < kBuffer ? Result<void>() : flush();
}

Result<void> TarWriter::flush()
{
    const Result<void> written = m_file.write(m_buffer);
    m_buffer.clear();
    return written;
}

}  // namespace facet::core
