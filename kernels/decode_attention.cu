#include "kernels/decode_attention.h"

#include "kernels/gpu_common.cuh"

// A block takes a stretch of the keys of one key head of one sequence, for the G query heads that share it;
// the block that ends last puts the stretches together. H / 8 lanes hold a key, 8 numbers each, so a warp
// looks at several keys at once where heads are small. All sums are in float.

namespace facet::kernels {
namespace {

constexpr int kWarps = 8;
constexpr int kKeysPerBlock = 64;  // more, if the sequence is longer than all blocks together
constexpr int kAhead = 4;          // keys of a team that are fetched at once
constexpr int kMaxBlocks = 64;     // for one key head of one sequence
constexpr float kNone = -1e30F;

/// Softmax under way: the largest score, the sum of weights and the weighted sum of 8 numbers of the values.
struct Running {
    float largest = kNone;
    float weight = 0;
    float value[8] = {};

    __device__ void add(float score, const float (&v)[8])
    {
        const float next = fmaxf(largest, score);
        const float shrink = __expf(largest - next), share = __expf(score - next);
        weight = weight * shrink + share;
        for (int i = 0; i < 8; ++i)
            value[i] = value[i] * shrink + share * v[i];
        largest = next;
    }
};

/// One warp: normalises a head and rotates its halves. Shapes  from, to [kHeadDim].
template <int kHeadDim>
__device__ void normRotate(Bf16* to, const Bf16* from, const Bf16* norm, const float* frequency, int position,
                           float eps)
{
    constexpr int kHalf = kHeadDim / 2, kPerLane = kHalf / kWarp;
    const int lane = threadIdx.x % kWarp;
    float a[kPerLane], b[kPerLane], squares = 0;
    for (int i = 0; i < kPerLane; ++i) {
        a[i] = toFloat(from[lane + i * kWarp]);
        b[i] = toFloat(from[lane + i * kWarp + kHalf]);
        squares += a[i] * a[i] + b[i] * b[i];
    }
    const float unit = rsqrtf(warpSum(squares) / kHeadDim + eps);
    for (int i = 0; i < kPerLane; ++i) {
        const int at = lane + i * kWarp;
        const float x = a[i] * unit * (1 + toFloat(norm[at]));
        const float y = b[i] * unit * (1 + toFloat(norm[at + kHalf]));
        float sine, cosine;
        sincosf(static_cast<float>(position) * frequency[at], &sine, &cosine);
        to[at] = toBf16(x * cosine - y * sine);
        to[at + kHalf] = toBf16(y * cosine + x * sine);
    }
}

template <int kHeadDim, int kGroup>
__global__ void __launch_bounds__(kWarps* kWarp) attendTokens(const __grid_constant__ DecodeAttention work)
{
    constexpr int kLanes = kHeadDim / 8;             // of one key
    constexpr int kTeams = kWarps * kWarp / kLanes;  // each with a key at a time
    __shared__ __align__(16) Bf16 query[kGroup][kHeadDim];
    __shared__ __align__(16) Bf16 newKey[kHeadDim];
    __shared__ float teamLargest[kTeams][kGroup], teamWeight[kTeams][kGroup];
    __shared__ float sum[kWarps][kHeadDim];
    __shared__ float share[kGroup][kMaxBlocks];
    __shared__ bool isLast;

    const int block = blockIdx.x, kvHead = blockIdx.y, token = blockIdx.z;
    const int warp = threadIdx.x / kWarp, team = threadIdx.x / kLanes, part = threadIdx.x % kLanes;
    const int N = work.numHeads, K = work.numKvHeads;

    letNextKernelStart();
    const CacheView view = work.views[token];  // sent before the step began
    const int count = view.numKeys - view.firstKey;
    const int numBlocks = min(static_cast<int>(gridDim.x), (count + kKeysPerBlock - 1) / kKeysPerBlock);
    const int perBlock = (count + numBlocks - 1) / numBlocks;
    const int begin = view.firstKey + block * perBlock, end = min(begin + perBlock, view.numKeys);
    const int64_t headOffset = int64_t{kvHead} * view.room * kHeadDim;

    // Nobody writes old keys during a step, so the first ones are fetched before this kernel's turn has come.
    uint4 k[kAhead], v[kAhead];
    const auto fetch = [&](int first) {
#pragma unroll
        for (int i = 0; i < kAhead; ++i)
            if (const int key = first + i * kTeams + team; key < min(end, view.numKeys - 1)) {
                const int64_t at = headOffset + int64_t{key} * kHeadDim + part * 8;
                k[i] = *reinterpret_cast<const uint4*>(view.keys + at);
                v[i] = *reinterpret_cast<const uint4*>(view.values + at);
            }
    };
    if (block < numBlocks)
        fetch(begin);
    waitForKernelBefore();
    if (block >= numBlocks)
        return;

    const Bf16* row = work.qkv + int64_t{token} * (N + 2 * K) * kHeadDim;
    const Bf16* ownValue = row + (N + K + kvHead) * kHeadDim;
    for (int head = warp; head <= kGroup; head += kWarps) {
        if (head < kGroup)
            normRotate<kHeadDim>(query[head], row + (kvHead * kGroup + head) * kHeadDim, work.qNorm,
                                 work.frequency, view.position, work.eps);
        else
            normRotate<kHeadDim>(newKey, row + (N + kvHead) * kHeadDim, work.kNorm, work.frequency,
                                 view.position, work.eps);
    }
    __syncthreads();

    if (end == view.numKeys)
        for (int i = threadIdx.x; i < kHeadDim; i += blockDim.x) {
            const int64_t at = headOffset + int64_t{view.numKeys - 1} * kHeadDim + i;
            view.keys[at] = newKey[i];
            view.values[at] = ownValue[i];
        }

    float q[kGroup][8];
    for (int head = 0; head < kGroup; ++head)
        unpack(q[head], *reinterpret_cast<const uint4*>(&query[head][part * 8]));
    Running running[kGroup];
    // All teams of a warp go on equally long, for the shuffles; a key beyond the end counts as none.
    for (int first = begin; first < end; first += kAhead * kTeams) {
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
            const int key = first + i * kTeams + team;
            if (key == view.numKeys - 1) {
                k[i] = *reinterpret_cast<const uint4*>(newKey + part * 8);
                v[i] = *reinterpret_cast<const uint4*>(ownValue + part * 8);
            }
            float kNumbers[8], vNumbers[8];
            unpack(kNumbers, k[i]);
            unpack(vNumbers, v[i]);
            for (int head = 0; head < kGroup; ++head) {
                float score = 0;
                for (int j = 0; j < 8; ++j)
                    score += q[head][j] * kNumbers[j];
                for (int step = kLanes / 2; step > 0; step /= 2)
                    score += __shfl_xor_sync(0xffffffffU, score, step);
                if (key < end)
                    running[head].add(score * work.scale, vNumbers);
            }
        }
        fetch(first + kAhead * kTeams);
    }

    // Of the teams, then of the blocks.
    if (part == 0)
        for (int head = 0; head < kGroup; ++head) {
            teamLargest[team][head] = running[head].largest;
            teamWeight[team][head] = running[head].weight;
        }
    __syncthreads();
    // scratch: for each query head of each token and each block, H numbers, then the largest score and the
    // weight
    const auto place = [&](int head, int ofBlock) {
        return work.scratch +
               ((int64_t{token} * N + kvHead * kGroup + head) * kMaxBlocks + ofBlock) * (kHeadDim + 2);
    };
    for (int head = 0; head < kGroup; ++head) {
        float largest = kNone;
        for (int other = 0; other < kTeams; ++other)
            largest = fmaxf(largest, teamLargest[other][head]);
        const float shrink = __expf(running[head].largest - largest);
        // Teams of one warp add up by shuffles, warps in shared memory.
        for (int i = 0; i < 8; ++i) {
            float value = running[head].value[i] * shrink;
            for (int step = kLanes; step < kWarp; step *= 2)
                value += __shfl_xor_sync(0xffffffffU, value, step);
            if (threadIdx.x % kWarp < kLanes)
                sum[warp][part * 8 + i] = value;
        }
        __syncthreads();
        float* out = place(head, block);
        for (int i = threadIdx.x; i < kHeadDim; i += blockDim.x) {
            float value = 0;
            for (int other = 0; other < kWarps; ++other)
                value += sum[other][i];
            out[i] = value;
        }
        if (threadIdx.x == 0) {
            float weight = 0;
            for (int other = 0; other < kTeams; ++other)
                weight += teamWeight[other][head] * __expf(teamLargest[other][head] - largest);
            out[kHeadDim] = largest;
            out[kHeadDim + 1] = weight;
        }
        __syncthreads();
    }

    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        int32_t* counter = work.counters + token * K + kvHead;
        isLast = atomicAdd(counter, 1) == numBlocks - 1;
        if (isLast)
            *counter = 0;
    }
    __syncthreads();
    if (!isLast)
        return;
    __threadfence();
    // What each block's sums are to be multiplied with: a warp for each head.
    for (int head = warp; head < kGroup; head += kWarps) {
        const int lane = threadIdx.x % kWarp;
        float largest = kNone, of[kMaxBlocks / kWarp], weight = 0;
        for (int i = 0; i < kMaxBlocks / kWarp; ++i) {
            const int other = lane + i * kWarp;
            of[i] = other < numBlocks ? __ldcg(place(head, other) + kHeadDim) : kNone;
            largest = fmaxf(largest, of[i]);
        }
        for (int step = kWarp / 2; step > 0; step /= 2)
            largest = fmaxf(largest, __shfl_xor_sync(0xffffffffU, largest, step));
        for (int i = 0; i < kMaxBlocks / kWarp; ++i) {
            const int other = lane + i * kWarp;
            of[i] = __expf(of[i] - largest);
            weight += other < numBlocks ? __ldcg(place(head, other) + kHeadDim + 1) * of[i] : 0;
        }
        weight = warpSum(weight);
        for (int i = 0; i < kMaxBlocks / kWarp; ++i)
            share[head][lane + i * kWarp] = of[i] / weight;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < kGroup * kHeadDim; i += blockDim.x) {
        const int head = i / kHeadDim, at = i % kHeadDim;
        float value = 0;
#pragma unroll 8
        for (int other = 0; other < numBlocks; ++other)
            value += __ldcg(place(head, other) + at) * share[head][other];
        work.y[(int64_t{token} * N + kvHead * kGroup) * kHeadDim + i] = toBf16(value);
    }
}

template <int kHeadDim>
cudaError_t launch(const DecodeAttention& work, cudaStream_t stream)
{
    const dim3 grid(kMaxBlocks, static_cast<unsigned>(work.numKvHeads),
                    static_cast<unsigned>(work.numTokens));
    const auto with = [&](auto* kernel) { return launchInChain(kernel, grid, kWarps * kWarp, stream, work); };
    switch (work.numHeads / work.numKvHeads) {
        case 1:
            return with(attendTokens<kHeadDim, 1>);
        case 2:
            return with(attendTokens<kHeadDim, 2>);
        case 4:
            return with(attendTokens<kHeadDim, 4>);
        case 8:
            return with(attendTokens<kHeadDim, 8>);
    }
    return cudaErrorInvalidValue;
}

}  // namespace

bool canDecodeAttention(int numHeads, int numKvHeads, int headDim)
{
    if (numKvHeads <= 0 || numHeads % numKvHeads != 0)
        return false;
    const int group = numHeads / numKvHeads;
    return (group == 1 || group == 2 || group == 4 || group == 8) &&
           (headDim == 64 || headDim == 128 || headDim == 256);
}

int64_t decodeAttentionScratch(int numHeads, int headDim, int numTokens)
{
    return int64_t{numTokens} * numHeads * kMaxBlocks * (headDim + 2);
}

cudaError_t decodeAttention(const DecodeAttention& work, cudaStream_t stream)
{
    switch (work.headDim) {
        case 64:
            return launch<64>(work, stream);
        case 128:
            return launch<128>(work, stream);
        case 256:
            return launch<256>(work, stream);
    }
    return cudaErrorInvalidValue;
}

}  // namespace facet::kernels
