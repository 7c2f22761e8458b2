#pragma once

// Files of rows, of any size: JSON lines, a JSON list, or lines of text; also packed with gzip or Zstandard.
//
// The first rows can be read at once. For the others an index of byte offsets is built, at the speed of the
// disk, and kept beside the file (NAME.facet-index), or in the user's cache where that folder cannot be
// written.

#include "core/base/file.h"
#include "core/base/result.h"
#include "core/data/decompress.h"
#include "core/data/line_count.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

class RowFile {
public:
    enum class Kind { JsonLines, JsonList, TextLines };

    /// Opens a file and its index, if there is one that fits the file's size and time. A packed file is
    /// unpacked into the cache first, with progress.
    ///
    /// Errors  NotFound, Io, Cancelled; InvalidInput for a file that is none of these
    static Result<RowFile> open(const std::filesystem::path& path, const Progress& progress = {});

    Kind kind() const { return m_kind; }
    const std::filesystem::path& path() const { return m_path; }  ///< as it was opened

    /// The first rows, straight from the file. An element of a JSON list as its text.
    ///
    /// Thread  any, also while buildIndex runs
    std::vector<std::string_view> head(size_t count) const;

    bool isIndexed() const { return !m_begins.empty(); }

    /// Builds the index and keeps it. Where it cannot be kept, that is no failure.
    ///
    /// Cost    reads the whole file once
    /// Errors  Cancelled; InvalidInput where a JSON list is cut short
    Result<void> buildIndex(const Progress& progress = {});

    /// Precondition: isIndexed().
    int64_t numRows() const { return std::ssize(m_begins) - 1; }
    std::string_view row(int64_t index) const;

    /// Whether rows will be read from the first to the last, so that what comes next is fetched ahead; else
    /// nothing but what is asked for. Until it is said, an indexed file is read in any order.
    void expectInOrder(bool isInOrder) const;

    /// The line in the file, from 1, on which a row begins.
    ///
    /// Cost    reads the file up to there, once
    int64_t lineOf(std::string_view row) const;

    /// The row as JSON; {"text": ...} for a line of text.
    ///
    /// Errors  InvalidInput: "data.jsonl line 3: is not valid JSON at byte 17"
    Result<nlohmann::json> parse(std::string_view row) const;

    /// "data.jsonl line 3", for messages.
    std::string placeOf(std::string_view row) const;

private:
    RowFile(std::filesystem::path path, std::filesystem::path unpackedPath, MappedFile file, Kind kind)
        : m_path(std::move(path)),
          m_unpackedPath(std::move(unpackedPath)),
          m_file(std::move(file)),
          m_kind(kind)
    {
    }

    std::string_view text() const;
    void loadIndex();
    void keepIndex() const;

    std::filesystem::path m_path;
    std::filesystem::path m_unpackedPath;  ///< the file that is read: m_path, or its unpacked copy
    MappedFile m_file;
    Kind m_kind = Kind::JsonLines;
    std::unique_ptr<LineCount> m_lines = std::make_unique<LineCount>();
    std::vector<uint64_t> m_begins;  ///< where rows begin, and where the last one ends
};

}  // namespace facet::core
