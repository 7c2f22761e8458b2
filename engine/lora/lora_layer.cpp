#include "engine/lora/lora_layer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace facet::engine {

double LoraSettings::scale() const
{
    return rsLora ? alpha / std::sqrt(double(rank)) : alpha / double(rank);
}

at::Tensor LoraLayer::adapted(const at::Tensor& y, const at::Tensor& x, const gemma3::Linear& layer) const
{
    const bool drops = settings.dropout > 0 && rowSeeds && !rowSeeds->tokens.empty();
    at::Tensor dropped = x;
    if (drops) {
        const bool isVision = settings.module.starts_with("vision_tower.");
        dropped = dropout(x, settings.dropout, isVision ? rowSeeds->pictures : rowSeeds->tokens,
                          mixedSeed(0, settings.module));
    }
    const at::Tensor low = at::linear(dropped, a_RI);
    if (!magnitude_O.defined() && y.dim() == 2)
        return at::Tensor(y).addmm_(low, b_OR.t(), /*beta=*/1, settings.scale());
    const at::Tensor update = at::linear(low, b_OR) * settings.scale();
    if (!magnitude_O.defined())
        return y + update;

    const at::Tensor ratio_O = magnitude_O / (fixedNorm_O.defined() ? fixedNorm_O : rowNorms(layer.weight));
    // What dropout took away is missing in the base's part of DoRA's change, too, as in peft.
    const at::Tensor base = drops ? layer.weight(dropped) : layer.bias.defined() ? y - layer.bias : y;
    return y + (ratio_O - 1) * base + ratio_O * update;
}

at::Tensor LoraLayer::rowNorms(const gemma3::WeightMatrix& weight) const
{
    const at::NoGradGuard noGradients;  // arXiv:2402.09353, section 4.3: the norm counts as a constant
    constexpr int64_t kRows = 4096;
    std::vector<at::Tensor> norms;
    for (int64_t begin = 0; begin < weight.numRows(); begin += kRows) {
        const int64_t end = std::min(begin + kRows, weight.numRows());
        const at::Tensor sum =
            weight.dense(begin, end) + settings.scale() * b_OR.slice(0, begin, end).matmul(a_RI);
        norms.push_back(at::linalg_vector_norm(sum, 2, at::IntArrayRef{1}));
    }
    return at::cat(norms);
}

at::Tensor LoraLayer::merged(const at::Tensor& weight_OI) const
{
    const at::Tensor sum_OI =
        weight_OI.to(at::kFloat) + settings.scale() * b_OR.to(at::kFloat).matmul(a_RI.to(at::kFloat));
    if (!magnitude_O.defined())
        return sum_OI.to(weight_OI.scalar_type());
    const at::Tensor norm_O = at::linalg_vector_norm(sum_OI, 2, at::IntArrayRef{1});
    return (sum_OI * (magnitude_O.to(at::kFloat) / norm_O).unsqueeze(1)).to(weight_OI.scalar_type());
}

std::shared_ptr<LoraLayer> freshLora(const LoraSettings& settings, const gemma3::Linear& layer,
                                     at::TensorOptions arithmetic, uint64_t seed)
{
    const int64_t I = layer.weight.numColumns(), O = layer.weight.numRows();
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(mixedSeed(seed, settings.module));
    auto lora = std::make_shared<LoraLayer>();
    lora->settings = settings;
    const double bound = 1 / std::sqrt(double(I));
    lora->a_RI = at::empty({settings.rank, I}).uniform_(-bound, bound, generator).to(arithmetic);
    lora->b_OR = at::zeros({O, settings.rank}, arithmetic);
    if (settings.dora)
        lora->magnitude_O = lora->rowNorms(layer.weight);
    return lora;
}

// SplitMix64's last steps: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
uint64_t mixedSeed(uint64_t seed, uint64_t with)
{
    uint64_t z = seed * 0x9e3779b97f4a7c15U + with + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint64_t mixedSeed(uint64_t seed, std::string_view with)
{
    for (const char byte : with)
        seed = mixedSeed(seed, static_cast<unsigned char>(byte));
    return mixedSeed(seed, with.size());
}

}  // namespace facet::engine
