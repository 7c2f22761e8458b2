#pragma once

// Floating-point operations of training, from a model's shape alone. One multiply-add is two.

#include "jobs/resolved_job.h"

namespace facet::jobs {

/// Of attention's two matrix products over one sequence, all layers, forward: 4 N H times the pairs of tokens
/// that see each other: S (S + 1) / 2 in global layers, in local ones those within the window. Pictures'
/// extra pairs are left out.
double attentionFlops(const core::gemma3::TextConfig& text, int64_t sequenceLength);

/// Of the vision tower for one picture, forward: 2 for each weight and patch, and attention of all patches
/// with all.
double visionFlops(const core::gemma3::VisionConfig& vision);

struct StepFlops {
    double language = 0;  ///< layers, attention and head: forward and backward
    double vision = 0;
    double adapters = 0;
    double recompute = 0;  ///< forward work done again; no part of MFU
    double total() const { return language + vision + adapters; }
};

/// Of one optimizer step over all GPUs, for samples of full length.
///
/// Forward costs 2 for each weight and token. Backward costs 2 for the gradient of the input, which every
/// language layer needs as soon as anything at or below it is trained, and 2 for that of the weight where
/// that is trained: so 6 N for all, 4 N for adapters alone. Attention has no weights: 3 times its forward.
StepFlops stepFlops(const ResolvedJob& job, Checkpointing checkpointing, int64_t picturesPerSample);

}  // namespace facet::jobs
