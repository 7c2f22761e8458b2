#include "core/data/tar_shard.h"

#include "core/api/data_uri.h"
#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace facet::core {
namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kNoSize = ~uint64_t{0};
constexpr size_t kMaxPictureBytes = size_t{1} << 30;
constexpr std::string_view kTarScheme = "tar:";

/// A field of a header up to its first NUL.
std::string_view field(std::string_view header, size_t begin, size_t size)
{
    const std::string_view text = header.substr(begin, size);
    return text.substr(0, text.find('\0'));
}

/// Octal digits, or GNU's binary form for large files.
std::optional<uint64_t> number(std::string_view text)
{
    if (!text.empty() && (static_cast<uint8_t>(text.front()) & 0x80) != 0) {
        uint64_t value = 0;
        for (const char c : text.substr(text.size() - 8))
            value = value << 8 | static_cast<uint8_t>(c);
        return value;
    }
    const size_t begin = text.find_first_not_of(" ");
    uint64_t value = 0;
    if (begin == std::string_view::npos || text[begin] == '\0')
        return 0;
    const auto [end, problem] = std::from_chars(text.data() + begin, text.data() + text.size(), value, 8);
    return problem == std::errc() && (end == text.data() + text.size() || *end == ' ' || *end == '\0')
               ? std::optional(value)
               : std::nullopt;
}

bool hasRightSum(std::string_view header)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < kBlock; ++i)
        sum += i >= 148 && i < 156 ? ' ' : static_cast<uint8_t>(header[i]);
    const std::optional<uint64_t> said = number(header.substr(148, 8));
    return said && *said == sum;
}

/// "path" and "size" of a pax header: lines "LENGTH key=value\n".
void readPax(std::string_view text, std::string& name, uint64_t& size)
{
    while (!text.empty()) {
        size_t length = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
        const auto digits = static_cast<size_t>(end - text.data());
        if (problem != std::errc() || length <= digits + 1 || length > text.size())
            return;
        const std::string_view line = text.substr(digits + 1, length - digits - 2);
        if (line.starts_with("path="))
            name = line.substr(5);
        uint64_t value = 0;
        if (line.starts_with("size=") &&
            std::from_chars(line.data() + 5, line.data() + line.size(), value).ec == std::errc())
            size = value;
        text.remove_prefix(length);
    }
}

/// "dir/0001.left.jpg" -> "dir/0001" and "left.jpg". Folders may have dots; a name that has none is no part.
std::optional<std::pair<std::string, std::string>> splitName(const std::string& name)
{
    const size_t slash = name.rfind('/');
    const size_t base = slash == std::string::npos ? 0 : slash + 1;
    const size_t dot = name.find('.', base);
    if (dot == std::string::npos || dot == base)
        return std::nullopt;
    return std::pair(name.substr(0, dot), name.substr(dot + 1));
}

}  // namespace

const TarShard::Part* TarShard::Sample::find(std::string_view name) const
{
    const auto found = std::ranges::find(parts, name, &Part::name);
    return found == parts.end() ? nullptr : &*found;
}

Result<TarShard> TarShard::open(const std::filesystem::path& path)
{
    Result<MappedFile> file = MappedFile::open(path);
    if (!file)
        return file.error();
    TarShard shard(path, *std::move(file));
    const std::string_view all(reinterpret_cast<const char*>(shard.m_file.bytes().data()),
                               shard.m_file.bytes().size());
    const auto broken = [&](uint64_t at, const char* what) {
        return Error{ErrorCode::InvalidInput,
                     path.string() + " is no whole tar file: " + what + " at byte " + std::to_string(at)};
    };
    std::string longName;
    uint64_t longSize = kNoSize;
    uint64_t memberBegin = 0;
    uint64_t at = 0;
    for (; at + kBlock <= all.size();) {
        const std::string_view header = all.substr(at, kBlock);
        if (header.find_first_not_of('\0') == std::string_view::npos)
            break;
        if (!hasRightSum(header))
            return broken(at, "there is no header");
        const char type = header[156];
        const std::optional<uint64_t> said = number(header.substr(124, 12));
        const bool isExtra = type == 'L' || type == 'x' || type == 'g' || type == 'K';
        const uint64_t size = !isExtra && longSize != kNoSize ? longSize : said.value_or(all.size());
        const uint64_t content = at + kBlock;
        if (size > all.size() - content)
            return broken(at, "the file ends within a member");
        if (longName.empty() && longSize == kNoSize)
            memberBegin = at;
        if (type == 'L') {
            longName = field(all, content, size);
        } else if (type == 'x') {
            readPax(all.substr(content, size), longName, longSize);
        } else if (!isExtra) {
            std::string name = longName;
            if (name.empty()) {
                const std::string_view prefix =
                    header.substr(257, 5) == "ustar" ? field(header, 345, 155) : "";
                name = (prefix.empty() ? "" : std::string(prefix) + "/") + std::string(field(header, 0, 100));
            }
            longName.clear();
            longSize = kNoSize;
            const bool isFile = type == '0' || type == '\0';
            if (const auto split = splitName(name); isFile && split && !name.starts_with("__")) {
                if (shard.m_samples.empty() || shard.m_samples.back().key != split->first)
                    shard.m_samples.push_back({split->first, memberBegin, {}});
                shard.m_samples.back().parts.push_back({split->second, content, size});
            }
        }
        at = content + (size + kBlock - 1) / kBlock * kBlock;
    }
    shard.m_end = at;
    return shard;
}

std::string_view TarShard::bytes(const Part& part) const
{
    return {reinterpret_cast<const char*>(m_file.bytes().data()) + part.offset, part.size};
}

std::string tarSource(const std::filesystem::path& path, const TarShard::Part& part)
{
    return "tar:" + std::to_string(part.offset) + ":" + std::to_string(part.size) + ":" + path.string();
}

Result<std::string> readSource(const std::string& source)
{
    if (source.starts_with("data:")) {
        Result<std::string> bytes = api::bytesOfDataUri(source);
        if (!bytes)
            return Error{bytes.error().code, "a picture written into its row " + bytes.error().message};
        return bytes;
    }
    if (source.find("://") != std::string::npos)
        return Error{ErrorCode::InvalidInput,
                     inQuotes(source) +
                         " is not on this machine, and no picture of training data is "
                         "fetched; download it and write its path"};
    if (!source.starts_with(kTarScheme))
        return readFile(source, kMaxPictureBytes);
    const char* const end = source.data() + source.size();
    uint64_t offset = 0;
    uint64_t size = 0;
    const auto first = std::from_chars(source.data() + kTarScheme.size(), end, offset);
    const auto second = first.ptr < end ? std::from_chars(first.ptr + 1, end, size) : first;
    if (first.ec != std::errc() || second.ec != std::errc() || second.ptr >= end)
        return Error{ErrorCode::InvalidInput, inQuotes(source) + " names no place in a tar file"};
    const Result<MappedFile> file = MappedFile::open(std::string(second.ptr + 1, end));
    if (!file)
        return file.error();
    if (offset > file->bytes().size() || size > file->bytes().size() - offset)
        return Error{ErrorCode::InvalidInput, inQuotes(source) + " lies behind the end of its file"};
    return std::string(reinterpret_cast<const char*>(file->bytes().data()) + offset, size);
}

Result<Image> readPicture(const std::string& source)
{
    const Result<std::string> bytes = readSource(source);
    if (!bytes)
        return bytes.error();
    Result<Image> image = decodeImage(std::as_bytes(std::span(*bytes)));
    if (image)
        return image;
    if (source.starts_with("data:"))
        return image.error().during("a picture written into its row");
    if (source.starts_with(kTarScheme))
        return image.error().during(
            "its picture at byte " +
            source.substr(kTarScheme.size(), source.find(':', kTarScheme.size()) - kTarScheme.size()));
    return image.error().during("reading " + source);
}

}  // namespace facet::core
