#pragma once

// What a job asks for that training cannot do here. The form, the queue and the start of a run ask this, and
// so say the same, before anything has been made or loaded.

#include "jobs/resolved_job.h"

namespace facet::jobs {

/// Whether this engine can train a job on this machine, as far as that is known without reading weights.
///
/// Errors  InvalidInput: several GPUs, a module that is trained itself and by an adapter; the sentence begins
///         with the key to change. NotFound: a model is not on this machine
core::Result<void> checkSupported(const ResolvedJob& resolved);

/// Whether the files that a job names are here: rows, an adapter to start from.
///
/// Errors  NotFound; the sentence begins with the key
core::Result<void> checkFilesAreHere(const Job& job);

}  // namespace facet::jobs
