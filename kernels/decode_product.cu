#include "kernels/decode_product.h"

#include "kernels/gpu_common.cuh"
#include "kernels/quantize.h"

#include <algorithm>

// A warp multiplies 16 rows by 8 tokens on the tensor cores (m16n8k16). Which 16 of the k an instruction
// takes does not matter as long as weights and tokens agree, so lane c of the four that share a row takes 8
// neighbours, one load of 16 bytes, where the instruction's own order would make it loads of 4. With fewer
// tokens than 8 the last one stands in for those that are not there: their columns are thrown away, and the
// weights, which are what costs, are read once either way.
//
// The warps of a block share its rows and cut the width among them. Loads of the next rounds are under way
// while one is multiplied.

namespace facet::kernels {
namespace {

constexpr int kStep = 64;  // of the width, in one round of a warp
constexpr int kRows = 16;  // of a warp's tile

/// Rounds whose weights are under way: about as many bytes in each format.
__host__ __device__ constexpr int depthOf(GpuFormat format)
{
    return format == GpuFormat::BFloat16 ? 3 : format == GpuFormat::Int8 ? 4 : 6;
}

struct Sums {
    float at[4] = {};  // row lane / 4 (+ 8 for 2 and 3), token 2 * (lane % 4) (+ 1 for 1 and 3)
};

__device__ inline uint4 loadOnce(const void* address)
{
    uint4 value;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
                 : "l"(address));
    return value;
}

__device__ inline uint2 loadOnce8(const void* address)
{
    uint2 value;
    asm volatile("ld.global.nc.L1::no_allocate.v2.u32 {%0, %1}, [%2];"
                 : "=r"(value.x), "=r"(value.y)
                 : "l"(address));
    return value;
}

__device__ inline uint32_t loadOnce4(const void* address)
{
    uint32_t value;
    asm volatile("ld.global.nc.u32 %0, [%1];" : "=r"(value) : "l"(address));
    return value;
}

__device__ inline void multiply(Sums& sums, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,
                                uint32_t b1)
{
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, "
        "%3};"
        : "+f"(sums.at[0]), "+f"(sums.at[1]), "+f"(sums.at[2]), "+f"(sums.at[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/// Four integers from -128 to 127, plus 128 each, become two pairs of bfloat16, exactly.
__device__ inline uint2 toBf16Pairs(uint32_t bytes)
{
    // A float of 2^23 + n holds n in its lowest bits; small integers need the upper half of a float only.
    constexpr uint32_t kMagic = 0x4B000000U;
    constexpr float kOffset = 8388608.0F + 128.0F;
    const uint32_t f0 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7540)) - kOffset);
    const uint32_t f1 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7541)) - kOffset);
    const uint32_t f2 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7542)) - kOffset);
    const uint32_t f3 = __float_as_uint(__uint_as_float(__byte_perm(bytes, kMagic, 0x7543)) - kOffset);
    return {__byte_perm(f0, f1, 0x7632), __byte_perm(f2, f3, 0x7632)};
}

/// What one lane reads of rows r and r + 8 in a round, and their product with the tokens' two pieces of 8:
/// those of the first 32 of the width and those of the others.
template <GpuFormat kFormat>
struct Weights;

template <>
struct Weights<GpuFormat::BFloat16> {
    uint4 low[2], high[2];  // of both rows

    __device__ void load(const GpuMatrix& w, int64_t row0, int64_t row1, int step, int c)
    {
        const Bf16* base = static_cast<const Bf16*>(w.values) + step * kStep + c * 8;
        low[0] = loadOnce(base + row0 * w.width);
        low[1] = loadOnce(base + row1 * w.width);
        high[0] = loadOnce(base + row0 * w.width + 32);
        high[1] = loadOnce(base + row1 * w.width + 32);
    }

    __device__ void addTo(Sums& sums, const uint4& x0, const uint4& x1) const
    {
        multiply(sums, low[0].x, low[1].x, low[0].y, low[1].y, x0.x, x0.y);
        multiply(sums, low[0].z, low[1].z, low[0].w, low[1].w, x0.z, x0.w);
        multiply(sums, high[0].x, high[1].x, high[0].y, high[1].y, x1.x, x1.y);
        multiply(sums, high[0].z, high[1].z, high[0].w, high[1].w, x1.z, x1.w);
    }
};

__device__ inline void addScaled(Sums& sums, const Sums& part, float scale0, float scale1)
{
    sums.at[0] += scale0 * part.at[0];
    sums.at[1] += scale0 * part.at[1];
    sums.at[2] += scale1 * part.at[2];
    sums.at[3] += scale1 * part.at[3];
}

/// The product of 8 integers of both rows, given plus 128, by a piece of the tokens.
__device__ inline Sums productOf(uint2 row0, uint2 row1, const uint4& x)
{
    Sums part;
    uint2 a = toBf16Pairs(row0.x), b = toBf16Pairs(row1.x);
    multiply(part, a.x, b.x, a.y, b.y, x.x, x.y);
    a = toBf16Pairs(row0.y), b = toBf16Pairs(row1.y);
    multiply(part, a.x, b.x, a.y, b.y, x.z, x.w);
    return part;
}

__device__ inline float lowerScale(uint32_t pair)
{
    return __uint_as_float(pair << 16);
}

__device__ inline float upperScale(uint32_t pair)
{
    return __uint_as_float(pair & 0xffff0000U);
}

template <>
struct Weights<GpuFormat::Int8> {
    uint2 low[2], high[2];
    uint32_t scales[2];  // of both groups

    __device__ void load(const GpuMatrix& w, int64_t row0, int64_t row1, int step, int c)
    {
        const auto* base = static_cast<const int8_t*>(w.values) + step * kStep + c * 8;
        low[0] = loadOnce8(base + row0 * w.width);
        low[1] = loadOnce8(base + row1 * w.width);
        high[0] = loadOnce8(base + row0 * w.width + 32);
        high[1] = loadOnce8(base + row1 * w.width + 32);
        scales[0] = loadOnce4(w.scales + row0 * (w.width / kGroup) + 2 * step);
        scales[1] = loadOnce4(w.scales + row1 * (w.width / kGroup) + 2 * step);
    }

    __device__ void addTo(Sums& sums, const uint4& x0, const uint4& x1) const
    {
        const auto plus128 = [](uint2 v) { return uint2{v.x ^ 0x80808080U, v.y ^ 0x80808080U}; };
        addScaled(sums, productOf(plus128(low[0]), plus128(low[1]), x0), lowerScale(scales[0]),
                  lowerScale(scales[1]));
        addScaled(sums, productOf(plus128(high[0]), plus128(high[1]), x1), upperScale(scales[0]),
                  upperScale(scales[1]));
    }
};

/// Four bytes of kLevels from `first` on, plus 128 each.
__host__ __device__ constexpr uint32_t levelsFrom(int first)
{
    uint32_t word = 0;
    for (int i = 0; i < 4; ++i)
        word |= uint32_t(kLevels[first + i] + 128) << (8 * i);
    return word;
}

/// The levels of four indices, 4 bits each, plus 128.
__device__ inline uint32_t levelsOf(uint32_t indices)
{
    const uint32_t within8 = indices & 0x7777U;
    const uint32_t lower = __byte_perm(levelsFrom(0), levelsFrom(4), within8);
    const uint32_t upper = __byte_perm(levelsFrom(8), levelsFrom(12), within8);
    return __byte_perm(lower, upper, 0x3210U | ((indices & 0x8888U) >> 1));
}

template <>
struct Weights<GpuFormat::Int4> {
    uint2 both[2];
    uint32_t scales[2];

    __device__ void load(const GpuMatrix& w, int64_t row0, int64_t row1, int step, int c)
    {
        const auto* base = static_cast<const uint8_t*>(w.values) + step * (kStep / 2) + c * 8;
        both[0] = loadOnce8(base + row0 * (w.width / 2));
        both[1] = loadOnce8(base + row1 * (w.width / 2));
        scales[0] = loadOnce4(w.scales + row0 * (w.width / kGroup) + 2 * step);
        scales[1] = loadOnce4(w.scales + row1 * (w.width / kGroup) + 2 * step);
    }

    /// Four bytes hold four weights of either group, in turn: lower half, upper half.
    __device__ static void split(uint32_t word, uint32_t& lower, uint32_t& upper)
    {
        const uint32_t first = levelsOf(word), second = levelsOf(word >> 16);
        lower = __byte_perm(first, second, 0x6420);
        upper = __byte_perm(first, second, 0x7531);
    }

    __device__ void addTo(Sums& sums, const uint4& x0, const uint4& x1) const
    {
        uint2 low[2], high[2];
        for (int row = 0; row < 2; ++row) {
            split(both[row].x, low[row].x, high[row].x);
            split(both[row].y, low[row].y, high[row].y);
        }
        addScaled(sums, productOf(low[0], low[1], x0), lowerScale(scales[0]), lowerScale(scales[1]));
        addScaled(sums, productOf(high[0], high[1], x1), upperScale(scales[0]), upperScale(scales[1]));
    }
};

// --- what stands before the product
// ---------------------------------------------------------------------------------

constexpr int kPrepareThreads = 512;
constexpr int kMaxWidth = 8192;

/// 8 numbers of a row, as one load.
__device__ inline void unpack(float (&to)[8], const uint4& from)
{
    const uint32_t words[4] = {from.x, from.y, from.z, from.w};
    for (int i = 0; i < 4; ++i) {
        to[2 * i] = lowerScale(words[i]);
        to[2 * i + 1] = upperScale(words[i]);
    }
}

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
    const auto with = [&](auto* kernel) {
        return launchInChain(kernel, grid, kWarps * kWarp, 0, stream, job);
    };
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
    return launchInChain(prepare, dim3(static_cast<unsigned>(numTokens)), kPrepareThreads, 0, stream,
                         residual);
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
                const uint32_t level = levelsOf(i % kBlock < kGroup ? pair & 15U : pair >> 4U) & 0xffU;
                value = rounded(group * (static_cast<float>(level) - 128));
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
            return launchInChain(embed<GpuFormat::BFloat16>, grid, kThreads, 0, stream, x, ids, table, scale);
        case GpuFormat::Int8:
            return launchInChain(embed<GpuFormat::Int8>, grid, kThreads, 0, stream, x, ids, table, scale);
        case GpuFormat::Int4:
            return launchInChain(embed<GpuFormat::Int4>, grid, kThreads, 0, stream, x, ids, table, scale);
    }
    return cudaErrorInvalidValue;
}

}  // namespace facet::kernels
