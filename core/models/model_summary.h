#pragma once

// What a model folder holds, in numbers: for `inspect` and for the studio's model page.

#include "core/models/model_folder.h"

namespace facet::core {

struct ModelSummary {
    struct Part {
        std::string name;  ///< "embedding", "language layers", "vision tower", "projector"
        int64_t numTensors = 0;
        int64_t numParameters = 0;
    };
    struct File {
        std::filesystem::path path;
        uint64_t bytes = 0;
    };

    std::vector<Part> parts;  ///< those that the model has
    int64_t numParameters = 0;
    std::map<std::string, int64_t> parametersByType;  ///< "BF16" -> how many
    std::vector<File> files;
    uint64_t totalBytes = 0;  ///< of the files, with what a text-only import leaves unused
    std::string licence;      ///< licenceOf()
};

/// README.md's "license" of a folder, general.license of a GGUF; "" if it says nothing.
std::string licenceOf(const std::filesystem::path& model);

/// Cost  reads README.md, no weights.
ModelSummary summarize(const ModelFolder& model);

}  // namespace facet::core
