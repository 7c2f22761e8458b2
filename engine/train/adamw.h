#pragma once

#include "core/base/result.h"
#include "engine/train/moment.h"
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
    MomentFormat moments = MomentFormat::Float32;
    bool hasMasters =
        true;  ///< false: bfloat16 tensors are rounded after each step, and small changes are lost
};

/// AdamW over all trained tensors at once. Tensors of bfloat16 have a master copy and a sum of gradients in
/// float; float ones are their own. Without masters, sums are in the tensors' type. Moments in fewer bits are
/// widened piece by piece for a step, on a GPU by a kernel on the way.
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
    struct Parameter {
        std::string name;
        at::Tensor tensor;
        at::Tensor master;  // the tensor itself if it is float or there are no masters
        at::Tensor sum;     // undefined if nothing has reached it in this step
        at::Tensor count;   // of its steps
        Moment first, second;
        double weightDecay = 0;
    };

    std::vector<at::Tensor> allSums() const;
    void stepTogether(const std::vector<Parameter*>& parameters, double lr);
    void stepInPieces(Parameter& parameter, double lr);
    void stepByKernel(Parameter& parameter, double lr);
    void roundMasters();

    AdamWSettings m_settings;
    std::vector<Parameter> m_parameters;
};

}  // namespace facet::engine
