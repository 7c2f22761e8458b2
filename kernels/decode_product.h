#pragma once

// The products of a decoding step on a GPU: up to 8 tokens, each of another sequence, by a stored matrix.
// Such a step is as fast as weights can be read, so each of these kernels reads its weights once, does what
// stands before and after the product in the same go, and computes in float; only what goes to memory or into
// a product is rounded to bfloat16.
//
// Shapes  B tokens (1 to kMaxTokens), D the model's width, all row-major. Every width is a multiple of 64,
// every number of rows of 16. Reference: engine/gemma3/model.cpp; the tests compare.

#include "kernels/gpu.h"

namespace facet::kernels {

constexpr int kMaxTokens = 8;

/// The residual stream as a layer part meets it: x, to which the result of the part before is still to be
/// added.
struct Residual {
    const Bf16* x = nullptr;        ///< [B, D]
    const float* update = nullptr;  ///< [numPartials, B, D], whose sum is the other part's result; none: null
    int numPartials = 0;
    const Bf16* postNorm = nullptr;  ///< [D]: the update is normalised with it
    Bf16* sum = nullptr;             ///< [B, D]: receives x + norm(update), if there is an update; not x
    const Bf16* norm = nullptr;      ///< [D]: what goes into the product is normalised with it
    Bf16* normed = nullptr;          ///< [B, D]: receives that
    float eps = 0;
    int64_t width = 0;  ///< D, at most 8192
};

/// y = norm(residual) * [q; k; v]^T. Shapes  y [B, all rows]; the three have one format.
cudaError_t projectQkv(Bf16* y, const Residual& residual, const GpuMatrix& q, const GpuMatrix& k,
                       const GpuMatrix& v, int numTokens, cudaStream_t stream);

/// y = gelu(norm(residual) * gate^T) * (norm(residual) * up^T). Shapes  y [B, rows]; both have one format.
cudaError_t projectGateUp(Bf16* y, const Residual& residual, const GpuMatrix& gate, const GpuMatrix& up,
                          int numTokens, cudaStream_t stream);

/// Into how many partial sums projectDown() of this shape is cut, so that all of the GPU reads.
int numPartialsOf(int64_t numRows, int64_t width, int numProcessors);

/// The parts of x * w^T. Shapes  x [B, width], partials [numPartials, B, rows].
cudaError_t projectDown(float* partials, int numPartials, const Bf16* x, const GpuMatrix& w, int numTokens,
                        cudaStream_t stream);

/// Scores of the next token: norm(residual) * head^T, not rounded. Shapes  logits [B, rows].
cudaError_t projectHead(float* logits, const Residual& residual, const GpuMatrix& head, int numTokens,
                        cudaStream_t stream);

/// x = table[id] * scale, both factors and the product rounded. Shapes  ids [B] -> x [B, D].
cudaError_t embedTokens(Bf16* x, const int64_t* ids, const GpuMatrix& table, float scale, int numTokens,
                        cudaStream_t stream);

}  // namespace facet::kernels
