#include "engine/generate/loaded_model.h"

namespace facet::engine {

SamplingOptions samplingOf(const core::GenerationConfig& generation)
{
    SamplingOptions sampling;
    if (!generation.doSample)
        return sampling;
    sampling.temperature = generation.temperature;
    sampling.topK = generation.topK;
    sampling.topP = generation.topP;
    return sampling;
}

core::Result<LoadedModel> openModel(const std::filesystem::path& path, bool textOnly, at::Device device,
                                    at::ScalarType type, const gemma3::LoadProgress& progress)
{
    const core::Result<core::ModelFolder> folder = core::ModelFolder::open(path, textOnly);
    if (!folder)
        return folder.error();
    // What is quick comes first, so that a broken tokenizer is refused before gigabytes are read.
    core::Result<core::Tokenizer> tokenizer = core::Tokenizer::open(folder->path);
    if (!tokenizer && tokenizer.error().code != core::ErrorCode::NotFound)
        return tokenizer.error();
    core::Result<core::ChatTemplate> chatTemplate = core::ChatTemplate::open(folder->path);
    if (!chatTemplate)
        return chatTemplate.error();
    core::Result<gemma3::Model> model = gemma3::loadModel(*folder, device, type, progress);
    if (!model)
        return model.error();
    return LoadedModel{std::move(*model),    folder->generation,       folder->preprocessing,
                       std::move(tokenizer), std::move(*chatTemplate), folder->accounting.unexpected};
}

}  // namespace facet::engine
