#pragma once

// The operations of text_layer.h and training.h for one instruction set each: what text_layer_cpu.cpp and
// training_cpu.cpp choose from.

#include <cstdint>

namespace facet::kernels {

struct TextLayerFunctions {
    void (*rmsNorm)(float* y, const float* x, const float* weight, int64_t numRows, int64_t width,
                    float eps) noexcept;
    void (*addRmsNorm)(float* y, const float* x, const float* update, const float* weight, int64_t numRows,
                       int64_t width, float eps) noexcept;
    void (*rmsNormRotate)(float* y, const float* x, const float* weight, const float* cos, const float* sin,
                          int64_t numTokens, int64_t numHeads, int64_t headDim, float eps) noexcept;
    void (*gatedGelu)(float* y, const float* gate, const float* up, int64_t count) noexcept;
    void (*attendOne)(float* y, const float* q, const float* k, const float* v, float* scores,
                      int64_t numKeys, int64_t headDim, float scale) noexcept;
};

/// Gradients.
struct TrainingFunctions {
    void (*rmsNorm)(float* dx, float* weightGradient, const float* dy, const float* x, const float* weight,
                    int64_t numRows, int64_t width, float eps) noexcept;
    void (*rmsNormRotate)(float* dx, float* weightGradient, const float* dy, const float* x,
                          const float* weight, const float* cos, const float* sin, int64_t numTokens,
                          int64_t numHeads, int64_t headDim, float eps) noexcept;
    void (*gatedGelu)(float* dGate, float* dUp, const float* dy, const float* gate, const float* up,
                      int64_t count) noexcept;
    void (*crossEntropy)(float* loss, float* scores, const int64_t* target, int64_t numRows, int64_t width,
                         bool isGradientWanted) noexcept;
};

extern const TextLayerFunctions kAvx2TextLayer;
extern const TextLayerFunctions kAvx512TextLayer;
extern const TrainingFunctions kAvx2Training;
extern const TrainingFunctions kAvx512Training;

}  // namespace facet::kernels
