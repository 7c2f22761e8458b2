#pragma once

// Every number of the estimator that is no consequence of a model's shape. Those marked "measured" are to be
// set from runs on a GPU; until then they are what the trainer is designed for.

#include <cstdint>

namespace facet::jobs {

/// Of what a GPU's matrix rate is worth in a whole training step. Measured; 0.45 is an assumption so far (the
/// best published BF16 fine-tunes reach 0.54 of the peak, AutoModel's LoRA on one H100 0.41).
constexpr double kStepEfficiency = 0.45;

/// Tokens whose logits exist at once: the loss is computed in pieces, never over all tokens.
constexpr int64_t kLossChunkTokens = 1024;
constexpr double kLogitBytes = 6;  ///< bf16 logits and their fp32 gradients

/// NF4 with one 8-bit scale for 64 weights, and one fp32 scale for 256 of these (kernels/normal_float.h).
constexpr double kNf4BytesPerWeight = 0.5 + 1.0 / 64 + 4.0 / (64 * 256);

/// Weights of a matrix that are widened at once, while it is multiplied with.
constexpr double kWidenedWeights = 16e6;

/// Two 8-bit moments, with an fp32 scale for 256 numbers each.
constexpr double kAdam8bitBytes = 2 * (1 + 4.0 / 256);
constexpr double kAdamBytes = 8;      ///< two fp32 moments
constexpr double kAdamBf16Bytes = 4;  ///< two bf16 moments
constexpr double kMasterBytes = 4;    ///< fp32 weights beside bf16 ones

constexpr double kCudaContextBytes = 0.6e9;     ///< measured: driver, kernels, cuBLAS handles
constexpr double kMatrixWorkspaceBytes = 64e6;  ///< cuBLASLt's scratch on Hopper is 32 MiB a stream
constexpr double kFragmentation = 0.04;         ///< measured: share of the rest that the allocator cannot use

/// Pictures of a sample where the data has pictures.
constexpr int64_t kPicturesPerSample = 1;

}  // namespace facet::jobs
