#pragma once

// A file of rows as samples, by number, with errors that name file and line.

#include "core/base/result.h"
#include "core/data/row_file.h"
#include "core/data/row_format.h"

#include <map>
#include <optional>

namespace facet::core {

struct DatasetOptions {
    std::optional<RowFormat> format;  ///< none: looked at
    std::filesystem::path imageRoot;  ///< "": the file's folder

    /// What the fields of the format are called in the file: "prompt" -> "question"; "": it has none.
    std::map<std::string, std::string> columns = {};
};

class Dataset {
public:
    /// Opens a file and looks at its first hundred rows. Rows can be read by number once it is indexed.
    ///
    /// Errors  as RowFile::open and sniffRows, with the file's name
    static Result<Dataset> open(const std::filesystem::path& path, const DatasetOptions& options = {},
                                const Progress& progress = {});

    RowFormat format() const { return m_format; }
    RowFile& rows() { return m_rows; }
    const RowFile& rows() const { return m_rows; }

    /// Errors  InvalidInput: "data.jsonl line 3: conversations[1].from is \"tool\"; ..."
    Result<DataSample> sample(int64_t index) const { return sampleOf(m_rows.row(index)); }

    /// The first samples, before there is an index.
    std::vector<Result<DataSample>> head(size_t count) const;

private:
    Dataset(RowFile rows, RowFormat format, std::filesystem::path imageRoot,
            std::map<std::string, std::string> columns)
        : m_rows(std::move(rows)),
          m_format(format),
          m_imageRoot(std::move(imageRoot)),
          m_columns(std::move(columns))
    {
    }
    Result<DataSample> sampleOf(std::string_view row) const;

    RowFile m_rows;
    RowFormat m_format;
    std::filesystem::path m_imageRoot;
    std::map<std::string, std::string> m_columns;
};

}  // namespace facet::core
