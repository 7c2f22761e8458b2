#pragma once

#include "engine/generate/loaded_model.h"
#include "engine/train/fine_tune.h"

namespace facet::engine {

/// Lets a model that is being trained answer the job's prompts, greedily, and records the answers. `model`
/// shares its tensors with the trained one.
WriteSamples samplesOf(const jobs::Job& job, const LoadedModel& model);

}  // namespace facet::engine
