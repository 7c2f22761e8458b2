#include "core/data/sample_source.h"

#include <algorithm>

namespace facet::core {

Result<SampleSource> SampleSource::open(const std::filesystem::path& path, const SourceOptions& options,
                                        const Progress& progress)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        if (!EnergonFolder::isOne(path))
            return Error{ErrorCode::NotFound,
                         path.string() +
                             " is a folder without .nv-meta/dataset.yaml; run energon prepare in it, or name "
                             "a file in it"};
        Result<EnergonFolder> folder = EnergonFolder::open(path, options.energon);
        if (!folder)
            return folder.error();
        return SampleSource(*std::move(folder));
    }
    Result<Dataset> file = Dataset::open(path, options.file, progress);
    if (!file)
        return file.error();
    return SampleSource(*std::move(file));
}

Result<void> SampleSource::buildIndex(const Progress& progress)
{
    auto* file = std::get_if<Dataset>(&m_source);
    return file && !file->rows().isIndexed() ? file->rows().buildIndex(progress) : Result<void>();
}

void SampleSource::expectInOrder(bool isInOrder) const
{
    if (const Dataset* rows = file())
        rows->rows().expectInOrder(isInOrder);
}

std::string SampleSource::format() const
{
    if (const Dataset* rows = file())
        return std::string(nameOf(rows->format()));
    return "energon " + std::get<EnergonFolder>(m_source).sampleType();
}

int64_t SampleSource::numSamples() const
{
    if (const Dataset* rows = file())
        return rows->rows().numRows();
    return std::get<EnergonFolder>(m_source).numSamples();
}

Result<DataSample> SampleSource::sample(int64_t index) const
{
    return std::visit([&](const auto& source) { return source.sample(index); }, m_source);
}

std::string SampleSource::placeOf(int64_t index) const
{
    if (const Dataset* rows = file())
        return rows->rows().placeOf(rows->rows().row(index));
    return std::get<EnergonFolder>(m_source).placeOf(index);
}

std::vector<std::string_view> SampleSource::bytesOf(int64_t index) const
{
    if (const Dataset* rows = file())
        return {rows->rows().row(index)};
    return std::get<EnergonFolder>(m_source).bytesOf(index);
}

std::vector<Result<DataSample>> SampleSource::head(size_t count) const
{
    if (const Dataset* rows = file())
        return rows->head(count);
    std::vector<Result<DataSample>> samples;
    const auto& folder = std::get<EnergonFolder>(m_source);
    for (int64_t i = 0; i < std::min(static_cast<int64_t>(count), folder.numSamples()); ++i)
        samples.push_back(folder.sample(i));
    return samples;
}

}  // namespace facet::core
