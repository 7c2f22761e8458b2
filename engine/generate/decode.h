#pragma once

#include "engine/gemma3/load.h"
#include "engine/generate/sampler.h"

#include <span>

namespace facet::engine {

/// One answer in the making. A step takes any set of them; each has its own cache and sampler.
struct Slot {
    gemma3::KvCache cache;
    Sampler sampler;
    SampledToken last;  ///< chosen, but not yet in the cache
};

/// Chooses the first token of an answer from the hidden state of its prompt's last token, [1, D].
void begin(const gemma3::Model& model, Slot& slot, const at::Tensor& hidden_1D);

/// Puts each slot's last token into its cache and chooses the next one. Nothing here waits for the device:
/// tokens stay on it, and reading them is the caller's own wish.
///
/// Effect  each slot's `cache`, `sampler` and `last` move on by one token.
void decodeStep(const gemma3::Model& model, std::span<Slot* const> slots);

}  // namespace facet::engine
