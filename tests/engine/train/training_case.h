#pragma once

// One case of make_training.py, and the model that Facet trains for it.

#include "core/base/json.h"
#include "engine/lora/peft_folder.h"
#include "engine/tensor_file.h"
#include "engine/train/adamw.h"
#include "engine/train/loss.h"
#include "tests/engine/gemma3/golden_model.h"
#include "tests/support/check.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace facet::engine {

struct TrainingCase {
    std::filesystem::path folder;
    nlohmann::json json;
    std::map<std::string, at::Tensor> values;

    static TrainingCase open(const std::filesystem::path& folder)
    {
        return {folder, *core::readJsonObject(folder / "case.json"),
                *readTensors(folder / "values.safetensors")};
    }

    std::vector<std::string> trained() const { return json["trained"].get<std::vector<std::string>>(); }
    std::vector<double> losses() const { return json["losses"].get<std::vector<double>>(); }

    std::vector<TrainingSample> samples() const
    {
        std::vector<TrainingSample> samples;
        for (const auto& sample : json["samples"]) {
            TrainingSample read;
            read.ids = sample["ids"].get<std::vector<int64_t>>();
            read.isTarget = sample["is_target"].get<std::vector<bool>>();
            const auto pixels = values.find("sample." + std::to_string(samples.size()) + ".pixels");
            if (pixels != values.end())
                read.pixels_3SS = pixels->second.unbind();
            samples.push_back(read);
        }
        return samples;
    }

    gemma3::Model baseModel() const
    {
        const auto folderOfModel = *core::ModelFolder::open(kGoldenFolder / json["model"].get<std::string>());
        gemma3::Placement placement = kReference;
        placement.weights = *core::gemma3::weightFormatNamed(json.value("weights", "float32"));
        return *gemma3::loadModel(folderOfModel, placement);
    }

    /// The model as the case's peer had it before the first step.
    TrainedModel model() const
    {
        TrainedSelection selection;
        std::optional<PeftAdapter> adapter;
        if (json["has_adapter"]) {
            adapter = *readPeftFolder(folder / "adapter");
            for (const auto& layer : adapter->layers)
                selection.lora.push_back(layer->settings);
        }
        for (const std::string& name : trained())
            if (name.find(".lora_") == std::string::npos)
                selection.tensors.insert(name);
        TrainedModel model = *TrainedModel::make(baseModel(), selection, /*seed=*/1);
        if (adapter) {
            const core::Result<void> started = model.startFrom(*adapter);
            if (!started)
                qFatal("%s", core::reason(started));
        }
        return model;
    }

    AdamWSettings adamw() const
    {
        const nlohmann::json& settings = json["adamw"];
        return {settings["betas"][0], settings["betas"][1], settings["eps"], settings["weight_decay"]};
    }
    double lr() const { return json["adamw"]["lr"]; }
};

inline std::vector<std::filesystem::path> trainingCases(const std::filesystem::path& folder)
{
    std::vector<std::filesystem::path> cases;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (std::filesystem::exists(entry.path() / "case.json"))
            cases.push_back(entry.path());
    std::ranges::sort(cases);
    return cases;
}

/// The mean loss, with the gradients of all samples in one pack left in the trained tensors.
inline double lossAndGradients(const TrainedModel& model, const std::vector<TrainingSample>& samples,
                               int64_t maxScores = int64_t{1} << 27)
{
    const PackedBatch batch = packed(samples, model.model().config.imageTokenId, at::kCPU);
    const at::Tensor loss = model.sumOfLosses(batch, maxScores) / batch.numTargets;
    loss.backward();
    return loss.item<double>();
}

/// Checks one case against its peer: loss and gradients within 1e-4, ten steps' losses within 1e-5.
inline void compareWithPeer(const std::filesystem::path& folder)
{
    const TrainingCase training = TrainingCase::open(folder);
    const TrainedModel model = training.model();
    const std::vector<double> losses = training.losses();
    QVERIFY(model.trained().size() >= training.trained().size());

    AdamW optimizer(model.trained(), training.adamw());
    for (size_t step = 0; step < losses.size(); ++step) {
        const double loss = lossAndGradients(model, training.samples());
        QVERIFY2(std::abs(loss - losses[step]) <= (step == 0 ? 1e-4 : 1e-5) * std::max(1.0, losses[step]),
                 qPrintable(QString("step %1: loss %2, not %3")
                                .arg(step)
                                .arg(loss, 0, 'g', 9)
                                .arg(losses[step], 0, 'g', 9)));
        if (step == 0) {
            int numCompared = 0;
            for (const auto& [name, tensor] : model.trained()) {
                const auto expected = training.values.find("gradient." + name);
                QCOMPARE(tensor.grad().defined(), expected != training.values.end());
                if (!tensor.grad().defined())
                    continue;
                const double difference =
                    largestDifference(tensor.grad().flatten(), expected->second.flatten());
                QVERIFY2(difference <= 1e-4, (name + " differs by " + std::to_string(difference)).c_str());
                ++numCompared;
            }
            QVERIFY(numCompared > 0);
        }
        optimizer.accumulate();
        optimizer.step(training.lr());
    }
}

}  // namespace facet::engine
