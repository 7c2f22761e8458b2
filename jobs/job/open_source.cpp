#include "jobs/job/open_source.h"

#include "jobs/job/job_fields.h"

namespace facet::jobs {

core::Result<core::SampleSource> openSource(const DataSource& source, const core::Progress& progress)
{
    core::SourceOptions options;
    options.file.imageRoot = source.imageRoot;
    options.energon = {source.split, source.fieldMap};
    const bool isFolder = core::EnergonFolder::isOne(source.path);
    if (!isFolder)
        options.file.columns = source.fieldMap;
    if (source.format != SourceFormat::Auto && (source.format != SourceFormat::Energon || !isFolder)) {
        const std::string_view name = kFormats[static_cast<size_t>(source.format)];
        options.file.format = core::rowFormat(name);
        if (isFolder || !options.file.format)
            return core::Error{core::ErrorCode::InvalidInput,
                               source.path +
                                   (isFolder ? " is an Energon folder"
                                             : " is neither an Energon folder nor mock:text or mock:vision") +
                                   ", but its format is \"" + std::string(name) + "\"; take auto"};
    }
    return core::SampleSource::open(source.path, options, progress);
}

}  // namespace facet::jobs
