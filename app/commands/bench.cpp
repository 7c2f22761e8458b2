#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "engine/gemma3/random_model.h"
#include "engine/generate/speed.h"
#include "engine/guard.h"
#include "engine/machine_limits.h"
#include "jobs/model_shape.h"

#include <algorithm>
#include <cstdio>

namespace facet::app {
namespace {

struct Options {
    LoadOptions load;
    std::string shape;
    int64_t sequences = 1;
    int64_t promptTokens = 128;
    int64_t tokens = 128;
    int64_t repeats = 3;
    bool json = false;
};

double best(const std::vector<double>& values)
{
    return *std::ranges::max_element(values);
}

double least(const std::vector<double>& values)
{
    return *std::ranges::min_element(values);
}

/// A model from the library, or one of a public shape with random weights.
core::Result<engine::gemma3::Model> modelOf(const Options& options)
{
    if (options.shape.empty()) {
        core::Result<engine::LoadedModel> loaded = load(options.load);
        if (!loaded)
            return loaded.error();
        return std::move(loaded->model);
    }
    const std::optional<core::gemma3::Config> config = jobs::publicShape(options.shape);
    if (!config)
        return core::Error{
            core::ErrorCode::InvalidInput,
            options.shape + " is no shape that is known: one of gemma-3-270m, -1b, -4b, -12b, -27b"};
    const core::Result<engine::gemma3::Placement> placement = placementOf(options.load);
    if (!placement)
        return placement.error();
    return engine::guarded([&] { return engine::gemma3::randomModel(*config, *placement, /*seed=*/1); });
}

int bench(const Options& options)
{
    const core::Result<engine::gemma3::Model> model = modelOf(options);
    if (!model)
        return failed(model.error());
    const at::Device device = model->weights.device();
    const core::Result<engine::TextSpeeds> speeds = engine::guarded([&] {
        return engine::measureText(*model, options.promptTokens, options.tokens, options.sequences,
                                   options.repeats);
    });
    if (!speeds)
        return failed(speeds.error());
    engine::PictureTimes picture;
    if (model->weights.vision) {
        const core::Result<engine::PictureTimes> times =
            engine::guarded([&] { return engine::measurePicture(*model, options.repeats); });
        if (!times)
            return failed(times.error());
        picture = *times;
    }
    const core::Result<engine::MachineLimits> limits =
        engine::guarded([&] { return engine::measureLimits(device, model->weights.type()); });
    if (!limits)
        return failed(limits.error());

    const engine::Work decode = engine::workOfToken(*model), prefill = engine::workOfPrompt(*model);
    const double decodeLimit = double(options.sequences) * limits->bytesPerSecond / decode.bytes;
    const double prefillLimit = limits->flopsPerSecond / prefill.flops;
    if (options.json) {
        printJson({{"model", options.shape.empty() ? options.load.model : options.shape},
                   {"device", device.str()},
                   {"weights", nameOf(model->weightFormat)},
                   {"sequences", options.sequences},
                   {"prompt_tokens", options.promptTokens},
                   {"tokens", options.tokens},
                   {"decode_tokens_per_second", speeds->decode},
                   {"prefill_tokens_per_second", speeds->prefill},
                   {"bytes_per_token", decode.bytes},
                   {"flops_per_prompt_token", prefill.flops},
                   {"read_bytes_per_second", limits->bytesPerSecond},
                   {"flops_per_second", limits->flopsPerSecond},
                   {"decode_limit", decodeLimit},
                   {"prefill_limit", prefillLimit},
                   {"picture_seconds", picture.tower},
                   {"first_token_seconds", picture.firstToken}});
        return 0;
    }
    std::printf("%s, %s weights: reads %.1f GB/s, multiplies %.0f GFLOP/s\n", device.str().c_str(),
                std::string(nameOf(model->weightFormat)).c_str(), limits->bytesPerSecond / 1e9,
                limits->flopsPerSecond / 1e9);
    std::printf("decode  %8.1f tokens/s, %5.1f %% of the limit %.1f\n", best(speeds->decode),
                100 * best(speeds->decode) / decodeLimit, decodeLimit);
    std::printf("prefill %8.1f tokens/s, %5.1f %% of the limit %.1f\n", best(speeds->prefill),
                100 * best(speeds->prefill) / prefillLimit, prefillLimit);
    if (!picture.tower.empty())
        std::printf("picture %8.1f ms; first token after it and 34 tokens %.1f ms\n",
                    1e3 * least(picture.tower), 1e3 * least(picture.firstToken));
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
    addLoadOptions(*command, options->load, /*modelIsRequired=*/false);
    command->add_option(
        "--shape", options->shape,
        "Instead of --model: random weights in the shape of gemma-3-270m, -1b, -4b, -12b or -27b");
    command
        ->add_option("--sequences", options->sequences,
                     "Answers that are written at once; their tokens add up")
        ->check(CLI::Range(int64_t{1}, int64_t{64}))
        ->capture_default_str();
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
