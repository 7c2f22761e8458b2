#include "engine/generate/generate.h"

#include "engine/generate/decode.h"
#include "engine/generate/prefill.h"
#include "engine/generate/stop_strings.h"
#include "engine/guard.h"

#include <algorithm>
#include <chrono>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Ids that no answer may contain: the picture's placeholder, and rows of the table that are no token.
std::vector<int64_t> forbiddenIds(const gemma3::Model& model, const core::Tokenizer& tokenizer)
{
    std::vector<int64_t> ids = {model.config.imageTokenId};
    for (int64_t id = tokenizer.vocabSize(); id < model.config.text.vocabSize; ++id)
        ids.push_back(id);
    return ids;
}

TokenLogprob logprobOf(const SampledToken& token)
{
    TokenLogprob result = {token.id.item<int64_t>(), token.logprob.item<double>(), {}};
    for (int64_t i = 0; i < token.topIds.size(0); ++i)
        result.top.emplace_back(token.topIds[i].item<int64_t>(), token.topLogprobs[i].item<double>());
    return result;
}

core::Result<void> check(const gemma3::Model& model, const GenerateRequest& request)
{
    if (request.maxTokens < 1)
        return Error{ErrorCode::InvalidInput, "an answer of " + std::to_string(request.maxTokens) +
                                                  " tokens is none: ask for 1 or more"};
    const int64_t promptSize = static_cast<int64_t>(request.prompt.size());
    const int64_t context = model.config.text.maxPositions;
    if (promptSize == 0)
        return Error{ErrorCode::InvalidInput, "the prompt is empty"};
    if (promptSize >= context)
        return Error{ErrorCode::InvalidInput, "the prompt has " + std::to_string(promptSize) +
                                                  " tokens and the model's context " +
                                                  std::to_string(context) + ": shorten it"};
    return checkPrompt(model.config, request.prompt, request.pixels_3SS.size());
}

GenerateResult answer(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                      const GenerateRequest& request, const OnText& onText)
{
    const c10::InferenceMode noGradients;
    const auto start = Clock::now();
    GenerateResult result;
    Slot slot = {gemma3::KvCache(model.config.text),
                 Sampler(request.sampling, request.prompt, forbiddenIds(model, tokenizer),
                         model.config.text.vocabSize, model.weights.device()),
                 {}};

    const at::Tensor feature_XD = imageFeatures(model, request.pixels_3SS);
    const auto startOfPrefill = Clock::now();
    at::Tensor hidden_1D;
    prefill(model, slot.cache, request.prompt, feature_XD, [&](const at::Tensor& hidden_TD) {
        hidden_1D = hidden_TD.narrow(0, hidden_TD.size(0) - 1, 1);
        return !onText || onText("");  // a long prompt can be cancelled between chunks
    });
    if (slot.cache.numTokens() < static_cast<int64_t>(request.prompt.size())) {
        result.finish = FinishReason::Cancelled;
        return result;
    }
    begin(model, slot, hidden_1D);
    int64_t id = slot.last.id.item<int64_t>();
    result.secondsToFirstToken = secondsSince(start);
    result.secondsOfPrefill = secondsSince(startOfPrefill);

    const auto startOfDecode = Clock::now();
    const int64_t room = model.config.text.maxPositions - static_cast<int64_t>(request.prompt.size());
    const int64_t maxTokens = std::min(request.maxTokens, room);
    core::StreamDecoder decoder(tokenizer);
    StopStrings stopStrings(request.stopStrings);
    const auto show = [&](const std::string& text) {
        result.text += text;
        return text.empty() || !onText || onText(text);
    };
    bool wanted = true;
    while (true) {
        if (std::ranges::find(request.stopIds, id) != request.stopIds.end()) {
            result.finish = FinishReason::Stop;
            break;
        }
        result.ids.push_back(id);
        if (request.sampling.numLogprobs >= 0)
            result.logprobs.push_back(logprobOf(slot.last));
        wanted = show(stopStrings.push(decoder.push(id)));
        if (stopStrings.found() || !wanted) {
            result.finish = wanted ? FinishReason::Stop : FinishReason::Cancelled;
            break;
        }
        if (static_cast<int64_t>(result.ids.size()) == maxTokens) {
            result.finish = FinishReason::Length;
            break;
        }
        Slot* const slots[] = {&slot};
        decodeStep(model, slots);
        id = slot.last.id.item<int64_t>();
    }
    if (wanted) {
        std::string rest = stopStrings.push(decoder.finish());
        rest += stopStrings.finish();
        show(rest);
    }
    result.secondsOfDecode = secondsSince(startOfDecode);
    return result;
}

}  // namespace

core::Result<GenerateResult> generate(const gemma3::Model& model, const core::Tokenizer& tokenizer,
                                      const GenerateRequest& request, const OnText& onText)
{
    if (const core::Result<void> checked = check(model, request); !checked)
        return checked.error();
    return guarded([&] { return answer(model, tokenizer, request, onText); });
}

}  // namespace facet::engine
