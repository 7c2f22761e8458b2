#include "engine/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace facet::engine {
namespace {

/// From lr to min as `done` goes from 0 to 1.
double cosine(double lr, double min, double done)
{
    return min + (lr - min) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

double linear(double lr, double min, double done)
{
    return min + (lr - min) * (1 - done);
}

/// The share that `part` is of `whole`, from 0 to 1.
double share(int64_t part, int64_t whole)
{
    return whole <= 0 ? 1 : std::clamp(double(part) / double(whole), 0.0, 1.0);
}

}  // namespace

double learningRate(const jobs::Schedule& schedule, double lr, int64_t step, int64_t numSteps)
{
    using jobs::ScheduleKind;
    const int64_t warmup = schedule.warmupSteps;
    const int64_t constant = schedule.kind == ScheduleKind::Cosine ? schedule.constantSteps : 0;
    if (warmup > 0 && step <= warmup)
        return constant > 0 ? lr * double(step) / double(warmup) : lr * double(step + 1) / double(warmup + 1);

    switch (schedule.kind) {
        case ScheduleKind::Cosine:
            return cosine(lr, schedule.minLr, share(step - warmup, numSteps - warmup - constant));
        case ScheduleKind::Linear:
            return linear(lr, schedule.minLr, share(step - warmup, numSteps - warmup));
        case ScheduleKind::Constant:
            return lr;
        case ScheduleKind::WarmupStableDecay: {
            const int64_t decay =
                schedule.decaySteps > 0 ? schedule.decaySteps : std::max<int64_t>(1, numSteps / 10);
            const int64_t start = std::max(warmup, numSteps - decay);
            return step < start ? lr : linear(lr, schedule.minLr, share(step - start, numSteps - start));
        }
    }
    return lr;
}

}  // namespace facet::engine
