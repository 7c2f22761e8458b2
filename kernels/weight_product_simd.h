// The products of weight_product.h over vectors of type Simd, which the including file defines before. No
// #pragma once and no headers of the standard library: an inline function compiled here with AVX-512 could
// become the whole program's.
//
// A tile is R rows of weights by T tokens, whose sums stay in registers: weights are unpacked once for T
// tokens, and activations loaded once for R rows.

namespace facet::kernels {
namespace {

constexpr int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// --- few tokens: memory is read once, straight into registers
// ---------------------------------------------------

template <int R, int T>
void bfloat16Tile(const Product& p, const float* x, const uint16_t* w, int64_t token, int64_t row)
{
    Simd::Floats sum[R][T];
    for (int r = 0; r < R; ++r)
        for (int t = 0; t < T; ++t)
            sum[r][t] = Simd::zero();
    int64_t i = 0;
    for (; i + Simd::kLanes <= p.width; i += Simd::kLanes)
        for (int r = 0; r < R; ++r) {
            const Simd::Floats weight = Simd::loadBFloat16(w + (row + r) * p.width + i);
            for (int t = 0; t < T; ++t)
                sum[r][t] = Simd::fma(weight, Simd::load(x + (token + t) * p.width + i), sum[r][t]);
        }
    for (int r = 0; r < R; ++r)
        for (int t = 0; t < T; ++t) {
            float total = Simd::sum(sum[r][t]);
            for (int64_t j = i; j < p.width; ++j)
                total += fromBfloat16(w[(row + r) * p.width + j]) * x[(token + t) * p.width + j];
            p.y[(token + t) * p.yStride + row + r] = total;
        }
}

template <int R, int T, bool kIsInt4>
void integerTile(const Product& p, const ActivationBlock* x, const uint8_t* values, const uint16_t* scales,
                 int64_t token, int64_t row)
{
    const int64_t numBlocks = filledWidth(p.width) / kBlock;
    constexpr int64_t kBytes = kIsInt4 ? kBlock / 2 : kBlock;
    Simd::Floats sum[R][T];
    for (int r = 0; r < R; ++r)
        for (int t = 0; t < T; ++t)
            sum[r][t] = Simd::zero();
    for (int64_t block = 0; block < numBlocks; ++block)
        for (int r = 0; r < R; ++r) {
            const int64_t place = (row + r) * numBlocks + block;
            const Simd::Weights weights = kIsInt4
                                              ? Simd::loadInt4(values + place * kBytes, scales + 2 * place)
                                              : Simd::loadInt8(values + place * kBytes, scales + 2 * place);
            for (int t = 0; t < T; ++t) {
                const ActivationBlock& activations = x[(token + t) * numBlocks + block];
                sum[r][t] = kIsInt4 ? Simd::addInt4(sum[r][t], weights, activations)
                                    : Simd::addInt8(sum[r][t], weights, activations);
            }
        }
    for (int r = 0; r < R; ++r)
        for (int t = 0; t < T; ++t)
            p.y[(token + t) * p.yStride + row + r] = Simd::sum(sum[r][t]);
}

/// All tokens of R rows; `tile` is called as tile.operator()<R, T>(token).
template <int R, typename Tile>
void allTokens(int64_t numTokens, const Tile& tile)
{
    int64_t token = 0;
    for (; token + 4 <= numTokens; token += 4)
        tile.template operator()<R, 4>(token);
    switch (numTokens - token) {
        case 3:
            tile.template operator()<R, 3>(token);
            break;
        case 2:
            tile.template operator()<R, 2>(token);
            break;
        case 1:
            tile.template operator()<R, 1>(token);
            break;
        default:
            break;
    }
}

void fewBFloat16(const Product& p, const float* x, const uint16_t* w) noexcept
{
    int64_t row = 0;
    const auto tile = [&]<int R, int T>(int64_t token) { bfloat16Tile<R, T>(p, x, w, token, row); };
    for (; row + Simd::kRows <= p.numRows; row += Simd::kRows)
        allTokens<Simd::kRows>(p.numTokens, tile);
    for (; row < p.numRows; ++row)
        allTokens<1>(p.numTokens, tile);
}

template <bool kIsInt4>
void fewIntegers(const Product& p, const ActivationBlock* x, const uint8_t* values, const uint16_t* scales)
{
    int64_t row = 0;
    const auto tile = [&]<int R, int T>(int64_t token) {
        integerTile<R, T, kIsInt4>(p, x, values, scales, token, row);
    };
    for (; row + Simd::kRows <= p.numRows; row += Simd::kRows)
        allTokens<Simd::kRows>(p.numTokens, tile);
    for (; row < p.numRows; ++row)
        allTokens<1>(p.numTokens, tile);
}

void fewInt8(const Product& p, const ActivationBlock* x, const int8_t* values,
             const uint16_t* scales) noexcept
{
    fewIntegers<false>(p, x, reinterpret_cast<const uint8_t*>(values), scales);
}

void fewInt4(const Product& p, const ActivationBlock* x, const uint8_t* values,
             const uint16_t* scales) noexcept
{
    fewIntegers<true>(p, x, values, scales);
}

// --- many tokens: pieces of a few rows are widened to float and multiplied from the first cache
// ---------------------

constexpr int64_t kPiece = 1024;  // weights of a row at a time: 16 KB for 4 rows

void widen(float* out, const uint16_t* w, int64_t size)
{
    int64_t i = 0;
    for (; i + Simd::kLanes <= size; i += Simd::kLanes)
        Simd::store(out + i, Simd::loadBFloat16(w + i));
    for (; i < size; ++i)
        out[i] = fromBfloat16(w[i]);
}

template <int T>
void floatTile(const Product& p, const float* x, const float* w, int64_t first, int64_t size, int64_t token,
               int64_t row)
{
    constexpr int R = Simd::kManyRows;
    Simd::Floats sum[R][T];
    for (int r = 0; r < R; ++r)
        for (int t = 0; t < T; ++t)
            sum[r][t] = Simd::zero();
    const float* from = x + token * p.width + first;
    int64_t i = 0;
    for (; i + Simd::kLanes <= size; i += Simd::kLanes) {
        Simd::Floats weight[R];
        for (int r = 0; r < R; ++r)
            weight[r] = Simd::load(w + r * kPiece + i);
        for (int t = 0; t < T; ++t) {
            const Simd::Floats activation = Simd::load(from + t * p.width + i);
            for (int r = 0; r < R; ++r)
                sum[r][t] = Simd::fma(weight[r], activation, sum[r][t]);
        }
    }
    const int64_t numRows = smaller(R, p.numRows - row);
    for (int r = 0; r < numRows; ++r)
        for (int t = 0; t < T; ++t) {
            float total = Simd::sum(sum[r][t]);
            for (int64_t j = i; j < size; ++j)
                total += w[r * kPiece + j] * from[t * p.width + j];
            float& y = p.y[(token + t) * p.yStride + row + r];
            y = first == 0 ? total : y + total;
        }
}

void manyBFloat16(const Product& p, const float* x, const uint16_t* w) noexcept
{
    constexpr int R = Simd::kManyRows, T = Simd::kManyTokens;
    alignas(64) float piece[R * kPiece];
    for (int64_t first = 0; first < p.width; first += kPiece) {
        const int64_t size = smaller(kPiece, p.width - first);
        for (int64_t row = 0; row < p.numRows; row += R) {
            for (int64_t r = 0; r < smaller(R, p.numRows - row); ++r)
                widen(piece + r * kPiece, w + (row + r) * p.width + first, size);
            int64_t token = 0;
            for (; token + T <= p.numTokens; token += T)
                floatTile<T>(p, x, piece, first, size, token, row);
            for (; token < p.numTokens; ++token)
                floatTile<1>(p, x, piece, first, size, token, row);
        }
    }
}

// --- activations
// ------------------------------------------------------------------------------------------------

void roundActivations(ActivationBlock* blocks, const float* x, int64_t numTokens, int64_t width) noexcept
{
    for (int64_t t = 0; t < numTokens; ++t)
        for (int64_t i = 0; i < width; i += kBlock, ++blocks) {
            const float* from = x + t * width + i;
            alignas(64) float last[kBlock];
            if (i + kBlock > width) {
                for (int64_t j = 0; j < kBlock; ++j)
                    last[j] = i + j < width ? from[j] : 0;
                from = last;
            }
            Simd::quantize(*blocks, from);
        }
}

}  // namespace
}  // namespace facet::kernels
