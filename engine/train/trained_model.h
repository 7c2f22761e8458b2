#pragma once

// A model of which some tensors are trained: chosen by name, some of them themselves, some through adapters.

#include "engine/gemma3/load.h"
#include "engine/lora/peft_folder.h"
#include "engine/train/packed_batch.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace facet::engine {

/// What is trained.
struct TrainedSelection {
    std::set<std::string> tensors;   ///< canonical names of those that are trained themselves
    std::vector<LoraSettings> lora;  ///< of each adapted linear layer
};

/// One trained tensor. Whatever refers to it computes with `tensor`, so it is changed in place.
struct TrainedTensor {
    std::string name;  ///< canonical name, or module + ".lora_A", ".lora_B", ".lora_magnitude"
    at::Tensor tensor;
};

class TrainedModel {
public:
    /// Takes a loaded model apart into what is trained and what is frozen. Tensors keep their memory.
    ///
    /// Errors  InvalidInput: a name that the model lacks, nothing to train at all, a trained tensor that is
    ///         stored in less than the arithmetic's type
    static core::Result<TrainedModel> make(gemma3::Model model, const TrainedSelection& selection,
                                           uint64_t seed);

    /// Puts a saved adapter's numbers in the place of the fresh ones.
    ///
    /// Errors  InvalidInput: the two do not adapt the same layers with the same ranks
    core::Result<void> startFrom(const PeftAdapter& adapter);

    const gemma3::Model& model() const { return m_model; }
    const std::vector<std::shared_ptr<LoraLayer>>& adapters() const { return m_adapters; }

    /// The adapters, and what is trained whole beside them.
    PeftAdapter adapter(const std::string& baseModel) const;

    /// In the order of computing.
    const std::vector<TrainedTensor>& trained() const { return m_trained; }
    int64_t numTrained() const;  ///< numbers in them

    /// Whether only what goes into a layer is kept, and the layer computed again for its gradient. Else what
    /// its products take and give is kept; what lies between is computed again either way.
    void setRecomputing(bool isRecomputing);

    /// The sum of the targets' losses, with gradients unless they are switched off; see loss.h.
    ///
    /// Effect  with gradients dropout is on, drawn by the samples' seeds
    at::Tensor sumOfLosses(const PackedBatch& batch, int64_t maxScores = 0) const;

    /// Hidden states of all tokens after the final norm: [T, D].
    at::Tensor hiddenStates(const PackedBatch& batch) const;

private:
    explicit TrainedModel(gemma3::Model model) : m_model(std::move(model)) {}

    core::Result<void> select(const TrainedSelection& selection, uint64_t seed);

    gemma3::Model m_model;
    std::vector<std::shared_ptr<LoraLayer>> m_adapters;
    std::vector<TrainedTensor> m_trained;
    std::shared_ptr<RowSeeds> m_rowSeeds = std::make_shared<RowSeeds>();
    gemma3::RunLayer m_runLayer;
};

}  // namespace facet::engine
