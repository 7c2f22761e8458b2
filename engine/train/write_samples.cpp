#include "engine/train/write_samples.h"

#include "engine/generate/generate.h"
#include "engine/generate/prompt.h"

namespace facet::engine {
namespace {

core::Result<PreparedPrompt> promptOf(const jobs::SamplePrompt& prompt, const LoadedModel& model)
{
    const std::vector<std::string> images =
        prompt.image.empty() ? std::vector<std::string>() : std::vector{prompt.image};
    if (model.chatTemplate.kind() == core::ChatTemplate::Kind::None)
        return prepareCompletion(model, prompt.prompt, images, {});
    core::Message user = {"user", {}};
    for (const std::string& image : images)
        user.content.emplace_back(core::ImagePart{image});
    user.content.emplace_back(core::TextPart{prompt.prompt});
    return prepareChat(model, {user}, {});
}

}  // namespace

WriteSamples samplesOf(const jobs::Job& job, const LoadedModel& model)
{
    return [&job, &model](int64_t step, RunRecorder& recorder) -> core::Result<void> {
        for (const jobs::SamplePrompt& prompt : job.samplePrompts) {
            const core::Result<PreparedPrompt> prepared = promptOf(prompt, model);
            if (!prepared)
                return prepared.error();
            GenerateRequest request;
            request.prompt = prepared->ids;
            request.pictures = prepared->pictures;
            request.sampling.temperature = 0;
            request.maxTokens = job.sampleMaxTokens;
            request.stopIds = model.generation.eosTokenIds;
            const core::Result<GenerateResult> answer = generate(model.model, *model.tokenizer, request);
            if (!answer)
                return answer.error();
            recorder.record(core::SampleEvent{step, prompt.prompt, prompt.image, answer->text});
        }
        return {};
    };
}

}  // namespace facet::engine
