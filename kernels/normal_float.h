#pragma once

// NF4, the 4-bit normal floats of QLoRA, with double quantisation: 4.13 bits a weight. A matrix is one
// stretch of weights, row after row, whatever its width:
//
//   values       4 bits a weight, the index of one of 16 levels; of two neighbours the first is in the upper
//                half of their byte. Filled up to 8 weights with the level 0.
//   scaleCodes   each 64 weights are a block with a scale, their largest magnitude. It is stored in 8 bits,
//   the
//                index of one of 256 levels, and is level * group's scale + offset
//   groupScales  one float for each 256 blocks
//   offset       the mean of the blocks' scales, a float
//
// Source  arXiv:2305.14314, section 3; every bit is that of bitsandbytes 0.50 on a CPU (quantize_4bit with
//         quant_type "nf4" and compress_statistics), tests/engine/golden/make_normal_float.py.

#include <cstdint>

namespace facet::kernels {

inline constexpr int64_t kNormalFloatBlock = 64;
inline constexpr int64_t kNormalFloatGroup = 256;  ///< blocks

inline constexpr float kNormalFloatLevels[16] = {-1.0F,         -0.696192801F, -0.525073051F,  -0.394917488F,
                                                 -0.284441382F, -0.18477343F,  -0.0910500363F, 0.0F,
                                                 0.0795802996F, 0.160930201F,  0.246112302F,   0.337915242F,
                                                 0.440709829F,  0.562617004F,  0.722956836F,   1.0F};

/// The 256 levels of scales, ascending: a "dynamic map" (arXiv:2110.02861, section 2), as LibTorch's AVX2
/// code rounds it.
const float* normalFloatScaleLevels() noexcept;

constexpr int64_t numNormalFloatBytes(int64_t numWeights)
{
    return (numWeights + 7) / 8 * 4;
}
constexpr int64_t numNormalFloatBlocks(int64_t numWeights)
{
    return (numWeights + kNormalFloatBlock - 1) / kNormalFloatBlock;
}
constexpr int64_t numNormalFloatGroups(int64_t numWeights)
{
    return (numNormalFloatBlocks(numWeights) + kNormalFloatGroup - 1) / kNormalFloatGroup;
}

/// Where a matrix lies.
struct NormalFloatMatrix {
    const uint8_t* values = nullptr;
    const uint8_t* scaleCodes = nullptr;
    const float* groupScales = nullptr;
    float offset = 0;
};

/// Blocks of weights. To share the work, give each thread blocks of its own.
///
/// Shapes  values [numNormalFloatBytes], scales [numNormalFloatBlocks], weights [numWeights].
void quantizeNormalFloat(uint8_t* values, float* scales, const float* weights, int64_t numWeights) noexcept;

/// Shapes  codes and scales [numBlocks], groupScales [numBlocks / 256, rounded up].
void quantizeNormalFloatScales(uint8_t* codes, float* groupScales, const float* scales, float offset,
                               int64_t numBlocks) noexcept;

/// Weights [begin, end) of the matrix. Shapes  weights [end - begin].
void dequantizeNormalFloat(float* weights, const NormalFloatMatrix& matrix, int64_t begin,
                           int64_t end) noexcept;

}  // namespace facet::kernels
