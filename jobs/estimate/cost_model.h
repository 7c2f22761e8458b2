#pragma once

// Every number of the estimator that is no consequence of a model's shape. Those marked "measured" are from
// runs on an H200 (kernels/NOTES.md).

#include <cstdint>

namespace facet::jobs {

/// Of what a GPU's matrix rate is worth in a whole training step. Measured on an H200: 0.38 (270M) to 0.55
/// (12B LoRA), 0.50 for 1B full and 4B LoRA.
constexpr double kStepEfficiency = 0.5;

/// Scores that exist at once: the loss is computed in pieces, never over all tokens (engine/train/loss.cpp).
constexpr double kLossChunkScores = 536'870'912;

/// The backward pass of one layer, as a share of what the layer keeps: gradients on their way, and those of
/// two ways into one tensor. Measured: 4B, 8192 tokens, checkpointed.
constexpr double kLayerBackward = 1.4;

/// NF4 with one 8-bit scale for 64 weights, and one fp32 scale for 256 of these (kernels/normal_float.h).
constexpr double kNf4BytesPerWeight = 0.5 + 1.0 / 64 + 4.0 / (64 * 256);

/// Weights of a matrix that are widened at once, while it is multiplied with.
constexpr double kWidenedWeights = 16e6;

/// Two 8-bit moments, with an fp32 scale for 256 numbers each.
constexpr double kAdam8bitBytes = 2 * (1 + 4.0 / 256);
constexpr double kAdamBytes = 8;      ///< two fp32 moments
constexpr double kAdamBf16Bytes = 4;  ///< two bf16 moments
constexpr double kMasterBytes = 4;    ///< fp32 weights beside bf16 ones

constexpr double kCudaContextBytes = 0.6e9;  ///< measured: driver, kernels, cuBLAS handles
constexpr double kWorkspaceBytes = 0.18e9;   ///< measured: cuBLAS's scratch, small tensors, rounding up
constexpr double kFragmentation = 0.04;      ///< measured: share of the rest that the allocator cannot use

/// Pictures of a sample where the data has pictures.
constexpr int64_t kPicturesPerSample = 1;

}  // namespace facet::jobs
