#include "kernels/text_layer.h"

#include "kernels/text_layer_isa.h"

#include "kernels/text_layer_simd.h"

namespace facet::kernels {
namespace {

const TextLayerFunctions& functionsOf(CpuIsa isa) noexcept
{
#if defined(__x86_64__)
    if (isa == CpuIsa::Avx512)
        return kAvx512TextLayer;
    if (isa == CpuIsa::Avx2)
        return kAvx2TextLayer;
#endif
    return kTextLayer;
}

}  // namespace

void rmsNorm(float* y, const float* x, const float* weight, int64_t numRows, int64_t width, float eps,
             CpuIsa isa) noexcept
{
    functionsOf(isa).rmsNorm(y, x, weight, numRows, width, eps);
}

void addRmsNorm(float* y, const float* x, const float* update, const float* weight, int64_t numRows,
                int64_t width, float eps, CpuIsa isa) noexcept
{
    functionsOf(isa).addRmsNorm(y, x, update, weight, numRows, width, eps);
}

void rmsNormRotate(float* y, const float* x, const float* weight, const float* cos, const float* sin,
                   int64_t numTokens, int64_t numHeads, int64_t headDim, float eps, CpuIsa isa) noexcept
{
    functionsOf(isa).rmsNormRotate(y, x, weight, cos, sin, numTokens, numHeads, headDim, eps);
}

void gatedGelu(float* y, const float* gate, const float* up, int64_t count, CpuIsa isa) noexcept
{
    functionsOf(isa).gatedGelu(y, gate, up, count);
}

void attendOne(float* y, const float* q, const float* k, const float* v, float* scores, int64_t numKeys,
               int64_t headDim, float scale, CpuIsa isa) noexcept
{
    functionsOf(isa).attendOne(y, q, k, v, scores, numKeys, headDim, scale);
}

}  // namespace facet::kernels
