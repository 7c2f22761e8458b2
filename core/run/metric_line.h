#pragma once

// The lines that events.jsonl is made of, a million times: flat objects of numbers. Ten times as quick as a
// JSON library, for these two kinds only.

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace facet::core {

struct NumberLine {
    enum class Kind { Metric, Validation };

    Kind kind = Kind::Metric;
    int64_t step = 0;
    double time = 0;
    /// The other members, in order; null is NaN. The names lie in the line that was read.
    std::vector<std::pair<std::string_view, double>> members;
};

/// Reads {"event": "metric", "time": 1.5, "step": 3, "loss": 1.25, ...} or "validation" into `line`, whose
/// memory is used again. false: it is another event, or none.
bool readNumberLine(std::string_view text, NumberLine& line);

}  // namespace facet::core
