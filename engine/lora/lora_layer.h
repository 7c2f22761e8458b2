#pragma once

// Low-rank adapters of linear layers: LoRA, rsLoRA, DoRA.

#include "engine/gemma3/linear.h"
#include "engine/lora/dropout.h"

#include <memory>
#include <string>
#include <vector>

namespace facet::engine {

/// What one adapter is, without its numbers.
struct LoraSettings {
    std::string module;  ///< "language_model.layers.0.self_attn.q_proj"
    int64_t rank = 16;
    double alpha = 32;
    bool rsLora = false;
    bool dora = false;
    double dropout = 0;

    /// What B A x is multiplied by: alpha / rank, with rsLoRA alpha / sqrt(rank).
    double scale() const;
};

/// y + scale B A dropout(x); with DoRA each output then has its magnitude: (W + scale B A) x, row by row
/// times magnitude / |row|.
///
/// Types   A, B and magnitude in the arithmetic's type.
/// Source  arXiv:2106.09685, 2312.03732 (rsLoRA), 2402.09353 (DoRA); peft 0.21, tuners/lora/{layer,dora}.py
class LoraLayer final : public gemma3::Adapter {
public:
    LoraSettings settings;
    at::Tensor a_RI;
    at::Tensor b_OR;
    at::Tensor magnitude_O;  ///< undefined without DoRA

    /// rowNorms(), once the numbers do not change any more; undefined while they are trained.
    at::Tensor fixedNorm_O;

    /// While training; none, or empty: nothing is dropped.
    std::shared_ptr<const RowSeeds> rowSeeds;

    at::Tensor adapted(const at::Tensor& y, const at::Tensor& x, const gemma3::Linear& layer) const override;

    at::Tensor merged(const at::Tensor& weight_OI) const override;

    /// |row| of W + scale B A, which DoRA's magnitudes start as: [O].
    at::Tensor rowNorms(const gemma3::WeightMatrix& weight) const;
};

/// A fresh adapter as peft makes it: A uniform in +-1/sqrt(in), B zero, so it changes nothing yet. The same
/// seed and module give the same numbers, whatever else is adapted.
std::shared_ptr<LoraLayer> freshLora(const LoraSettings& settings, const gemma3::Linear& layer,
                                     at::TensorOptions arithmetic, uint64_t seed);

/// One number out of two, well mixed: to derive seeds.
uint64_t mixedSeed(uint64_t seed, uint64_t with);
uint64_t mixedSeed(uint64_t seed, std::string_view with);

}  // namespace facet::engine
