#pragma once

#include "core/base/result.h"
#include "engine/train/trained_model.h"

#include <map>
#include <string>
#include <vector>

namespace facet::engine {

struct AdamWSettings {
    double beta1 = 0.9;
    double beta2 = 0.95;
    double eps = 1e-5;
    double weightDecay = 0.1;  ///< norms, biases and DoRA's magnitudes have none, as in Megatron
};

/// AdamW over all trained tensors at once. Tensors of bfloat16 have a master copy and a sum of gradients in
/// float; float ones are their own.
///
/// Source  arXiv:1711.05101, by at::_fused_adamw_
class AdamW {
public:
    AdamW(const std::vector<TrainedTensor>& trained, const AdamWSettings& settings);

    /// Adds what a backward pass has left in the tensors' gradients to the sums of this step.
    void accumulate();

    /// The length of all gradient sums as one vector. Thread  waits for the GPU.
    double gradientNorm() const;

    /// Divides the gradient sums by norm / longest if that is above 1.
    void clip(double norm, double longest);

    /// One step, after which the sums are empty.
    void step(double lr);

    /// Empties the sums without a step.
    void dropGradients();

    /// Moments, counts and master copies, by name, sharing memory.
    std::map<std::string, at::Tensor> state() const;

    /// Takes over what state() of the same model gave.
    ///
    /// Errors  InvalidInput: tensors are missing or misshaped
    core::Result<void> setState(const std::map<std::string, at::Tensor>& state);

private:
    /// Tensors that are updated alike.
    struct Group {
        double weightDecay = 0;
        std::vector<std::string> names;
        std::vector<at::Tensor> tensors, masters, sums, firstMoments, secondMoments, counts;
    };

    std::vector<at::Tensor> allSums() const;

    AdamWSettings m_settings;
    std::vector<Group> m_groups;
};

}  // namespace facet::engine
