#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>

namespace facet::engine {

enum class MomentFormat {
    Float32,
    BFloat16,
    Int8  ///< block-wise with a dynamic map, as bitsandbytes keeps them
};

/// One of AdamW's two running means of a tensor, however it is stored.
///
/// Int8: each block of 256 numbers has its largest as its scale, and each number the nearest of 256 levels,
/// whose spacing grows with their size. Tensors of fewer than 4096 numbers stay float, as in bitsandbytes.
///
/// Source  Dettmers et al., "8-bit Optimizers via Block-wise Quantization", arXiv:2110.02861, section 2
class Moment {
public:
    static constexpr int64_t kBlock = 256;

    /// All zero. `isSigned`: the mean of the gradient; the mean of its square is never below zero.
    Moment(MomentFormat format, int64_t count, bool isSigned, at::Device device);

    /// Numbers [begin, end) as floats; those of Float32 share memory. `begin` is a multiple of kBlock.
    at::Tensor loaded(int64_t begin, int64_t end) const;
    void store(int64_t begin, const at::Tensor& values);

    bool isFloat() const { return m_values.scalar_type() == at::kFloat; }
    const at::Tensor& values() const { return m_values; }
    const at::Tensor& scales() const { return m_scale; }  ///< undefined but for Int8
    const at::Tensor& levels() const { return m_level; }  ///< likewise

    /// Adds what is stored, sharing memory, under `name`.
    void addTo(std::map<std::string, at::Tensor>& state, const std::string& name) const;

private:
    at::Tensor m_values;  // float, bfloat16, or the level's index
    at::Tensor m_scale;   // Int8: of each block
    at::Tensor m_level;   // Int8: 256, ascending
};

/// The 256 levels of a dynamic map, ascending, as float on the CPU.
at::Tensor dynamicLevels(bool isSigned);

}  // namespace facet::engine
