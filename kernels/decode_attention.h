#pragma once

// Attention of a decoding step on a GPU: one new token of each of several sequences over the keys of its own
// past. One kernel normalises and rotates queries and keys, appends to the caches and attends.

#include "kernels/gpu.h"

namespace facet::kernels {

/// What a sequence keeps at one layer: keys and values as [K, room, H].
struct CacheView {
    Bf16* keys;
    Bf16* values;
    int32_t room;
    int32_t numKeys;   ///< with the new token's, which is the last and still to be written
    int32_t firstKey;  ///< the oldest that the new token may look at
    int32_t position;  ///< of the new token in its sequence
};

struct DecodeAttention {
    Bf16* y = nullptr;                 ///< [B, N * H]
    const Bf16* qkv = nullptr;         ///< [B, (N + 2 * K) * H]: queries, keys, values
    const CacheView* views = nullptr;  ///< [B], on the device
    const Bf16* qNorm = nullptr;       ///< [H]
    const Bf16* kNorm = nullptr;       ///< [H]
    const float* frequency = nullptr;  ///< [H / 2]: angle per position
    float* scratch = nullptr;          ///< decodeAttentionScratch() floats
    int32_t* counters = nullptr;       ///< [B * K], 0; 0 again afterwards
    int numHeads = 0;                  ///< N
    int numKvHeads = 0;                ///< K
    int headDim = 0;                   ///< H: 64, 128 or 256
    int numTokens = 0;                 ///< B
    float eps = 0;
    float scale = 0;
};

/// Whether the kernel takes this shape: N / K is 1, 2, 4 or 8, and H is 64, 128 or 256.
bool canDecodeAttention(int numHeads, int numKvHeads, int headDim);

/// Floats of scratch for `numTokens` sequences.
int64_t decodeAttentionScratch(int numHeads, int headDim, int numTokens);

cudaError_t decodeAttention(const DecodeAttention& work, cudaStream_t stream);

}  // namespace facet::kernels
