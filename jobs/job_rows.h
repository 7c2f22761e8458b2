#pragma once

// The rows of a job's sources: which files validate, and how many rows train.

#include "core/data/decompress.h"
#include "jobs/job/job.h"

namespace facet::jobs {

/// What validates besides the rows that are held out: the file of data.validation.path, or of each source the
/// split of data.validation.split, an Energon folder's own or the file beside (core::fileOfSplit). Empty
/// without these two.
///
/// Errors  NotFound, InvalidInput: there is no such split
core::Result<std::vector<DataSource>> validationSources(const DataSettings& data);

/// Errors  InvalidInput: something is to be validated on, and there are no rows for it
core::Result<void> checkHeldOut(const DataSettings& data, int64_t numHeldOut);

struct RowCounts {
    std::string path;
    int64_t trained = 0;
    int64_t heldOut = 0;  ///< or, of a source that only validates, all of its rows
};

/// Counts the rows of all sources, and of those that validate, in this order.
///
/// Cost    reads a file that has no index yet once
/// Errors  those of opening them; Cancelled
core::Result<std::vector<RowCounts>> countRows(const DataSettings& data, const core::Progress& progress = {});

/// "sums.jsonl: 90 rows train, 10 validate", a line each.
std::string describe(const std::vector<RowCounts>& counts);

}  // namespace facet::jobs
