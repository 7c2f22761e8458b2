#pragma once

// How fast a model works here, measured.

#include "engine/gemma3/load.h"

#include <vector>

namespace facet::engine {

struct TextSpeeds {
    std::vector<double> prefill;  ///< tokens a second, of each repeat
    std::vector<double> decode;   ///< of all sequences in sum
};

/// Reads a prompt, then writes `numTokens` tokens to `numSequences` sequences at once, each token read back
/// as serving does.
///
/// Errors  throws c10::Error.
TextSpeeds measureText(const gemma3::Model& model, int64_t promptTokens, int64_t numTokens,
                       int64_t numSequences, int64_t repeats);

struct PictureTimes {
    std::vector<double> tower;       ///< seconds for one picture's features, its pixels on the device
    std::vector<double> firstToken;  ///< from pixels to the first token, with 34 tokens of text
};

/// Of a model with vision.
///
/// Errors  throws c10::Error.
PictureTimes measurePicture(const gemma3::Model& model, int64_t repeats);

}  // namespace facet::engine
