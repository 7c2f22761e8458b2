// Compiled without contraction (CMakeLists.txt): a product and a sum in one rounding have other bits.

#include "kernels/normal_float.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

// Loading a model quantises all of it, so this is compiled for wide vectors, too.
#if defined(__x86_64__)
#define FACET_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FACET_WIDE
#endif

namespace facet::kernels {
namespace {

constexpr float kPositiveScaleLevels[127] = {
    5.50000038e-07F, 3.25000019e-06F, 7.7499999e-06F,  2.12499981e-05F, 4.37499984e-05F, 6.62500024e-05F,
    8.87499991e-05F, 0.000156250011F, 0.000268750038F, 0.000381250022F, 0.000493750034F, 0.000606250076F,
    0.00071875006F,  0.000831249985F, 0.000943750085F, 0.00128124992F,  0.00184375001F,  0.00240624999F,
    0.00296874996F,  0.00353124971F,  0.00409374991F,  0.00465624966F,  0.00521875033F,  0.00578125007F,
    0.00634374982F,  0.00690625003F,  0.00746874977F,  0.00803124998F,  0.00859375019F,  0.00915624946F,
    0.00971874967F,  0.0114062503F,   0.0142187504F,   0.0170312505F,   0.0198437516F,   0.0226562507F,
    0.0254687499F,   0.028281251F,    0.0310937501F,   0.0339062512F,   0.0367187522F,   0.0395312496F,
    0.0423437469F,   0.0451562516F,   0.047968749F,    0.05078125F,     0.053593751F,    0.0564062484F,
    0.0592187531F,   0.0620312504F,   0.0648437515F,   0.0676562563F,   0.0704687461F,   0.0732812509F,
    0.0760937482F,   0.078906253F,    0.0817187577F,   0.0845312476F,   0.0873437524F,   0.0901562497F,
    0.0929687545F,   0.0957812592F,   0.0985937491F,   0.107031256F,    0.12109375F,     0.135156244F,
    0.149218753F,    0.163281247F,    0.177343756F,    0.19140625F,     0.205468744F,    0.219531253F,
    0.233593747F,    0.247656241F,    0.26171875F,     0.275781274F,    0.289843738F,    0.303906262F,
    0.317968726F,    0.33203125F,     0.346093744F,    0.360156238F,    0.374218762F,    0.388281226F,
    0.40234375F,     0.416406244F,    0.430468738F,    0.444531262F,    0.458593726F,    0.47265625F,
    0.486718714F,    0.500781238F,    0.514843702F,    0.528906226F,    0.54296875F,     0.557031274F,
    0.571093798F,    0.585156262F,    0.599218726F,    0.61328125F,     0.627343774F,    0.641406298F,
    0.655468762F,    0.669531226F,    0.68359375F,     0.697656274F,    0.711718798F,    0.725781262F,
    0.739843726F,    0.75390625F,     0.767968774F,    0.782031238F,    0.796093762F,    0.810156226F,
    0.82421875F,     0.838281274F,    0.852343738F,    0.866406262F,    0.880468726F,    0.89453125F,
    0.908593774F,    0.922656238F,    0.936718762F,    0.950781226F,    0.96484375F,     0.978906274F,
    0.992968738F,
};

constexpr std::array<float, 256> kScaleLevels = [] {
    std::array<float, 256> levels{};
    for (size_t i = 0; i < 127; ++i) {
        levels[126 - i] = -kPositiveScaleLevels[i];
        levels[128 + i] = kPositiveScaleLevels[i];
    }
    levels[255] = 1;  // there is no -1
    return levels;
}();

constexpr std::array<float, 255> kBetweenScaleLevels = [] {
    std::array<float, 255> between{};
    for (size_t i = 0; i < 255; ++i)
        between[i] = (kScaleLevels[i] + kScaleLevels[i + 1]) * 0.5F;
    return between;
}();

/// Where weights begin to be nearer to level I + 1 than to level I.
template <size_t I>
constexpr float kMiddle = (kNormalFloatLevels[I] + kNormalFloatLevels[I + 1]) / 2;

/// A fold and not a loop, so that the compiler makes vectors of what calls it.
template <size_t... I>
inline int indexAt(float x, std::index_sequence<I...>)
{
    return (0 + ... + int(x > kMiddle<I>));
}

constexpr std::make_index_sequence<15> kSteps;
constexpr int kZero = 7;  // the index of level 0
constexpr float kLeast = 1e-38F;

/// The level next to x in [-1, 1], after x was rounded to 65,535 steps: bitsandbytes looks it up in a table
/// of these, so that near the middle of two levels it is not always the nearest.
uint8_t scaleCodeAt(float x)
{
    constexpr float kNumSteps = 65535;
    const auto step = static_cast<int>(std::fma((x + 1) * 0.5F, kNumSteps, 0.5F));
    const float rounded = 2 * static_cast<float>(step) / kNumSteps - 1;
    return static_cast<uint8_t>(std::ranges::lower_bound(kBetweenScaleLevels, rounded) -
                                kBetweenScaleLevels.begin());
}

inline float scaleOf(const NormalFloatMatrix& matrix, int64_t block)
{
    return kScaleLevels[matrix.scaleCodes[block]] * matrix.groupScales[block / kNormalFloatGroup] +
           matrix.offset;
}

inline float levelOf(const uint8_t* values, int64_t index)
{
    const int pair = values[index / 2];
    return kNormalFloatLevels[index % 2 == 0 ? pair >> 4 : pair & 15];
}

/// Both weights of each byte, so that one load gives two.
struct Pair {
    float first;
    float second;
};
constexpr std::array<Pair, 256> kPairs = [] {
    std::array<Pair, 256> pairs{};
    for (size_t i = 0; i < 256; ++i)
        pairs[i] = {kNormalFloatLevels[i >> 4], kNormalFloatLevels[i & 15]};
    return pairs;
}();

}  // namespace

const float* normalFloatScaleLevels() noexcept
{
    return kScaleLevels.data();
}

FACET_WIDE void quantizeNormalFloat(uint8_t* values, float* scales, const float* weights,
                                    int64_t numWeights) noexcept
{
    for (int64_t begin = 0; begin < numWeights; begin += kNormalFloatBlock) {
        const int64_t count = std::min(kNormalFloatBlock, numWeights - begin);
        float largest = 0;
        for (int64_t i = 0; i < count; ++i)
            largest = std::max(largest, std::fabs(weights[begin + i]));

        float unit[kNormalFloatBlock] = {};
        if (count == kNormalFloatBlock) {
            const float inverse = 1 / std::max(largest, kLeast);
            for (int64_t i = 0; i < kNormalFloatBlock; ++i)
                unit[i] = std::clamp(weights[begin + i] * inverse, -1.0F, 1.0F);
        } else {  // the last block of a matrix: another way to the same, which rounds differently
            largest = std::max(largest, kLeast);
            for (int64_t i = 0; i < count; ++i)
                unit[i] = std::clamp(weights[begin + i] / largest, -1.0F, 1.0F);
        }
        scales[begin / kNormalFloatBlock] = largest;

        int index[kNormalFloatBlock];
        for (int64_t i = 0; i < kNormalFloatBlock; ++i)
            index[i] = indexAt(unit[i], kSteps);
        static_assert(kMiddle<kZero - 1> < 0 && kMiddle<kZero> > 0, "what is filled up is 0");
        for (int64_t i = 0; i < (count + 7) / 8 * 8; i += 2)
            values[(begin + i) / 2] = static_cast<uint8_t>(index[i] << 4 | index[i + 1]);
    }
}

void quantizeNormalFloatScales(uint8_t* codes, float* groupScales, const float* scales, float offset,
                               int64_t numBlocks) noexcept
{
    for (int64_t begin = 0; begin < numBlocks; begin += kNormalFloatGroup) {
        const int64_t end = std::min(begin + kNormalFloatGroup, numBlocks);
        float largest = 0;
        for (int64_t i = begin; i < end; ++i)
            largest = std::max(largest, std::fabs(scales[i] - offset));
        groupScales[begin / kNormalFloatGroup] = largest;
        const float inverse = largest == 0 ? 0 : 1 / largest;
        for (int64_t i = begin; i < end; ++i)
            codes[i] =
                largest == 0 ? 0 : scaleCodeAt(std::clamp((scales[i] - offset) * inverse, -1.0F, 1.0F));
    }
}

FACET_WIDE void dequantizeNormalFloat(float* weights, const NormalFloatMatrix& matrix, int64_t begin,
                                      int64_t end) noexcept
{
    int64_t at = begin;
    while (at < end) {
        const int64_t block = at / kNormalFloatBlock;
        const int64_t stop = std::min(end, (block + 1) * kNormalFloatBlock);
        const float scale = scaleOf(matrix, block);
        if (at % 2 != 0) {
            *weights++ = levelOf(matrix.values, at) * scale;
            ++at;
        }
        for (; at + 1 < stop; at += 2) {
            const Pair pair = kPairs[matrix.values[at / 2]];
            *weights++ = pair.first * scale;
            *weights++ = pair.second * scale;
        }
        if (at < stop) {
            *weights++ = levelOf(matrix.values, at) * scale;
            ++at;
        }
    }
}

}  // namespace facet::kernels
