#pragma once

// What a job needs, measured: two of its steps, of which nothing is kept.

#include "engine/train/fine_tune.h"

#include <functional>

namespace facet::engine {

struct Probe {
    int64_t memoryBytes = 0;  ///< peak: of a GPU by tensors, of a CPU by this process
    int64_t numPasses = 0;    ///< that were run of each step

    // Of a whole step of the job: all its passes.
    double dataSeconds = 0;  ///< that it had to wait for
    double forwardSeconds = 0;
    double backwardSeconds = 0;
    double optimizerSeconds = 0;
    double tokensPerStep = 0;
    double flopsPerStep = 0;  ///< as engine/train/flops.h counts them

    double secondsPerStep() const
    {
        return dataSeconds + forwardSeconds + backwardSeconds + optimizerSeconds;
    }
};

/// Called before each of the two steps, 1 and 2.
using OnProbeStep = std::function<void(int step)>;

/// Trains a step of `longest`, samples of full length, for which memory has to be there, then a step of
/// `rows`, whose time is told. A step here has two passes at most, after which nothing new is needed; its
/// times are told for all of the job's.
///
/// Effect  the model has made two steps afterwards.
/// Errors  OutOfMemory, with what would need less; those of reading data
core::Result<Probe> probe(FineTuneSettings settings, TrainedModel& model, SampleStream& longest,
                          SampleStream& rows, const OnProbeStep& onStep);

}  // namespace facet::engine
