#include "kernels/decode_product.h"

#include "kernels/decode_weights.cuh"

#include <algorithm>

// A warp multiplies 16 rows by 8 tokens (decode_weights.cuh). With fewer tokens than 8 the last one stands in
// for those that are not there: their columns are thrown away, and the weights, which are what costs, are
// read once either way.
//
// The warps of a block share its rows and cut the width among them. Loads of the next rounds are under way
// while one is multiplied.

namespace facet::kernels {
namespace {

// --- what stands before the product
// ---------------------------------------------------------------------------------

constexpr int kPrepareThreads = 512;
constexpr int kMaxWidth = 8192;

__device__ inline uint4 packed(const float (&from)[8])
{
    uint32_t words[4];
    for (int i = 0; i < 4; ++i)
        words[i] = toBf16(from[2 * i]) | uint32_t{toBf16(from[2 * i + 1])} << 16;
    return {words[0], words[1], words[2], words[3]};
}

/// norm(x + norm(update)), a token for each block. All of a thread's loads are on their way before the first
/// is needed.
__global__ void __launch_bounds__(kPrepareThreads) prepare(const __grid_constant__ Residual r)
{
    constexpr int kMost = kMaxWidth / 8 / kPrepareThreads;
    __shared__ float scratch[kWarp];
    const int width = static_cast<int>(r.width), numPieces = width / 8, token = blockIdx.x,
              numTokens = gridDim.x;
    const auto piece = [](const Bf16* row, int i) { return reinterpret_cast<const uint4*>(row)[i]; };

    letNextKernelStart();
    uint4 norm[kMost], postNorm[kMost];
    for (int k = 0; k < kMost; ++k)
        if (const int i = threadIdx.x + k * kPrepareThreads; i < numPieces) {
            norm[k] = piece(r.norm, i);
            if (r.update)
                postNorm[k] = piece(r.postNorm, i);
        }
    waitForKernelBefore();

    float value[kMost][8], squares = 0;
    for (int k = 0; k < kMost; ++k)
        if (const int i = threadIdx.x + k * kPrepareThreads; i < numPieces)
            unpack(value[k], piece(r.x + int64_t{token} * width, i));
    if (r.update) {
        float sum[kMost][8] = {};
        for (int k = 0; k < kMost; ++k)
            if (const int i = threadIdx.x + k * kPrepareThreads; i < numPieces) {
#pragma unroll 4
                for (int part = 0; part < r.numPartials; ++part) {
                    const auto* at = reinterpret_cast<const float4*>(
                        r.update + (int64_t{part} * numTokens + token) * width + 8 * i);
                    const float4 low = at[0], high = at[1];
                    const float both[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
                    for (int j = 0; j < 8; ++j)
                        sum[k][j] += both[j];
                }
                for (int j = 0; j < 8; ++j)
                    squares += sum[k][j] * sum[k][j];
            }
        const float unit = rsqrtf(blockSum(squares, scratch) / width + r.eps);
        for (int k = 0; k < kMost; ++k)
            if (const int i = threadIdx.x + k * kPrepareThreads; i < numPieces) {
                float scale[8];
                unpack(scale, postNorm[k]);
                for (int j = 0; j < 8; ++j)
                    value[k][j] += sum[k][j] * unit * (1 + scale[j]);
                const uint4 stored = packed(value[k]);
                reinterpret_cast<uint4*>(r.sum + int64_t{token} * width)[i] = stored;
                unpack(value[k], stored);
            }
    }
    squares = 0;
    for (int k = 0; k < kMost; ++k)
        if (threadIdx.x + k * kPrepareThreads < numPieces)
            for (int j = 0; j < 8; ++j)
                squares += value[k][j] * value[k][j];
    const float unit = rsqrtf(blockSum(squares, scratch) / width + r.eps);
    for (int k = 0; k < kMost; ++k)
        if (const int i = threadIdx.x + k * kPrepareThreads; i < numPieces) {
            float scale[8];
            unpack(scale, norm[k]);
            for (int j = 0; j < 8; ++j)
                value[k][j] *= unit * (1 + scale[j]);
            reinterpret_cast<uint4*>(r.normed + int64_t{token} * width)[i] = packed(value[k]);
        }
}

// --- the product
// -------------------------------------------------------------------------------------------------------

enum class Output { Plain, GatedGelu, Partials, Scores };

struct Job {
    GpuMatrix matrices[3];  // one below the other; with GatedGelu gate and up
    int numMatrices = 1;
    const Bf16* x = nullptr;
    void* y = nullptr;
    int64_t numRows = 0;  // of y
    int numTokens = 1;
};

/// Tiles of the warp's rows: one, or one of the gate and one of the other matrix.
template <GpuFormat kFormat, Output kOutput>
struct Tile {
    static constexpr int kNumParts = kOutput == Output::GatedGelu ? 2 : 1;
    const GpuMatrix* matrix[kNumParts];
    int64_t row0[kNumParts], row1[kNumParts];

    __device__ Tile(const Job& job, int64_t firstRow)
    {
        const int lane = threadIdx.x % kWarp;
        if constexpr (kOutput == Output::GatedGelu) {
            for (int i = 0; i < 2; ++i)
                matrix[i] = &job.matrices[i];
        } else {
            int which = 0;
            while (which + 1 < job.numMatrices && firstRow >= job.matrices[which].numRows)
                firstRow -= job.matrices[which++].numRows;
            matrix[0] = &job.matrices[which];
        }
        for (int i = 0; i < kNumParts; ++i) {
            row0[i] = firstRow + lane / 4;
            row1[i] = row0[i] + 8;
        }
    }

    __device__ void load(Weights<kFormat> (&weights)[kNumParts], int step) const
    {
        for (int i = 0; i < kNumParts; ++i)
            weights[i].load(*matrix[i], row0[i], row1[i], step, threadIdx.x % 4);
    }
};

/// A lane's two pieces of its token in a round. Without the tokens that are not there: the last one stands
/// in.
struct Tokens {
    uint4 low, high;

    __device__ void load(const Job& job, int step)
    {
        const int lane = threadIdx.x % kWarp;
        const Bf16* at =
            job.x + min(lane / 4, job.numTokens - 1) * job.matrices[0].width + step * kStep + lane % 4 * 8;
        low = *reinterpret_cast<const uint4*>(at);
        high = *reinterpret_cast<const uint4*>(at + 32);
    }
};

template <Output kOutput>
__device__ void store(const Job& job, int64_t row, int token, float value, float other)
{
    if (token >= job.numTokens)
        return;
    if constexpr (kOutput == Output::Plain)
        static_cast<Bf16*>(job.y)[token * job.numRows + row] = toBf16(value);
    else if constexpr (kOutput == Output::GatedGelu)
        static_cast<Bf16*>(job.y)[token * job.numRows + row] = toBf16(geluTanh(value) * other);
    else if constexpr (kOutput == Output::Partials)
        static_cast<float*>(job.y)[(int64_t{blockIdx.y} * job.numTokens + token) * job.numRows + row] = value;
    else
        static_cast<float*>(job.y)[token * job.numRows + row] = value;
}

/// Each block has kWarps / kSharers tiles of 16 rows at a time; kSharers warps cut the width of one among
/// them.
template <GpuFormat kFormat, Output kOutput, int kWarps, int kSharers>
__global__ void __launch_bounds__(kWarps* kWarp) multiplyTokens(const __grid_constant__ Job job)
{
    using OwnTile = Tile<kFormat, kOutput>;
    constexpr int kNumParts = OwnTile::kNumParts, kTiles = kWarps / kSharers, kDepth = depthOf(kFormat);
    __shared__ float partial[kTiles][kSharers][kNumParts][kRows][kMaxTokens + 1];

    const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
    const int tileOfBlock = warp / kSharers, sharer = warp % kSharers;
    const int numSteps = static_cast<int>(job.matrices[0].width / kStep);
    // The width is cut among gridDim.y blocks, then among sharers.
    const int perBlock = (numSteps + gridDim.y - 1) / gridDim.y;
    const int begin = blockIdx.y * perBlock, end = min(begin + perBlock, numSteps);
    const int64_t numTiles = job.numRows / kRows;

    letNextKernelStart();
    bool isReady = false;
    for (int64_t first = int64_t{blockIdx.x} * kTiles; first < numTiles;
         first += int64_t{gridDim.x} * kTiles) {
        const int64_t tile = min(first + tileOfBlock, numTiles - 1);
        const OwnTile rows(job, tile * kRows);
        Weights<kFormat> weights[kDepth][kNumParts];
        Tokens tokens[kDepth];
        for (int i = 0; i < kDepth; ++i)
            if (begin + sharer + i * kSharers < end)
                rows.load(weights[i], begin + sharer + i * kSharers);
        if (!isReady)
            waitForKernelBefore();
        isReady = true;
        for (int i = 0; i < kDepth; ++i)
            if (begin + sharer + i * kSharers < end)
                tokens[i].load(job, begin + sharer + i * kSharers);

        Sums sums[kNumParts];
        for (int step = begin + sharer; step < end; step += kDepth * kSharers) {
#pragma unroll
            for (int i = 0; i < kDepth; ++i) {
                const int now = step + i * kSharers;
                if (now >= end)
                    break;
#pragma unroll
                for (int part = 0; part < kNumParts; ++part)
                    weights[i][part].addTo(sums[part], tokens[i].low, tokens[i].high);
                if (now + kDepth * kSharers < end) {
                    rows.load(weights[i], now + kDepth * kSharers);
                    tokens[i].load(job, now + kDepth * kSharers);
                }
            }
        }

        if constexpr (kSharers == 1) {
            if (first + tileOfBlock < numTiles)
                for (int i = 0; i < 4; ++i)
                    store<kOutput>(job, tile * kRows + lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2,
                                   sums[0].at[i], 0);
        } else {
            __syncthreads();  // the tile before may still be read
            for (int part = 0; part < kNumParts; ++part)
                for (int i = 0; i < 4; ++i)
                    partial[tileOfBlock][sharer][part][lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2] =
                        sums[part].at[i];
            __syncthreads();
            for (int i = threadIdx.x; i < kTiles * kRows * kMaxTokens; i += blockDim.x) {
                const int which = i / (kRows * kMaxTokens), row = i / kMaxTokens % kRows,
                          token = i % kMaxTokens;
                float value[2] = {};
                for (int part = 0; part < kNumParts; ++part)
                    for (int other = 0; other < kSharers; ++other)
                        value[part] += partial[which][other][part][row][token];
                if (first + which < numTiles)
                    store<kOutput>(job, (first + which) * kRows + row, token, value[0], value[1]);
            }
        }
    }
}

template <Output kOutput, int kWarps, int kSharers>
cudaError_t launch(const Job& job, int numBlocks, int numPartials, cudaStream_t stream)
{
    const dim3 grid(static_cast<unsigned>(numBlocks), static_cast<unsigned>(numPartials));
    const auto with = [&](auto* kernel) { return launchInChain(kernel, grid, kWarps * kWarp, stream, job); };
    switch (job.matrices[0].format) {
        case GpuFormat::BFloat16:
            return with(multiplyTokens<GpuFormat::BFloat16, kOutput, kWarps, kSharers>);
        case GpuFormat::Int8:
            return with(multiplyTokens<GpuFormat::Int8, kOutput, kWarps, kSharers>);
        case GpuFormat::Int4:
            return with(multiplyTokens<GpuFormat::Int4, kOutput, kWarps, kSharers>);
    }
    return cudaErrorInvalidValue;
}

cudaError_t prepared(const Residual& residual, int numTokens, cudaStream_t stream)
{
    if (residual.width > kMaxWidth)
        return cudaErrorInvalidValue;
    return launchInChain(prepare, dim3(static_cast<unsigned>(numTokens)), kPrepareThreads, stream, residual);
}

template <GpuFormat kFormat>
__global__ void embed(Bf16* x, const int64_t* ids, const __grid_constant__ GpuMatrix table, float scale)
{
    letNextKernelStart();
    waitForKernelBefore();
    // The placeholder of pictures may lie outside the table; its row is never used.
    const int64_t id = ids[blockIdx.x], row = id >= 0 && id < table.numRows ? id : 0, width = table.width;
    for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
        float value;
        if constexpr (kFormat == GpuFormat::BFloat16) {
            value = toFloat(static_cast<const Bf16*>(table.values)[row * width + i]);
        } else {
            const float group = toFloat(table.scales[row * (width / kGroup) + i / kGroup]);
            if constexpr (kFormat == GpuFormat::Int8) {
                value = rounded(group * static_cast<const int8_t*>(table.values)[row * width + i]);
            } else {
                const uint8_t pair = static_cast<const uint8_t*>(
                    table.values)[row * (width / 2) + i / kBlock * kGroup + i % kGroup];
                value = rounded(group * levelOf(i % kBlock < kGroup ? pair & 15U : pair >> 4U));
            }
        }
        x[blockIdx.x * width + i] = toBf16(value * scale);
    }
}

}  // namespace

cudaError_t projectQkv(Bf16* y, const Residual& residual, const GpuMatrix& q, const GpuMatrix& k,
                       const GpuMatrix& v, int numTokens, cudaStream_t stream)
{
    if (const cudaError_t error = prepared(residual, numTokens, stream))
        return error;
    Job job;
    job.matrices[0] = q, job.matrices[1] = k, job.matrices[2] = v;
    job.numMatrices = 3;
    job.x = residual.normed;
    job.y = y;
    job.numRows = q.numRows + k.numRows + v.numRows;
    job.numTokens = numTokens;
    return launch<Output::Plain, 4, 4>(job, static_cast<int>(job.numRows / kRows), 1, stream);
}

cudaError_t projectGateUp(Bf16* y, const Residual& residual, const GpuMatrix& gate, const GpuMatrix& up,
                          int numTokens, cudaStream_t stream)
{
    if (const cudaError_t error = prepared(residual, numTokens, stream))
        return error;
    Job job;
    job.matrices[0] = gate, job.matrices[1] = up;
    job.numMatrices = 2;
    job.x = residual.normed;
    job.y = y;
    job.numRows = gate.numRows;
    job.numTokens = numTokens;
    return launch<Output::GatedGelu, 4, 4>(job, static_cast<int>(job.numRows / kRows), 1, stream);
}

int numPartialsOf(int64_t numRows, int64_t width, int numProcessors)
{
    // Two blocks or more a processor, as long as each still has a few rounds for each of its warps.
    const int64_t wanted = (2 * numProcessors + numRows / kRows - 1) / (numRows / kRows);
    const int64_t most = std::max<int64_t>(1, width / kStep / 8);
    return static_cast<int>(std::clamp<int64_t>(wanted, 1, std::min<int64_t>(most, 8)));
}

cudaError_t projectDown(float* partials, int numPartials, const Bf16* x, const GpuMatrix& w, int numTokens,
                        cudaStream_t stream)
{
    Job job;
    job.matrices[0] = w;
    job.x = x;
    job.y = partials;
    job.numRows = w.numRows;
    job.numTokens = numTokens;
    return launch<Output::Partials, 4, 4>(job, static_cast<int>(job.numRows / kRows), numPartials, stream);
}

cudaError_t projectHead(float* logits, const Residual& residual, const GpuMatrix& head, int numTokens,
                        cudaStream_t stream)
{
    constexpr int kWarps = 8;
    int device = 0, numProcessors = 0;
    if (const cudaError_t error = cudaGetDevice(&device))
        return error;
    if (const cudaError_t error =
            cudaDeviceGetAttribute(&numProcessors, cudaDevAttrMultiProcessorCount, device))
        return error;
    if (const cudaError_t error = prepared(residual, numTokens, stream))
        return error;
    Job job;
    job.matrices[0] = head;
    job.x = residual.normed;
    job.y = logits;
    job.numRows = head.numRows;
    job.numTokens = numTokens;
    // Blocks go on to further rows, so that few of them have to start.
    const int64_t blocks = (head.numRows / kRows + kWarps - 1) / kWarps;
    return launch<Output::Scores, kWarps, 1>(
        job, static_cast<int>(std::min<int64_t>(blocks, 3 * numProcessors)), 1, stream);
}

cudaError_t embedTokens(Bf16* x, const int64_t* ids, const GpuMatrix& table, float scale, int numTokens,
                        cudaStream_t stream)
{
    constexpr int kThreads = 256;
    const dim3 grid(static_cast<unsigned>(numTokens));
    switch (table.format) {
        case GpuFormat::BFloat16:
            return launchInChain(embed<GpuFormat::BFloat16>, grid, kThreads, stream, x, ids, table, scale);
        case GpuFormat::Int8:
            return launchInChain(embed<GpuFormat::Int8>, grid, kThreads, stream, x, ids, table, scale);
        case GpuFormat::Int4:
            return launchInChain(embed<GpuFormat::Int4>, grid, kThreads, stream, x, ids, table, scale);
    }
    return cudaErrorInvalidValue;
}

}  // namespace facet::kernels
