#include "engine/convert/same_answers.h"

#include "core/data/mock.h"
#include "core/image/image.h"
#include "engine/gemma3/image_preprocessing.h"
#include "engine/gemma3/vision.h"
#include "engine/guard.h"
#include "engine/train/fused_operations.h"
#include "engine/train/packed_batch.h"

#include <ATen/core/grad_mode.h>

#include <cstdio>

namespace facet::engine {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kTextTokens = 64;

TrainingSample madeUp(const core::gemma3::Config& config)
{
    const bool sees = config.vision.has_value();
    const int64_t length = kTextTokens + (sees ? config.tokensPerImage + 2 : 0);
    TrainingSample sample;
    sample.ids = core::mockSample(0, kSeed, length, sees, config).ids;
    sample.isTarget.assign(sample.ids.size(), false);
    if (sees) {
        const int64_t side = config.vision->imageSize;
        sample.pixels_3SS = {gemma3::pixelValues({side, side, core::mockPixels(0, kSeed, side)}, side)};
    }
    return sample;
}

}  // namespace

core::Result<at::Tensor> probeScores(const gemma3::Model& given)
{
    return guarded([&] {
        const at::NoGradGuard noGradients;
        gemma3::Model model = given;
        model.weights.operations = kFusedOperations;  // which need no cache
        const PackedBatch batch = packed({madeUp(model.config)}, model.config.imageTokenId, at::kCPU);
        gemma3::Step step = {batch.token_T, batch.segments, {}, {}};
        if (batch.pixel_I3SS.defined())
            step.feature_XD =
                gemma3::imageFeatures(batch.pixel_I3SS, *model.weights.vision, model.config).flatten(0, 1);
        const at::Tensor hidden_TD = gemma3::hiddenStates(step, model.weights, model.config.text);
        return gemma3::logits(hidden_TD, model.weights).to(at::kFloat).cpu();
    });
}

ScoreDifference differenceOf(const at::Tensor& first_TV, const at::Tensor& second_TV)
{
    const at::Tensor first = first_TV.log_softmax(-1), second = second_TV.log_softmax(-1);
    return {.largest = (first_TV - second_TV).abs().max().item<double>(),
            .largestScore = first_TV.abs().max().item<double>(),
            .meanKl = (first.exp() * (first - second)).sum(-1).mean().item<double>(),
            .sameBest = (first_TV.argmax(-1) == second_TV.argmax(-1)).sum().item<int64_t>(),
            .numPlaces = first_TV.size(0)};
}

std::string ScoreDifference::inWords() const
{
    char text[200];
    std::snprintf(
        text, sizeof text,
        "scores differ by at most %.2g of %.3g, predictions by %.2g nats on average, and %lld of %lld "
        "likeliest tokens are the same",
        largest, largestScore, meanKl, static_cast<long long>(sameBest), static_cast<long long>(numPlaces));
    return text;
}

}  // namespace facet::engine
