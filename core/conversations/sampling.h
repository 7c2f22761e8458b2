#pragma once

// How the next token is drawn, as a user sets it.

#include <cstdint>
#include <optional>

namespace facet::core {

/// Defaults: what Gemma 3's generation_config.json says, which is temperature 1, top-k 64, top-p 0.95.
struct Sampling {
    double temperature = 1.0;  ///< 0: always the likeliest token
    double topP = 0.95;
    int topK = 64;  ///< 0: all
    double minP = 0;
    double repetitionPenalty = 1.0;
    int maxTokens = 2048;
    std::optional<int64_t> seed;  ///< none: another one each time
    bool panAndScan = false;

    bool operator==(const Sampling&) const = default;
};

}  // namespace facet::core
