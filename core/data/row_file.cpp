#include "core/data/row_file.h"

#include "core/base/json.h"
#include "core/data/row_scanner.h"
#include "core/tokenizer/utf8.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace facet::core {
namespace {

constexpr std::string_view kMagic = "facet index 1\n";
constexpr size_t kStep = 16 << 20;  // bytes between two reports of progress
constexpr std::string_view kSpaces = " \t\r\n";

std::string_view trimmed(std::string_view text)
{
    const size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

bool hasExtension(const std::filesystem::path& path, std::string_view wanted)
{
    std::filesystem::path name = path;
    if (name.extension() == ".gz" || name.extension() == ".zst")
        name = name.stem();
    return name.extension() == wanted;
}

/// Header of an index: size and time of the file that it was made from.
std::string headerFor(const std::string& name, RowFile::Kind kind)
{
    return std::string(kMagic) + name + " " + std::to_string(static_cast<int>(kind)) + "\n";
}

std::filesystem::path besidePath(const std::filesystem::path& path)
{
    return path.string() + ".facet-index";
}

}  // namespace

Result<RowFile> RowFile::open(const std::filesystem::path& path, const Progress& progress)
{
    std::filesystem::path unpackedPath = path;
    Result<MappedFile> file = MappedFile::open(path);
    if (file && isCompressed(file->bytes())) {
        Result<std::filesystem::path> made = unpacked(path, progress);
        if (!made)
            return made.error();
        unpackedPath = *std::move(made);
        file = MappedFile::open(unpackedPath);
    }
    if (!file)
        return file.error();
    const std::string_view all(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    const auto refused = [&](const std::string& what) {
        return Error{ErrorCode::InvalidInput, path.string() + " " + what};
    };
    if (all.starts_with("PAR1"))
        return refused(
            "is a Parquet file, which is not read; write it as JSON lines: python -c \"import pandas; "
            "pandas.read_parquet('" +
            path.string() + "').to_json('" +
            std::filesystem::path(path).replace_extension(".jsonl").string() +
            "', orient='records', lines=True)\"");
    const std::string_view start = trimmed(all.substr(0, 4096));
    Kind kind = Kind::TextLines;
    if (!hasExtension(path, ".txt")) {
        if (start.empty())
            return refused("is empty");
        if (start.front() == '[' && !hasExtension(path, ".jsonl"))
            kind = Kind::JsonList;
        else if (start.front() == '{' || start.front() == '[')
            kind = Kind::JsonLines;
        else
            return refused("is neither JSON lines nor a JSON list nor a .txt file");
    }
    RowFile rows(path, unpackedPath, *std::move(file), kind);
    rows.loadIndex();
    return rows;
}

std::string_view RowFile::text() const
{
    return {reinterpret_cast<const char*>(m_file.bytes().data()), m_file.bytes().size()};
}

std::vector<std::string_view> RowFile::head(size_t count) const
{
    std::vector<uint64_t> begins;
    RowScanner scanner(m_kind == Kind::JsonList);
    const std::string_view all = text();
    constexpr size_t kFirstStep = 64 << 10;
    for (size_t at = 0; at < all.size() && begins.size() <= count; at += kFirstStep)
        scanner.feed(all.substr(at, kFirstStep), begins);
    scanner.finish(begins);
    std::vector<std::string_view> rows;
    for (size_t i = 0; i + 1 < begins.size() && rows.size() < count; ++i)
        rows.push_back(rowBetween(all, begins[i], begins[i + 1], m_kind == Kind::JsonList));
    return rows;
}

Result<void> RowFile::buildIndex(const Progress& progress)
{
    std::vector<uint64_t> begins;
    RowScanner scanner(m_kind == Kind::JsonList);
    const std::string_view all = text();
    expectInOrder(true);
    for (size_t at = 0; at < all.size(); at += kStep) {
        scanner.feed(all.substr(at, kStep), begins);
        const size_t done = std::min(at + kStep, all.size());
        if (progress && !progress(static_cast<int64_t>(done), static_cast<int64_t>(all.size())))
            return Error{ErrorCode::Cancelled, "indexing " + m_path.string() + " was cancelled"};
    }
    expectInOrder(false);
    if (!scanner.finish(begins))
        return Error{ErrorCode::InvalidInput,
                     m_path.string() + " is cut short: its list does not end with \"]\""};
    m_begins = std::move(begins);
    keepIndex();
    return {};
}

std::string_view RowFile::row(int64_t index) const
{
    const auto i = static_cast<size_t>(index);
    return rowBetween(text(), m_begins.at(i), m_begins.at(i + 1), m_kind == Kind::JsonList);
}

void RowFile::expectInOrder(bool isInOrder) const
{
    // Without this, a row in the midst of a file may fetch megabytes around it, or the next one its own page.
    if (!m_file.bytes().empty())
        ::madvise(const_cast<std::byte*>(m_file.bytes().data()), m_file.bytes().size(),
                  isInOrder ? MADV_SEQUENTIAL : MADV_RANDOM);
}

int64_t RowFile::lineOf(std::string_view row) const
{
    return 1 + m_lines->before(text(), static_cast<size_t>(row.data() - text().data()));
}

std::string RowFile::placeOf(std::string_view row) const
{
    return m_path.string() + " line " + std::to_string(lineOf(row));
}

Result<nlohmann::json> RowFile::parse(std::string_view row) const
{
    if (m_kind == Kind::TextLines) {
        if (!isWellFormed(row))
            return Error{ErrorCode::InvalidInput, placeOf(row) + ": is not UTF-8; convert the file"};
        return nlohmann::json{{"text", std::string(row)}};
    }
    Result<nlohmann::json> value = parseJson(row);
    if (!value)
        return value.error().during(placeOf(row));
    return value;
}

void RowFile::loadIndex()
{
    const Result<std::string> name = nameInCache(m_path);
    if (!name)
        return;
    for (const std::filesystem::path& path :
         {besidePath(m_path), dataCacheFolder() / (*name + ".facet-index")}) {
        const Result<MappedFile> file = MappedFile::open(path);
        if (!file)
            continue;
        const std::string_view bytes(reinterpret_cast<const char*>(file->bytes().data()),
                                     file->bytes().size());
        const std::string header = headerFor(*name, m_kind);
        if (!bytes.starts_with(header) || (bytes.size() - header.size()) % sizeof(uint64_t) != 0)
            continue;
        std::vector<uint64_t> begins((bytes.size() - header.size()) / sizeof(uint64_t));
        std::memcpy(begins.data(), bytes.data() + header.size(), begins.size() * sizeof(uint64_t));
        if (!std::ranges::is_sorted(begins) || begins.empty() || begins.back() > text().size())
            continue;  // damaged: it is built again
        m_begins = std::move(begins);
        expectInOrder(false);
        return;
    }
}

void RowFile::keepIndex() const
{
    const Result<std::string> name = nameInCache(m_path);
    if (!name)
        return;
    std::string bytes = headerFor(*name, m_kind);
    bytes.append(reinterpret_cast<const char*>(m_begins.data()), m_begins.size() * sizeof(uint64_t));
    if (writeFileAtomically(besidePath(m_path), bytes))
        return;
    const std::filesystem::path cached = dataCacheFolder() / (*name + ".facet-index");
    std::error_code ignored;
    std::filesystem::create_directories(cached.parent_path(), ignored);
    if (const Result<void> kept = writeFileAtomically(cached, bytes); !kept)
        return;  // the next start builds it again
}

}  // namespace facet::core
