#pragma once

#include "core/base/result.h"
#include "engine/gemma3/load.h"

#include <string>

namespace facet::engine {

/// The scores of a model for a made-up text, with a picture where it sees any: what stays the same when its
/// weights are only written differently.
///
/// Shapes  [T, V], in float32 on the CPU
/// Errors  OutOfMemory
core::Result<at::Tensor> probeScores(const gemma3::Model& model);

/// How far one model's probeScores are from another's.
struct ScoreDifference {
    double largest = 0;  ///< of any score
    double largestScore = 0;
    double meanKl = 0;     ///< of the second model's predictions from the first one's, in nats
    int64_t sameBest = 0;  ///< places with the same likeliest token
    int64_t numPlaces = 0;

    std::string inWords() const;
};

ScoreDifference differenceOf(const at::Tensor& first_TV, const at::Tensor& second_TV);

}  // namespace facet::engine
