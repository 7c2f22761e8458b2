#include "engine/generate/generate.h"
#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "engine/generate/prompt.h"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <optional>
#include <random>

namespace facet::app {
namespace {

constexpr int kInterrupted = 130;  // what a shell expects of a program that Ctrl+C ended

volatile std::sig_atomic_t s_interrupted = 0;

struct Options {
    LoadOptions load;
    std::string prompt;
    std::string system;
    std::vector<std::string> images;
    int64_t maxTokens = 512;
    std::optional<double> temperature;
    std::optional<int64_t> topK;
    std::optional<double> topP;
    engine::SamplingOptions sampling;
    std::optional<uint64_t> seed;
    std::vector<std::string> stopStrings;
    bool raw = false;
    bool panAndScan = false;
    bool json = false;
};

/// What the command line says, else what the model's generation_config.json says, else the best token.
engine::SamplingOptions samplingOf(const Options& options, const core::GenerationConfig& model)
{
    const engine::SamplingOptions own = engine::samplingOf(model);
    engine::SamplingOptions sampling = options.sampling;
    sampling.temperature = options.temperature.value_or(own.temperature);
    sampling.topK = options.topK.value_or(own.topK);
    sampling.topP = options.topP.value_or(own.topP);
    sampling.seed = options.seed ? *options.seed : std::random_device()();
    return sampling;
}

core::Result<engine::PreparedPrompt> promptOf(const Options& options, const engine::LoadedModel& model)
{
    engine::PromptSettings settings;
    settings.panAndScan = options.panAndScan || model.preprocessing.panAndScan;
    const bool isBase = model.chatTemplate.kind() == core::ChatTemplate::Kind::None;
    if (options.raw || isBase) {
        if (!options.system.empty())
            return core::Error{
                core::ErrorCode::InvalidInput,
                isBase ? "this is a base model, which completes text and has no place for --system"
                       : "--system belongs to the chat template that --raw leaves out: drop one of them"};
        if (!options.raw)
            std::cerr << "note: a base model (it has no chat template): it completes the text\n";
        return engine::prepareCompletion(model, options.prompt, options.images, settings);
    }

    std::vector<core::Message> messages;
    if (!options.system.empty())
        messages.push_back({"system", {core::TextPart{options.system}}});
    core::Message user = {"user", {}};
    for (const std::string& image : options.images)
        user.content.emplace_back(core::ImagePart{image});
    user.content.emplace_back(core::TextPart{options.prompt});
    messages.push_back(user);
    return engine::prepareChat(model, messages, settings);
}

double rate(size_t count, double seconds)
{
    return seconds > 0 ? double(count) / seconds : 0;
}

void report(const Options& options, const engine::LoadedModel& model, const engine::GenerateRequest& request,
            const engine::GenerateResult& result)
{
    const double prefillRate = rate(request.prompt.size(), result.secondsOfPrefill);
    const double decodeRate = rate(result.ids.empty() ? 0 : result.ids.size() - 1, result.secondsOfDecode);
    if (options.json) {
        static constexpr const char* kFinish[] = {"stop", "length", "cancelled"};
        nlohmann::ordered_json json = {{"text", result.text},
                                       {"prompt_tokens", request.prompt.size()},
                                       {"completion_tokens", result.ids.size()},
                                       {"ids", result.ids},
                                       {"finish_reason", kFinish[static_cast<int>(result.finish)]},
                                       {"prefill_tokens_per_second", prefillRate},
                                       {"decode_tokens_per_second", decodeRate},
                                       {"time_to_first_token", result.secondsToFirstToken},
                                       {"seed", request.sampling.seed},
                                       {"device", model.device().str()}};
        if (request.sampling.numLogprobs >= 0) {
            json["logprobs"] = nlohmann::ordered_json::array();
            for (const engine::TokenLogprob& token : result.logprobs)
                json["logprobs"].push_back(
                    {{"id", token.id}, {"logprob", token.logprob}, {"top", token.top}});
        }
        printJson(json);
        return;
    }
    std::fprintf(stderr,
                 "%zu prompt tokens at %.0f/s, first token after %.2f s, %zu tokens at %.1f/s on %s\n",
                 request.prompt.size(), prefillRate, result.secondsToFirstToken, result.ids.size(),
                 decodeRate, describe(model).c_str());
}

int generate(const Options& options)
{
    const core::Result<engine::LoadedModel> model = load(options.load);
    if (!model)
        return failed(model.error());
    const core::Result<engine::PreparedPrompt> prompt = promptOf(options, *model);
    if (!prompt)
        return failed(prompt.error());

    engine::GenerateRequest request;
    request.prompt = prompt->ids;
    request.pictures = prompt->pictures;
    request.sampling = samplingOf(options, model->generation);
    request.maxTokens = options.maxTokens;
    request.stopIds = model->generation.eosTokenIds;
    request.stopStrings = options.stopStrings;
    std::signal(SIGINT, [](int) { s_interrupted = 1; });
    const core::Result<engine::GenerateResult> result =
        engine::generate(model->model, *model->tokenizer, request, [](const std::string& text) {
            std::cout << text << std::flush;
            return s_interrupted == 0;
        });
    if (!result)
        return failed(result.error());
    std::cout << '\n';
    report(options, *model, request, *result);
    return result->finish == engine::FinishReason::Cancelled ? kInterrupted : 0;
}

}  // namespace

void addGenerate(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "generate",
        "Answers a prompt, about pictures too: the text streams to stdout, its speed follows on stderr.");
    const auto options = std::make_shared<Options>();
    addLoadOptions(*command, options->load);
    command->add_option("--prompt,-p", options->prompt, "What to ask, or with --raw the text to go on with")
        ->required();
    command->add_option("--system", options->system, "Instructions put in front of the conversation");
    command->add_option("--image,-i", options->images,
                        "A picture to ask about (PNG, JPEG, WebP, GIF, BMP); may be repeated");
    command->add_option("--max-tokens", options->maxTokens, "The answer's length at most")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
        ->capture_default_str();
    command
        ->add_option("--temperature", options->temperature,
                     "0: always the best token; default: the model's own setting")
        ->check(CLI::Range(0.0, 100.0));
    command->add_option("--top-k", options->topK, "Only so many best tokens; 0: off")
        ->check(CLI::Range(int64_t{0}, int64_t{10'000'000}));
    command
        ->add_option("--top-p", options->topP,
                     "Only the best tokens that reach this probability together; 1: off")
        ->check(CLI::Range(0.0, 1.0));
    command
        ->add_option("--min-p", options->sampling.minP,
                     "Only tokens with this share of the best one's probability; 0: off")
        ->check(CLI::Range(0.0, 1.0));
    command
        ->add_option("--repetition-penalty", options->sampling.repetitionPenalty,
                     "Above 1: less of what was said; 1: off")
        ->check(CLI::Range(0.01, 100.0));
    command
        ->add_option("--presence-penalty", options->sampling.presencePenalty,
                     "As OpenAI's API has it; 0: off")
        ->check(CLI::Range(-100.0, 100.0));
    command
        ->add_option("--frequency-penalty", options->sampling.frequencyPenalty,
                     "As OpenAI's API has it; 0: off")
        ->check(CLI::Range(-100.0, 100.0));
    command->add_option("--seed", options->seed,
                        "The same seed gives the same answer; default: a new one each time");
    command->add_option("--stop", options->stopStrings, "Text that ends the answer; may be repeated");
    command
        ->add_option("--logprobs", options->sampling.numLogprobs,
                     "With --json: so many best tokens beside each chosen one")
        ->check(CLI::Range(int64_t{0}, int64_t{100}));
    command->add_flag("--raw", options->raw,
                      "Leave the chat template out: the model goes on with the prompt");
    command->add_flag("--pan-and-scan", options->panAndScan,
                      "Show long pictures whole and as crops (default: as the model's files say)");
    command->add_flag("--json", options->json, "End with one line of JSON: text, tokens, speeds");
    command->footer(
        "NVIDIA NeMo's three generation examples, and ours for the same:\n"
        "  python scripts/llm/gemma3_generate.py\n"
        "      facet-engine generate -m gemma-3-1b-it -p 'Who are you?' --max-tokens 10 --temperature 0\n"
        "  python scripts/vlm/gemma3vl_generate.py\n"
        "      facet-engine generate -m gemma-3-4b-it -i candy.jpg -p 'What animal is on the candy?'\n"
        "          --system 'You are a helpful assistant.' --max-tokens 20 --temperature 0\n"
        "  torchrun --nproc_per_node=2 scripts/llm/gemma3_generate.py  (text on several GPUs)\n"
        "      one GPU or the CPU so far: facet-engine generate -m gemma-3-12b-it -p '...'; models that "
        "need\n"
        "      several GPUs come with a later version\n");
    command->callback([options, &status] { status = generate(*options); });
}

}  // namespace facet::app
