#include "engine/train/initial_weights.h"

#include "core/base/draws.h"
#include "engine/lora/lora_layer.h"
#include "engine/parallel_for.h"

#include <cmath>

namespace facet::engine {
namespace {

constexpr int64_t kPadId = 0;
constexpr int64_t kGrain = 1 << 14;

template <typename Draw>
at::Tensor drawn(at::IntArrayRef shape, const Draw& draw)
{
    at::Tensor tensor = at::empty(shape, at::kFloat);
    float* numbers = tensor.mutable_data_ptr<float>();
    parallelFor(tensor.numel(), kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t index = begin; index < end; ++index)
            numbers[index] = static_cast<float>(draw(static_cast<uint64_t>(index)));
    });
    return tensor;
}

at::Tensor normal(at::IntArrayRef shape, double deviation, uint64_t seed)
{
    return drawn(shape, [=](uint64_t index) {
        return deviation * core::normalQuantile(core::drawUniform(seed, index));
    });
}

/// Glorot and Bengio, 2010: sqrt(6 / (in + out)) both ways.
at::Tensor xavierUniform(at::IntArrayRef shape, uint64_t seed)
{
    const double bound = std::sqrt(6.0 / double(shape[0] + shape[1]));
    return drawn(shape, [=](uint64_t index) { return bound * (2 * core::drawUniform(seed, index) - 1); });
}

/// LeCun's normal as transformers draws it: wide enough to have 1 / sqrt(in) once it were cut at two
/// deviations, while its cut, at -2 and 2 themselves, is far beyond.
at::Tensor lecunNormal(at::IntArrayRef shape, uint64_t seed)
{
    constexpr double kDeviationOfCut = 0.87962566103423978;  // of a standard normal one cut at two
    const double in = double(c10::multiply_integers(shape) / shape[0]);
    return normal(shape, 1 / std::sqrt(in) / kDeviationOfCut, seed);
}

at::Tensor initialVisionTensor(const std::string& name, at::IntArrayRef shape, uint64_t seed)
{
    const bool isFeedForward = name.find(".mlp.fc") != std::string::npos;
    if (name.find("norm") != std::string::npos)
        return name.ends_with(".weight") ? at::ones(shape) : at::zeros(shape);
    if (name.ends_with("position_embedding.weight"))
        return normal(shape, 1 / std::sqrt(double(shape[1])), seed);
    if (name.ends_with("patch_embedding.weight"))
        return lecunNormal(shape, seed);
    if (name.ends_with(".bias"))
        return isFeedForward ? normal(shape, 1e-6, seed) : at::zeros(shape);
    return xavierUniform(shape, seed);
}

}  // namespace

at::Tensor initialTensor(const std::string& name, at::IntArrayRef shape, double initializerRange,
                         uint64_t seed)
{
    const uint64_t own = mixedSeed(seed, name);
    if (name.starts_with("vision_tower."))
        return initialVisionTensor(name, shape, own);
    if (name.starts_with("multi_modal_projector.") || name.find("norm") != std::string::npos)
        return at::zeros(shape);
    at::Tensor tensor = normal(shape, initializerRange, own);
    if (name == "language_model.embed_tokens.weight")
        tensor[kPadId].zero_();
    return tensor;
}

}  // namespace facet::engine
