#include "engine/gemma3/new_model.h"

#include "core/gemma3/tensor_names.h"
#include "engine/gemma3/visit_weights.h"

namespace facet::engine::gemma3 {
namespace {

/// Room for all weights of the shape, with biases where there are some.
Weights emptyWeights(const core::gemma3::Config& config)
{
    Weights w;
    w.layers.resize(static_cast<size_t>(config.text.numLayers));
    if (!config.vision)
        return w;
    w.vision.emplace();
    w.vision->layers.resize(static_cast<size_t>(config.vision->numLayers));
    for (VisionLayerWeights& layer : w.vision->layers)
        for (Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.out, &layer.fc1, &layer.fc2})
            linear->bias = at::empty({0});
    return w;
}

}  // namespace

Model modelFrom(const core::gemma3::Config& config, const Placement& placement, const TensorSource& source)
{
    const auto shapes = core::gemma3::expectedTensors(config);
    const auto arithmetic = at::dtype(placement.type).device(placement.device);
    Model model = {config, emptyWeights(config), placement.weights};
    WeightVisitor visitor;
    visitor.tensor = [&](const std::string& name, at::Tensor& tensor) {
        tensor = source(name, shapes.at(name)).to(arithmetic);
    };
    visitor.matrix = [&](const std::string& name, WeightMatrix& matrix) {
        // Patches are stored as a convolution, [E, 3, patch, patch].
        matrix = {source(name, shapes.at(name)).flatten(1), formatOf(name, placement), arithmetic,
                  placement.useKernels};
    };
    visitWeights(model.weights, visitor);
    useKernels(model, placement);
    return model;
}

}  // namespace facet::engine::gemma3
