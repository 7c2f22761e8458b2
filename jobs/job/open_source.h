#pragma once

#include "core/data/sample_source.h"
#include "jobs/job/job.h"

namespace facet::jobs {

/// Opens the file or the folder that a job names. One with "mock:" in front is made up and is the caller's.
///
/// Errors  as SampleSource::open; InvalidInput where the format is not one that the path can have
core::Result<core::SampleSource> openSource(const DataSource& source, const core::Progress& progress = {});

}  // namespace facet::jobs
