#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "core/base/json.h"
#include "core/chat/message_json.h"
#include "core/image/image.h"
#include "core/safetensors/safetensors_writer.h"
#include "engine/gemma3/image_preprocessing.h"
#include "engine/generate/prefill.h"
#include "engine/generate/prompt.h"
#include "engine/guard.h"

#include <fstream>
#include <iostream>

namespace facet::app {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

struct Options {
    LoadOptions load;
    std::string input;
    std::string output;
    bool noGenerationPrompt = false;
    bool hfSpecials = false;
    bool panAndScan = false;
    bool json = false;
};

Result<std::vector<std::string>> readLines(const std::string& path)
{
    std::ifstream file(path);
    if (!file)
        return Error{ErrorCode::NotFound, "cannot open " + path};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        if (line.find_first_not_of(" \t\r") != std::string::npos)
            lines.push_back(line);
    return lines;
}

/// {"tokens": [...], "images": ["a.png", ...]}: ids as they are, the image tokens of each picture among them.
Result<engine::PreparedPrompt> fromTokens(const nlohmann::json& line, const engine::LoadedModel& model,
                                          const std::filesystem::path& folder)
{
    engine::PreparedPrompt prompt;
    for (const nlohmann::json& id : line["tokens"]) {
        if (!id.is_number_integer())
            return Error{ErrorCode::InvalidInput, "\"tokens\" has " + id.dump() + ", which is no token id"};
        prompt.ids.push_back(id.get<int64_t>());
    }
    for (const nlohmann::json& path : line.value("images", nlohmann::json::array())) {
        if (!path.is_string())
            return Error{ErrorCode::InvalidInput, "\"images\" has " + path.dump() + ", which is no path"};
        const Result<core::Image> image = core::readImage(folder / path.get<std::string>());
        if (!image)
            return image.error();
        prompt.pictures.push_back(
            {engine::gemma3::pixelValues(*image, model.preprocessing.imageSize), "", {}});
    }
    return prompt;
}

Result<engine::PreparedPrompt> prepare(const std::string& text, const Options& options,
                                       const engine::LoadedModel& model)
{
    const std::filesystem::path folder = std::filesystem::path(options.input).parent_path();
    const Result<nlohmann::json> line = core::parseJson(text);
    if (!line)
        return line.error().during("the line");
    if (line->is_object() && line->contains("tokens") && (*line)["tokens"].is_array())
        return fromTokens(*line, model, folder);
    const Result<std::vector<core::Message>> messages = core::parseMessages(text);
    if (!messages)
        return messages.error();
    const bool isUsersTurn = !messages->empty() && messages->back().role == "user";
    engine::PromptSettings settings;
    settings.addGenerationPrompt = isUsersTurn && !options.noGenerationPrompt;
    settings.hfSpecials = options.hfSpecials;
    settings.panAndScan = options.panAndScan || model.preprocessing.panAndScan;
    settings.folder = folder;
    return engine::prepareChat(model, *messages, settings);
}

template <typename T>
std::span<const std::byte> bytesOf(const T* data, size_t count)
{
    return std::as_bytes(std::span(data, count));
}

/// Computes one line's logits and appends them as they come.
Result<void> writeLogits(const engine::LoadedModel& model, const engine::PreparedPrompt& prompt,
                         core::SafetensorsWriter& writer, const std::string& name)
{
    Result<void> written;
    const Result<void> computed = engine::guarded([&] {
        const c10::InferenceMode noGradients;
        engine::gemma3::KvCache cache(model.model.config.text);
        engine::prefill(
            model.model, cache, prompt.ids, engine::imageFeatures(model.model, prompt.pictures),
            [&](const at::Tensor& hidden_TD) {
                const at::Tensor logit_TV =
                    engine::gemma3::logits(hidden_TD, model.model.weights).cpu().contiguous();
                written =
                    writer.append(name, bytesOf(logit_TV.const_data_ptr<float>(), size_t(logit_TV.numel())));
                return bool(written);
            },
            /*maxTokens=*/256);
    });
    return computed ? written : computed;
}

Result<size_t> score(const Options& options)
{
    const Result<std::vector<std::string>> lines = readLines(options.input);
    if (!lines)
        return lines.error();
    const Result<engine::LoadedModel> model = load(options.load);
    if (!model)
        return model.error();

    // Sizes are declared before anything is written, so all lines are looked at first; pictures are read
    // again later, since those of a long file would not fit in memory.
    const auto nameOf = [](size_t index) { return std::to_string(index); };
    const auto inLine = [&](const Error& error, size_t index) {
        return error.during("line " + std::to_string(index + 1) + " of " + options.input);
    };
    std::vector<core::SafetensorsWriter::Tensor> tensors;
    for (size_t i = 0; i < lines->size(); ++i) {
        const Result<engine::PreparedPrompt> prompt = prepare((*lines)[i], options, *model);
        if (!prompt)
            return inLine(prompt.error(), i);
        if (const Result<void> checked =
                engine::checkPrompt(model->model.config, prompt->ids, prompt->pictures.size());
            !checked)
            return inLine(checked.error(), i);
        const auto T = static_cast<int64_t>(prompt->ids.size());
        if (T == 0 || T > model->model.config.text.maxPositions)
            return inLine(
                {ErrorCode::InvalidInput, "it has " + std::to_string(T) + " tokens; the model reads 1 to " +
                                              std::to_string(model->model.config.text.maxPositions)},
                i);
        tensors.push_back({nameOf(i), core::DType::F32, {T, model->model.config.text.vocabSize}});
        tensors.push_back({nameOf(i) + ".ids", core::DType::I64, {T}});
    }

    Result<core::SafetensorsWriter> writer = core::SafetensorsWriter::create(options.output, tensors);
    if (!writer)
        return writer.error();
    for (size_t i = 0; i < lines->size(); ++i) {
        const Result<engine::PreparedPrompt> prompt = prepare((*lines)[i], options, *model);
        if (!prompt)
            return inLine(prompt.error(), i);
        if (const Result<void> done =
                writer->append(nameOf(i) + ".ids", bytesOf(prompt->ids.data(), prompt->ids.size()));
            !done)
            return done.error();
        if (const Result<void> done = writeLogits(*model, *prompt, *writer, nameOf(i)); !done)
            return inLine(done.error(), i);
    }
    if (const Result<void> done = writer->finish(); !done)
        return done.error();
    return lines->size();
}

}  // namespace

void addScore(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "score",
        "Writes the model's logits for whole conversations: for line N of the input a tensor N, [tokens, "
        "vocabulary] in float32, and N.ids with the token ids.");
    const auto options = std::make_shared<Options>();
    addLoadOptions(*command, options->load);
    command
        ->add_option("--input", options->input,
                     "Lines of JSON: {\"messages\": [...]} or {\"tokens\": [...]}, the latter with "
                     "\"images\": [paths] for its image tokens. Paths are relative to this file")
        ->required();
    command->add_option("--out", options->output, "The .safetensors file to write")->required();
    command->add_flag("--no-generation-prompt", options->noGenerationPrompt,
                      "Do not open the model's turn after the user's last one");
    command->add_flag("--hf-specials", options->hfSpecials,
                      "Read control pieces in messages as Hugging Face does");
    command->add_flag("--pan-and-scan", options->panAndScan, "Show long pictures whole and as crops");
    command->add_flag("--json", options->json, "One line of JSON at the end");
    command->callback([options, &status] {
        const Result<size_t> numLines = score(*options);
        if (!numLines) {
            status = failed(numLines.error());
            return;
        }
        if (options->json)
            printJson({{"lines", *numLines}, {"out", options->output}});
        else
            std::cerr << *numLines << " lines scored into " << options->output << '\n';
        status = 0;
    });
}

}  // namespace facet::app
