// The operations of training.h in loops that the compiler makes vectors of; included once for each
// instruction set, after text_layer_simd.h, whose rules hold here, too.

namespace facet::kernels {
namespace {

void rmsNormBackwardRows(float* dx, float* weightGradient, const float* dy, const float* x,
                         const float* weight, int64_t numRows, int64_t width, float eps) noexcept
{
    for (int64_t row = 0; row < numRows; ++row, x += width, dy += width, dx += width) {
        const float inverse = inverseRootMeanSquare(x, width, eps);
        if (weightGradient) {
#pragma omp simd
            for (int64_t i = 0; i < width; ++i)
                weightGradient[i] += dy[i] * x[i] * inverse;
        }
        float along = 0;  // how much of the gradient only makes x longer
#pragma omp simd reduction(+ : along)
        for (int64_t i = 0; i < width; ++i)
            along += dy[i] * (1 + weight[i]) * x[i];
        along *= inverse * inverse / static_cast<float>(width);
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
            dx[i] = inverse * (dy[i] * (1 + weight[i]) - x[i] * along);
    }
}

void rmsNormRotateBackwardHeads(float* dx, float* weightGradient, const float* dy, const float* x,
                                const float* weight, const float* cos, const float* sin, int64_t numTokens,
                                int64_t numHeads, int64_t headDim, float eps) noexcept
{
    const int64_t half = headDim / 2;
    for (int64_t token = 0; token < numTokens; ++token, cos += half, sin += half)
        for (int64_t head = 0; head < numHeads; ++head, x += headDim, dy += headDim, dx += headDim) {
            // The rotation's gradient turns back; then it is the norm's.
#pragma omp simd
            for (int64_t i = 0; i < half; ++i) {
                const float a = dy[i], b = dy[half + i];
                dx[i] = a * cos[i] + b * sin[i];
                dx[half + i] = b * cos[i] - a * sin[i];
            }
            rmsNormBackwardRows(dx, weightGradient, dx, x, weight, /*numRows=*/1, headDim, eps);
        }
}

void gatedGeluBackwardOf(float* dGate, float* dUp, const float* dy, const float* gate, const float* up,
                         int64_t count) noexcept
{
    constexpr float kRoot = 0.7978845608f, kCubic = 0.044715f;  // sqrt(2 / pi)
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        const float x = gate[i], square = x * x;
        const float share = 1 / (1 + exponential(-2 * kRoot * (x + kCubic * x * square)));
        const float slope = share + x * share * (1 - share) * 2 * kRoot * (1 + 3 * kCubic * square);
        const float d = dy[i];
        dUp[i] = d * x * share;
        dGate[i] = d * up[i] * slope;
    }
}

void crossEntropyRows(float* loss, float* scores, const int64_t* target, int64_t numRows, int64_t width,
                      bool isGradientWanted) noexcept
{
    for (int64_t row = 0; row < numRows; ++row, scores += width) {
        float largest = scores[0];
#pragma omp simd reduction(max : largest)
        for (int64_t i = 0; i < width; ++i)
            largest = scores[i] > largest ? scores[i] : largest;
        const float ofTarget = scores[target[row]];
        float total = 0;
        if (isGradientWanted) {
#pragma omp simd reduction(+ : total)
            for (int64_t i = 0; i < width; ++i) {
                scores[i] = exponential(scores[i] - largest);
                total += scores[i];
            }
            const float inverse = 1 / total;
#pragma omp simd
            for (int64_t i = 0; i < width; ++i)
                scores[i] *= inverse;
            scores[target[row]] -= 1;
        } else {
#pragma omp simd reduction(+ : total)
            for (int64_t i = 0; i < width; ++i)
                total += exponential(scores[i] - largest);
        }
        loss[row] = __builtin_logf(total) + largest - ofTarget;
    }
}

constexpr TrainingFunctions kTraining = {rmsNormBackwardRows, rmsNormRotateBackwardHeads, gatedGeluBackwardOf,
                                         crossEntropyRows};

}  // namespace
}  // namespace facet::kernels
