#pragma once

// How many parameters a model has in each part, and how many of them a job trains.

#include "jobs/targets/linear_modules.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace facet::jobs {

/// What stays as it is. Embeddings and norms follow the part they are in unless they are set themselves.
struct Freeze {
    bool languageModel = false;
    bool visionTower = false;
    bool projector = false;
    std::optional<bool> embeddings{};  ///< the table of tokens, which is the head, too; of the language model
    std::optional<bool> norms{};       ///< of all parts
};

enum class ParameterPart {
    Embeddings,
    LanguageLayers,
    LanguageNorms,
    VisionTower,
    VisionNorms,
    Projector,
    Adapters
};

/// "embeddings", "language layers", "language norms", "vision tower", "vision norms", "projector",
/// "adapters".
const char* nameOf(ParameterPart part);

struct ParameterTable {
    struct Row {
        ParameterPart part = ParameterPart::Embeddings;
        int64_t total = 0;
        int64_t trained = 0;
    };
    std::vector<Row> rows;  ///< those that the model has
    int64_t total = 0;      ///< of the model, adapters not counted
    int64_t trained = 0;    ///< adapters counted

    int64_t trainedOf(ParameterPart part) const;
    int64_t totalOf(ParameterPart part) const;
};

/// Canonical names of the tensors that are trained themselves, not through adapters.
std::vector<std::string> trainedTensors(const core::gemma3::Config& config, const Freeze& freeze);

/// `numAdapterParameters` are trained besides what is not frozen. The position embedding counts to the vision
/// tower; the projector's norm is one of its two tensors and follows `norms`.
ParameterTable parameterTable(const core::gemma3::Config& config, const Freeze& freeze,
                              int64_t numAdapterParameters);

}  // namespace facet::jobs
