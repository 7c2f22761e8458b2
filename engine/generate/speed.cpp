#include "engine/generate/speed.h"

#include "core/gemma3/memory_estimate.h"
#include "engine/generate/decode.h"
#include "engine/generate/prefill.h"

#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>

namespace facet::engine {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void waitFor(at::Device device)
{
    if (device.is_cuda())
        at::detail::getCUDAHooks().deviceSynchronize(device.index());
}

/// Ids of no special pieces; what they say does not matter for speed.
std::vector<int64_t> somePrompt(int64_t size, int64_t vocabSize)
{
    std::mt19937 random(1);
    std::vector<int64_t> ids = {2};
    while (static_cast<int64_t>(ids.size()) < size)
        ids.push_back(std::min<int64_t>(vocabSize - 1, 1000 + static_cast<int64_t>(random() % 100'000)));
    return ids;
}

std::unique_ptr<Slot> emptySlot(const gemma3::Model& model)
{
    return std::make_unique<Slot>(Slot{
        gemma3::KvCache(model.config.text),
        Sampler({}, {}, {model.config.imageTokenId}, model.config.text.vocabSize, model.weights.device()),
        {}});
}

/// Reads the prompt and chooses the first token.
void read(const gemma3::Model& model, Slot& slot, const std::vector<int64_t>& prompt,
          const at::Tensor& feature_XD)
{
    prefill(
        model, slot.cache, prompt, feature_XD,
        [&](const at::Tensor& hidden_TD) {
            if (slot.cache.numTokens() == static_cast<int64_t>(prompt.size()))
                begin(model, slot, hidden_TD.narrow(0, hidden_TD.size(0) - 1, 1));
            return true;
        },
        core::gemma3::promptChunk(model.weights.device().is_cuda()));
    slot.last.id.item<int64_t>();
}

}  // namespace

TextSpeeds measureText(const gemma3::Model& model, int64_t promptTokens, int64_t numTokens,
                       int64_t numSequences, int64_t repeats)
{
    const c10::InferenceMode noGradients;
    const std::vector<int64_t> prompt = somePrompt(promptTokens, model.config.text.vocabSize);
    TextSpeeds speeds;
    for (int64_t run = 0; run <= repeats; ++run) {  // the first one warms up
        std::vector<std::unique_ptr<Slot>> slots;
        std::vector<Slot*> all;
        double secondsOfPrefill = 0;
        for (int64_t i = 0; i < numSequences; ++i) {
            slots.push_back(emptySlot(model));
            all.push_back(slots.back().get());
            const auto start = Clock::now();
            read(model, *all.back(), prompt, {});
            secondsOfPrefill += secondsSince(start);
        }
        const auto start = Clock::now();
        for (int64_t token = 0; token < numTokens; ++token) {
            decodeStep(model, all);
            std::vector<at::Tensor> ids;
            for (const Slot* slot : all)
                ids.push_back(slot->last.id);
            (ids.size() == 1 ? ids.front() : at::cat(ids)).cpu();
        }
        if (run == 0)
            continue;
        speeds.prefill.push_back(double(promptTokens * numSequences) / secondsOfPrefill);
        speeds.decode.push_back(double(numTokens * numSequences) / secondsSince(start));
    }
    return speeds;
}

PictureTimes measurePicture(const gemma3::Model& model, int64_t repeats)
{
    constexpr int64_t kTextTokens = 34;
    const c10::InferenceMode noGradients;
    const core::gemma3::VisionConfig& vision = *model.config.vision;
    const at::Tensor pixel_3SS = at::rand({3, vision.imageSize, vision.imageSize}) * 2 - 1;
    std::vector<int64_t> prompt = somePrompt(kTextTokens, model.config.text.vocabSize);
    prompt.insert(prompt.begin() + 4, static_cast<size_t>(model.config.tokensPerImage),
                  model.config.imageTokenId);

    PictureTimes times;
    for (int64_t run = 0; run <= repeats; ++run) {
        const at::Tensor onDevice_3SS = pixel_3SS.to(model.weights.device());
        waitFor(model.weights.device());
        const auto start = Clock::now();
        const at::Tensor feature_TD = imageFeatures(model, onDevice_3SS);
        waitFor(model.weights.device());
        const double tower = secondsSince(start);

        const auto again = Clock::now();
        const std::unique_ptr<Slot> slot = emptySlot(model);
        read(model, *slot, prompt, imageFeatures(model, pixel_3SS));
        if (run == 0)
            continue;
        times.tower.push_back(tower);
        times.firstToken.push_back(secondsSince(again));
    }
    return times;
}

}  // namespace facet::engine
