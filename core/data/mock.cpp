#include "core/data/mock.h"

#include <algorithm>
#include <random>
#include <string>

namespace facet::core {
namespace {

constexpr int64_t kPictureAt = 20;     // of its first image token
constexpr int64_t kAfterPicture = 5;   // tokens behind the last image token that do not count
constexpr int64_t kLeftOutAtEnd = 10;  // ids that NeMo does not draw

std::mt19937_64 generator(uint64_t index, uint64_t seed)
{
    std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                           static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)};
    return std::mt19937_64(sequence);
}

}  // namespace

TokenizedSample mockSample(uint64_t index, uint64_t seed, int64_t length, bool hasPicture,
                           const gemma3::Config& config)
{
    std::mt19937_64 random = generator(index, seed);
    const auto numIds = static_cast<uint64_t>(std::max<int64_t>(1, config.text.vocabSize - kLeftOutAtEnd));
    const auto draw = [&] {
        while (true) {
            const auto id = static_cast<int64_t>(random() % numIds);
            if (id != config.boiTokenId && id != config.eoiTokenId && id != config.imageTokenId)
                return id;
        }
    };
    const int64_t behind = kPictureAt + config.tokensPerImage;
    TokenizedSample sample;
    const int64_t all = hasPicture ? std::max(length, behind + kAfterPicture + 1) : length;
    for (int64_t i = 0; i < all; ++i)
        sample.ids.push_back(draw());
    sample.inLoss.assign(static_cast<size_t>(all), 1);
    const int64_t firstInLoss = hasPicture ? behind + kAfterPicture : 1;
    std::fill_n(sample.inLoss.begin(), std::min(firstInLoss, all), uint8_t{0});
    if (hasPicture) {
        const auto first = sample.ids.begin() + kPictureAt;
        *(first - 1) = config.boiTokenId;
        std::fill_n(first, config.tokensPerImage, config.imageTokenId);
        *(first + config.tokensPerImage) = config.eoiTokenId;
        sample.pictures.push_back(
            {kPictureAt - 1, behind + 1, "mock:" + std::to_string(seed) + ":" + std::to_string(index)});
    }
    return sample;
}

std::vector<uint8_t> mockPixels(uint64_t index, uint64_t seed, int64_t side)
{
    std::mt19937_64 random = generator(index, seed ^ 0x6D6F636Bu);
    std::vector<uint8_t> pixels(static_cast<size_t>(side * side * 3));
    for (uint8_t& pixel : pixels)
        pixel = static_cast<uint8_t>(random() >> 56);
    return pixels;
}

}  // namespace facet::core
