#include "engine/train/trained_model.h"

#include "core/gemma3/tensor_names.h"
#include "engine/gemma3/visit_weights.h"
#include "engine/guard.h"
#include "engine/train/fused_operations.h"
#include "engine/train/loss.h"
#include "engine/train/recompute.h"

#include <ATen/core/grad_mode.h>
#include <map>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;

/// The same numbers in the same memory, with gradients.
at::Tensor asTrained(const at::Tensor& tensor)
{
    return tensor.detach().requires_grad_();
}

std::string firstOf(const std::set<std::string>& names)
{
    return *names.begin() + (names.size() == 1 ? "" : " and " + std::to_string(names.size() - 1) + " more");
}

}  // namespace

core::Result<TrainedModel> TrainedModel::make(gemma3::Model model, const TrainedSelection& selection,
                                              uint64_t seed)
{
    TrainedModel trained(std::move(model));
    core::Result<core::Result<void>> selected = guarded([&] { return trained.select(selection, seed); });
    if (!selected)
        return selected.error();
    if (!*selected)
        return selected->error();
    trained.m_model.weights.operations = kFusedOperations;
    return trained;
}

core::Result<void> TrainedModel::select(const TrainedSelection& selection, uint64_t seed)
{
    std::set<std::string> tensors = selection.tensors, stored;
    std::map<std::string, const LoraSettings*> lora;
    std::set<std::string> modules;
    for (const LoraSettings& settings : selection.lora) {
        lora[settings.module] = &settings;
        modules.insert(settings.module);
    }
    for (const std::string& module : modules)
        if (tensors.contains(module + ".weight"))
            return Error{ErrorCode::InvalidInput,
                         module +
                             " is to be trained itself and by an adapter, which no PEFT folder can hold: "
                             "freeze its part of the model, or leave it out of lora.targets"};
    const at::ScalarType type = m_model.weights.type();
    const auto arithmetic = at::dtype(type).device(m_model.weights.device());

    gemma3::WeightVisitor visitor;
    visitor.tensor = [&](const std::string& name, at::Tensor& tensor) {
        if (tensors.erase(name) == 0)
            return;
        tensor = asTrained(tensor);
        m_trained.push_back({name, tensor});
    };
    visitor.matrix = [&](const std::string& name, gemma3::WeightMatrix& matrix) {
        if (tensors.erase(name) == 0)
            return;
        const at::Tensor whole = matrix.dense(0, matrix.numRows());
        if (matrix.numBytes() != static_cast<int64_t>(whole.nbytes()))
            stored.insert(name);
        const at::Tensor tensor = asTrained(whole);
        matrix = gemma3::WeightMatrix::sharing(tensor);
        m_trained.push_back({name, tensor});
    };
    visitor.linear = [&](const std::string& module, gemma3::Linear& linear) {
        if (modules.erase(module) == 0)
            return;
        const auto adapter = freshLora(*lora.at(module), linear, arithmetic, seed);
        adapter->rowSeeds = m_rowSeeds;
        for (const auto& [name, tensor] :
             {std::pair{".lora_A", &adapter->a_RI}, std::pair{".lora_B", &adapter->b_OR},
              std::pair{".lora_magnitude", &adapter->magnitude_O}}) {
            if (!tensor->defined())
                continue;
            *tensor = asTrained(*tensor);
            m_trained.push_back({module + name, *tensor});
        }
        linear.adapters.push_back(adapter);
        m_adapters.push_back(adapter);
    };
    gemma3::visitWeights(m_model.weights, visitor);

    if (!tensors.empty())
        return Error{ErrorCode::InvalidInput, "the model has no tensor " + firstOf(tensors) + " to train"};
    if (!modules.empty())
        return Error{ErrorCode::InvalidInput,
                     "the model has no linear layer " + firstOf(modules) + " to adapt"};
    if (!stored.empty())
        return Error{ErrorCode::InvalidInput,
                     firstOf(stored) +
                         " cannot be trained as it is stored: load the model in the type that "
                         "it computes in, or train adapters"};
    if (m_trained.empty())
        return Error{ErrorCode::InvalidInput,
                     "nothing is trained: unfreeze a part of the model or choose layers for adapters"};
    return {};
}

core::Result<void> TrainedModel::startFrom(const PeftAdapter& adapter)
{
    if (!adapter.unknown.empty())
        return Error{ErrorCode::InvalidInput, "the adapter to start from has " + adapter.unknown.front() +
                                                  ", which belongs to no layer of Gemma 3"};
    std::map<std::string, at::Tensor> saved = adapter.tensors;
    for (const auto& layer : adapter.layers) {
        saved[layer->settings.module + ".lora_A"] = layer->a_RI;
        saved[layer->settings.module + ".lora_B"] = layer->b_OR;
        if (layer->magnitude_O.defined())
            saved[layer->settings.module + ".lora_magnitude"] = layer->magnitude_O;
    }
    for (const TrainedTensor& trained : m_trained) {
        const auto found = saved.find(trained.name);
        const bool isOfAdapter = trained.name.find(".lora_") != std::string::npos;
        if (found == saved.end() ? isOfAdapter : found->second.numel() != trained.tensor.numel())
            return Error{ErrorCode::InvalidInput, "the adapter to start from has no fitting " + trained.name};
    }
    for (const TrainedTensor& trained : m_trained) {
        const auto found = saved.find(trained.name);
        if (found == saved.end())
            continue;
        trained.tensor.detach().copy_(found->second.view_as(trained.tensor));
        saved.erase(found);
    }
    if (!saved.empty())
        return Error{ErrorCode::InvalidInput,
                     "the adapter to start from has " + saved.begin()->first + ", which is not trained here"};
    return {};
}

PeftAdapter TrainedModel::adapter(const std::string& baseModel) const
{
    const auto shapes = core::gemma3::expectedTensors(m_model.config);
    PeftAdapter adapter = {baseModel, m_adapters, {}, {}};
    for (const TrainedTensor& trained : m_trained)
        if (const auto shape = shapes.find(trained.name); shape != shapes.end())
            adapter.tensors[trained.name] = trained.tensor.detach().view(shape->second);
    return adapter;
}

int64_t TrainedModel::numTrained() const
{
    int64_t count = 0;
    for (const TrainedTensor& trained : m_trained)
        count += trained.tensor.numel();
    return count;
}

void TrainedModel::setRecomputing(bool isRecomputing)
{
    m_runLayer = isRecomputing ? gemma3::RunLayer(runRecomputed) : gemma3::RunLayer();
}

at::Tensor TrainedModel::hiddenStates(const PackedBatch& batch) const
{
    // Without gradients nothing is dropped.
    *m_rowSeeds = at::GradMode::is_enabled() ? batch.rowSeeds : RowSeeds();
    gemma3::Step step = {batch.token_T, batch.segments, {}, m_runLayer};
    if (batch.pixel_I3SS.defined())
        step.feature_XD =
            gemma3::imageFeatures(batch.pixel_I3SS, *m_model.weights.vision, m_model.config, {}, m_runLayer)
                .flatten(0, 1);
    return gemma3::hiddenStates(step, m_model.weights, m_model.config.text);
}

at::Tensor TrainedModel::sumOfLosses(const PackedBatch& batch, int64_t maxScores) const
{
    return sumOfCrossEntropy(hiddenStates(batch), m_model.weights.head.weight, batch.target_T, maxScores);
}

}  // namespace facet::engine
