#include "kernels/training.h"

#include "kernels/text_layer_isa.h"

#include "kernels/text_layer_simd.h"
#include "kernels/training_simd.h"

namespace facet::kernels {
namespace {

const TrainingFunctions& functionsOf(CpuIsa isa) noexcept
{
#if defined(__x86_64__)
    if (isa == CpuIsa::Avx512)
        return kAvx512Training;
    if (isa == CpuIsa::Avx2)
        return kAvx2Training;
#endif
    return kTraining;
}

}  // namespace

void rmsNormBackward(float* dx, float* weightGradient, const float* dy, const float* x, const float* weight,
                     int64_t numRows, int64_t width, float eps, CpuIsa isa) noexcept
{
    functionsOf(isa).rmsNorm(dx, weightGradient, dy, x, weight, numRows, width, eps);
}

void rmsNormRotateBackward(float* dx, float* weightGradient, const float* dy, const float* x,
                           const float* weight, const float* cos, const float* sin, int64_t numTokens,
                           int64_t numHeads, int64_t headDim, float eps, CpuIsa isa) noexcept
{
    functionsOf(isa).rmsNormRotate(dx, weightGradient, dy, x, weight, cos, sin, numTokens, numHeads, headDim,
                                   eps);
}

void gatedGeluBackward(float* dGate, float* dUp, const float* dy, const float* gate, const float* up,
                       int64_t count, CpuIsa isa) noexcept
{
    functionsOf(isa).gatedGelu(dGate, dUp, dy, gate, up, count);
}

void crossEntropy(float* loss, float* scores, const int64_t* target, int64_t numRows, int64_t width,
                  bool isGradientWanted, CpuIsa isa) noexcept
{
    functionsOf(isa).crossEntropy(loss, scores, target, numRows, width, isGradientWanted);
}

}  // namespace facet::kernels
