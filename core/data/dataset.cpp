#include "core/data/dataset.h"

namespace facet::core {
namespace {

/// A row under the names that its format knows.
nlohmann::json renamed(nlohmann::json row, const std::map<std::string, std::string>& columns)
{
    if (columns.empty() || !row.is_object())
        return row;
    nlohmann::json named = row;
    for (const auto& [field, column] : columns) {
        named.erase(field);
        named.erase(column);
    }
    for (const auto& [field, column] : columns)
        if (const auto found = row.find(column); !column.empty() && found != row.end())
            named[field] = *found;
    return named;
}

}  // namespace

Result<Dataset> Dataset::open(const std::filesystem::path& path, const DatasetOptions& options,
                              const Progress& progress)
{
    Result<RowFile> rows = RowFile::open(path, progress);
    if (!rows)
        return rows.error();
    std::optional<RowFormat> format = options.format;
    if (!format) {
        constexpr size_t kLookedAt = 100;
        std::vector<nlohmann::json> first;
        for (const std::string_view row : rows->head(kLookedAt))
            if (Result<nlohmann::json> value = rows->parse(row))
                first.push_back(renamed(*std::move(value), options.columns));
            else if (first.empty())
                return value.error();
        const Result<RowFormat> sniffed = sniffRows(first);
        if (!sniffed)
            return sniffed.error().during(path.string());
        format = *sniffed;
    }
    std::filesystem::path root = options.imageRoot;
    if (root.empty()) {
        std::error_code ignored;
        root = std::filesystem::absolute(path, ignored).parent_path();
    }
    return Dataset(*std::move(rows), *format, std::move(root), options.columns);
}

std::vector<Result<DataSample>> Dataset::head(size_t count) const
{
    std::vector<Result<DataSample>> samples;
    for (const std::string_view row : m_rows.head(count))
        samples.push_back(sampleOf(row));
    return samples;
}

Result<DataSample> Dataset::sampleOf(std::string_view row) const
{
    Result<nlohmann::json> value = m_rows.parse(row);
    if (!value)
        return value.error();
    Result<DataSample> sample = sampleFromRow(renamed(*std::move(value), m_columns), m_format, m_imageRoot);
    if (!sample)
        return sample.error().during(m_rows.placeOf(row));
    return sample;
}

}  // namespace facet::core
