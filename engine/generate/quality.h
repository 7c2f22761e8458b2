#pragma once

// What a way of storing weights costs: a model's predictions on a text, held against those of a reference.

#include "engine/gemma3/load.h"

#include <functional>
#include <vector>

namespace facet::engine {

struct Quality {
    int64_t numTokens = 0;           ///< predicted; the first of each window is given
    double perplexity = 0;           ///< e to the mean of -log p(token), of the model
    double referencePerplexity = 0;  ///< of the reference
    double meanKl = 0;               ///< mean over tokens of KL(reference || model), in nats
    double kl99 = 0;                 ///< 99 % of the tokens are below
    double sameBest = 0;             ///< share of tokens for which both think the same one likeliest
};

/// Compares two models of the same vocabulary. Each window starts with the beginning-of-sequence token and is
/// read by itself.
///
/// Effect  calls `onWindow` after each window; returning false ends the work.
/// Errors  InvalidInput: no window has two tokens; Cancelled; OutOfMemory.
core::Result<Quality> compareModels(const gemma3::Model& reference, const gemma3::Model& model,
                                    const std::vector<std::vector<int64_t>>& windows,
                                    const std::function<bool(size_t numDone)>& onWindow = {});

/// Cuts a text's tokens into windows of at most `size`, each behind `bosId`, `maxTokens` in all.
std::vector<std::vector<int64_t>> windowsOf(const std::vector<int64_t>& ids, int64_t bosId, int64_t size,
                                            int64_t maxTokens);

}  // namespace facet::engine
