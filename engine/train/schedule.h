#pragma once

#include "jobs/job/job.h"

namespace facet::engine {

/// Learning rate of a step, 0 the first, of `numSteps` in all. W the warm-up's steps, t = step:
///
///   warm-up, t <= W:  lr (t + 1) / (W + 1); cosine with constant_steps: lr t / W
///   cosine            min + (lr - min) (1 + cos(pi (t - W) / (numSteps - W))) / 2
///   cosine with C     the same over numSteps - W - C steps, then min for C
///   linear            min + (lr - min) (numSteps - t) / (numSteps - W)
///   constant          lr
///   wsd with decay D  lr until numSteps - D, then linear as above over D steps
///   past the end      min; constant: lr
///
/// Source  NVIDIA-NeMo/NeMo, nemo/core/optim/lr_scheduler.py, CosineAnnealing (its step is ours)
double learningRate(const jobs::Schedule& schedule, double lr, int64_t step, int64_t numSteps);

}  // namespace facet::engine
