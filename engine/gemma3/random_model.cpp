#include "engine/gemma3/random_model.h"

#include "engine/gemma3/new_model.h"

#include <ATen/Context.h>

#include <cmath>

namespace facet::engine::gemma3 {
namespace {

using core::gemma3::WeightFormat;

bool isLayerNormWeight(const std::string& name)
{
    return name.starts_with("vision_tower.") && name.find("norm") != std::string::npos &&
           name.ends_with(".weight");
}

}  // namespace

Model randomModel(const core::gemma3::Config& config, const Placement& placement, uint64_t seed)
{
    at::manual_seed(seed);
    const auto arithmetic = at::dtype(placement.type).device(placement.device);
    const bool isQuantized =
        placement.weights != WeightFormat::Float32 && placement.weights != WeightFormat::BFloat16;
    return modelFrom(config, placement, [&](const std::string& name, at::IntArrayRef shape) {
        const bool isMatrix = shape.size() > 1 && !name.ends_with("position_embedding.weight") &&
                              !name.ends_with("mm_input_projection_weight");
        if (!isMatrix) {
            const at::Tensor small = at::randn(shape, arithmetic) * 0.1;
            return isLayerNormWeight(name) ? 1 + small : small;
        }
        // Weights that keep the size of what they are multiplied with.
        const double width = double(c10::multiply_integers(shape) / shape[0]);
        const at::Tensor source = at::randn(shape, arithmetic.dtype(at::kBFloat16)) / std::sqrt(width);
        return isQuantized ? source.cpu() : source;
    });
}

}  // namespace facet::engine::gemma3
