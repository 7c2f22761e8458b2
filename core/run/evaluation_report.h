#pragma once

// What `facet-engine evaluate` measured: one JSON object, on stdout or in a run's evaluations/.

#include "core/run/run_folder.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace facet::core {

struct EvaluationReport {
    /// One model over all rows.
    struct Measure {
        std::string name;  ///< "model", or "base" and "tuned"
        double loss = 0;   ///< mean over all targets
        double perplexity = 0;
        int64_t numExact = 0;   ///< answers that it writes to the letter
        double exactShare = 0;  ///< of all answers, 0 to 1
    };

    /// One row that is shown.
    struct Sample {
        struct Answer {
            double loss = 0;
            std::optional<std::string> text;  ///< none where the model has no tokenizer
        };
        std::string place;  ///< "sums.jsonl line 3"
        std::string expected;
        std::vector<Answer> answers;  ///< one of each measure, in its order
    };

    double time = 0;                    ///< seconds since 1970, UTC
    std::string model;                  ///< as it was named
    std::vector<std::string> adapters;  ///< "DIR" or "DIR:scale"
    int64_t step = 0;                   ///< of a run's checkpoint; 0: none
    std::string data;                   ///< a path; of a run's own validation rows the paths of their sources
    bool isOwnData = false;             ///< the rows that the run validates on
    int64_t numSamples = 0;
    int64_t numLeftOut = 0;  ///< rows that could not be read
    int64_t numTargets = 0;
    int64_t numAnswers = 0;
    std::vector<Measure> measures;  ///< the last one is the one that matters
    std::vector<Sample> worst;      ///< by its loss, the highest first
    std::vector<Sample> best;       ///< the lowest first
};

nlohmann::ordered_json toJson(const EvaluationReport& report);

/// Errors  NotFound, Io, InvalidInput
Result<EvaluationReport> readEvaluation(const std::filesystem::path& file);

/// Files in a run's evaluations/, those that were written last first. They are named
/// step-00000100-20261129-193000.json.
std::vector<std::filesystem::path> evaluationFiles(const RunFolder& folder);

}  // namespace facet::core
