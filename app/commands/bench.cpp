#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "engine/generate/generate.h"
#include "engine/guard.h"
#include "engine/machine_limits.h"

#include <algorithm>
#include <cstdio>
#include <random>

namespace facet::app {
namespace {

struct Options {
    LoadOptions load;
    int64_t promptTokens = 128;
    int64_t tokens = 128;
    int64_t repeats = 3;
    bool json = false;
};

/// Ids of no special pieces; what they say does not matter for speed.
std::vector<int64_t> somePrompt(int64_t size, int64_t vocabSize)
{
    std::mt19937 random(1);
    std::vector<int64_t> ids = {2};
    while (static_cast<int64_t>(ids.size()) < size)
        ids.push_back(std::min<int64_t>(vocabSize - 1, 1000 + static_cast<int64_t>(random() % 100'000)));
    return ids;
}

struct Speeds {
    std::vector<double> prefill, decode;  ///< tokens a second, of each repeat

    static double best(const std::vector<double>& values) { return *std::ranges::max_element(values); }
};

core::Result<Speeds> measure(const Options& options, const engine::LoadedModel& model)
{
    engine::GenerateRequest request;
    request.prompt = somePrompt(options.promptTokens, model.model.config.text.vocabSize);
    request.maxTokens = options.tokens + 1;
    Speeds speeds;
    for (int64_t i = 0; i <= options.repeats; ++i) {  // the first one warms up
        const core::Result<engine::GenerateResult> result =
            engine::generate(model.model, *model.tokenizer, request);
        if (!result)
            return result.error();
        if (i == 0)
            continue;
        speeds.prefill.push_back(double(options.promptTokens) / result->secondsOfPrefill);
        speeds.decode.push_back(double(options.tokens) / result->secondsOfDecode);
    }
    return speeds;
}

int bench(const Options& options)
{
    const core::Result<engine::LoadedModel> model = load(options.load);
    if (!model)
        return failed(model.error());
    if (!model->tokenizer)
        return failed(model->tokenizer.error());
    const core::Result<Speeds> speeds = measure(options, *model);
    if (!speeds)
        return failed(speeds.error());
    const core::Result<engine::MachineLimits> limits =
        engine::guarded([&] { return engine::measureLimits(model->device(), model->type()); });
    if (!limits)
        return failed(limits.error());

    const engine::Work decode = engine::workOfToken(model->model),
                       prefill = engine::workOfPrompt(model->model);
    const double decodeLimit = limits->bytesPerSecond / decode.bytes;
    const double prefillLimit = limits->flopsPerSecond / prefill.flops;
    if (options.json) {
        printJson({{"model", options.load.model},
                   {"device", model->device().str()},
                   {"weights", nameOf(model->weightFormat())},
                   {"prompt_tokens", options.promptTokens},
                   {"tokens", options.tokens},
                   {"decode_tokens_per_second", speeds->decode},
                   {"prefill_tokens_per_second", speeds->prefill},
                   {"bytes_per_token", decode.bytes},
                   {"flops_per_prompt_token", prefill.flops},
                   {"read_bytes_per_second", limits->bytesPerSecond},
                   {"flops_per_second", limits->flopsPerSecond},
                   {"decode_limit", decodeLimit},
                   {"prefill_limit", prefillLimit}});
        return 0;
    }
    std::printf("%s, reads %.1f GB/s, multiplies %.0f GFLOP/s\n", describe(*model).c_str(),
                limits->bytesPerSecond / 1e9, limits->flopsPerSecond / 1e9);
    std::printf("decode  %8.1f tokens/s, %5.1f %% of the limit %.1f\n", Speeds::best(speeds->decode),
                100 * Speeds::best(speeds->decode) / decodeLimit, decodeLimit);
    std::printf("prefill %8.1f tokens/s, %5.1f %% of the limit %.1f\n", Speeds::best(speeds->prefill),
                100 * Speeds::best(speeds->prefill) / prefillLimit, prefillLimit);
    return 0;
}

}  // namespace

void addBench(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "bench",
        "Measures how fast a model reads a prompt and writes an answer here, as a share of what this "
        "machine's memory "
        "and arithmetic allow. (./dev bench of the source tree puts other programs beside it.)");
    const auto options = std::make_shared<Options>();
    addLoadOptions(*command, options->load);
    command->add_option("--prompt-tokens", options->promptTokens, "Tokens of the prompt")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
        ->capture_default_str();
    command->add_option("--tokens", options->tokens, "Tokens of the answer")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
        ->capture_default_str();
    command->add_option("--repeats", options->repeats, "Runs after the one that warms up; the best counts")
        ->check(CLI::Range(int64_t{1}, int64_t{1000}))
        ->capture_default_str();
    command->add_flag("--json", options->json, "One line of JSON, with every run");
    command->callback([options, &status] { status = bench(*options); });
}

}  // namespace facet::app
