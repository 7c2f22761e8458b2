#pragma once

// The tiny models of tests/engine/golden/, with the values that transformers computed for them.

#include "core/models/model_folder.h"
#include "core/safetensors/safetensors_file.h"
#include "engine/gemma3/load.h"
#include "engine/generate/prefill.h"
#include "engine/tensor_view.h"

#include <QTest>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace facet::engine {

inline const std::filesystem::path kGoldenFolder = std::filesystem::path(SOURCE_DIR) / "tests/engine/golden";

/// The plain path in float32, which everything faster is tested against.
inline const gemma3::Placement kReference = {at::kCPU, at::kFloat, core::gemma3::WeightFormat::Float32,
                                             /*useKernels=*/false};

/// Names of the models whose every value is known; of the others, *_generate, it is what they generate.
inline std::vector<std::string> goldenCases()
{
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kGoldenFolder))
        if (const std::string name = entry.path().filename();
            std::filesystem::exists(entry.path() / "config.json") && !name.ends_with("_generate"))
            names.push_back(name);
    std::ranges::sort(names);
    return names;
}

/// A model and what transformers says of it. Ends the test program if a file is broken.
struct GoldenModel {
    gemma3::Model model;
    core::SafetensorsFile values;

    static GoldenModel open(const std::string& name, const gemma3::Placement& placement = kReference)
    {
        const std::filesystem::path path = kGoldenFolder / name;
        return {*gemma3::loadModel(*core::ModelFolder::open(path), placement),
                *core::SafetensorsFile::open(path / "golden.safetensors")};
    }

    bool has(const std::string& name) const { return values.tensors().contains(name); }
    at::Tensor value(const std::string& name) const { return asTensor(values.tensors().at(name)); }

    int numInputs() const
    {
        int count = 0;
        while (has(std::to_string(count) + ".input_ids"))
            ++count;
        return count;
    }

    std::vector<int64_t> ids(int input) const
    {
        const at::Tensor id_T = value(std::to_string(input) + ".input_ids");
        return {id_T.data_ptr<int64_t>(), id_T.data_ptr<int64_t>() + id_T.numel()};
    }

    /// Features of the input's pictures, one row for each image token; undefined without pictures.
    at::Tensor features_XD(int input, const gemma3::Trace& trace = {}) const
    {
        const std::string name = std::to_string(input) + ".pixel_values";
        if (!has(name))
            return {};
        return gemma3::imageFeatures(value(name), *model.weights.vision, model.config, trace).flatten(0, 1);
    }

    /// All logits of the input, computed in chunks of `maxTokens`.
    at::Tensor logits_TV(int input, int64_t maxTokens) const
    {
        gemma3::KvCache cache(model.config.text);
        std::vector<at::Tensor> logit_TV;
        prefill(
            model, cache, ids(input), features_XD(input),
            [&](const at::Tensor& hidden_TD) {
                logit_TV.push_back(gemma3::logits(hidden_TD, model.weights));
                return true;
            },
            maxTokens);
        return at::cat(logit_TV);
    }
};

inline double largestDifference(const at::Tensor& a, const at::Tensor& b)
{
    return a.sizes() == b.sizes() ? (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>()
                                  : std::numeric_limits<double>::infinity();
}

}  // namespace facet::engine
