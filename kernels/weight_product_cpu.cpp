// The reference, which reads as the mathematics does, and the choice among the instruction sets.

#include "kernels/weight_product.h"

#include "kernels/weight_product_isa.h"

#include <cmath>

namespace facet::kernels {
namespace {

void scalarBFloat16(const Product& p, const float* x, const uint16_t* w) noexcept
{
    for (int64_t t = 0; t < p.numTokens; ++t)
        for (int64_t row = 0; row < p.numRows; ++row) {
            double sum = 0;
            for (int64_t i = 0; i < p.width; ++i)
                sum += double(fromBfloat16(w[row * p.width + i])) * double(x[t * p.width + i]);
            p.y[t * p.yStride + row] = static_cast<float>(sum);
        }
}

/// `weightAt(row, i)` is an integer, `i` below the filled width.
template <typename WeightAt>
void scalarQuantized(const Product& p, const ActivationBlock* x, const uint16_t* scales,
                     WeightAt weightAt) noexcept
{
    const int64_t numBlocks = filledWidth(p.width) / kBlock;
    for (int64_t t = 0; t < p.numTokens; ++t)
        for (int64_t row = 0; row < p.numRows; ++row) {
            double sum = 0;
            for (int64_t group = 0; group < 2 * numBlocks; ++group) {
                const ActivationBlock& block = x[t * numBlocks + group / 2];
                const int64_t half = group % 2 * kGroup;
                int32_t products = 0;
                for (int64_t i = 0; i < kGroup; ++i)
                    products += weightAt(row, group * kGroup + i) * block.q[half + i];
                sum += fromBfloat16(scales[row * 2 * numBlocks + group]) * block.scale[half / 4] *
                       float(products);
            }
            p.y[t * p.yStride + row] = static_cast<float>(sum);
        }
}

void scalarInt8(const Product& p, const ActivationBlock* x, const int8_t* values,
                const uint16_t* scales) noexcept
{
    scalarQuantized(p, x, scales,
                    [&](int64_t row, int64_t i) { return values[row * filledWidth(p.width) + i]; });
}

void scalarInt4(const Product& p, const ActivationBlock* x, const uint8_t* values,
                const uint16_t* scales) noexcept
{
    scalarQuantized(p, x, scales, [&](int64_t row, int64_t i) {
        const uint8_t pair = values[row * filledWidth(p.width) / 2 + i / kBlock * kGroup + i % kGroup];
        return (i % kBlock < kGroup ? pair & 15 : pair >> 4) - 8;
    });
}

void scalarQuantizeActivations(ActivationBlock* blocks, const float* x, int64_t numTokens,
                               int64_t width) noexcept
{
    const int64_t numBlocks = filledWidth(width) / kBlock;
    for (int64_t t = 0; t < numTokens; ++t)
        for (int64_t i = 0; i < filledWidth(width); i += kGroup) {
            ActivationBlock& block = blocks[t * numBlocks + i / kBlock];
            const int64_t half = i % kBlock;
            float group[kGroup] = {}, largest = 0;
            for (int64_t j = 0; j < kGroup && i + j < width; ++j) {
                group[j] = x[t * width + i + j];
                largest = std::fmax(largest, std::fabs(group[j]));
            }
            const float inverse = largest == 0 ? 0 : 127 / largest;
            for (int64_t j = 0; j < kGroup; ++j)
                block.q[half + j] = static_cast<int8_t>(std::lrint(group[j] * inverse));
            for (int64_t lane = half / 4; lane < half / 4 + 8; ++lane) {
                block.scale[lane] = largest / 127;
                block.minusSum[lane] = -(block.q[4 * lane] + block.q[4 * lane + 1] + block.q[4 * lane + 2] +
                                         block.q[4 * lane + 3]);
            }
        }
}

constexpr ProductFunctions kScalarProducts = {scalarBFloat16, scalarInt8, scalarInt4, scalarBFloat16,
                                              scalarQuantizeActivations};

const ProductFunctions& functionsOf(CpuIsa isa) noexcept
{
#if defined(__x86_64__)
    if (isa == CpuIsa::Avx512)
        return kAvx512Products;
    if (isa == CpuIsa::Avx2)
        return kAvx2Products;
#endif
    return kScalarProducts;
}

}  // namespace

void multiplyBFloat16(const Product& product, const float* x, const uint16_t* w) noexcept
{
    functionsOf(product.isa).bfloat16(product, x, w);
}

void quantizeActivations(ActivationBlock* blocks, const float* x, int64_t numTokens, int64_t width,
                         CpuIsa isa) noexcept
{
    functionsOf(isa).quantizeActivations(blocks, x, numTokens, width);
}

void multiplyInt8(const Product& product, const ActivationBlock* x, const int8_t* values,
                  const uint16_t* scales) noexcept
{
    functionsOf(product.isa).int8(product, x, values, scales);
}

void multiplyInt4(const Product& product, const ActivationBlock* x, const uint8_t* values,
                  const uint16_t* scales) noexcept
{
    functionsOf(product.isa).int4(product, x, values, scales);
}

void multiplyManyBFloat16(const Product& product, const float* x, const uint16_t* w) noexcept
{
    functionsOf(product.isa).manyBFloat16(product, x, w);
}

}  // namespace facet::kernels
