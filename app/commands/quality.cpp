#include "engine/generate/quality.h"

#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "core/base/file.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace facet::app {
namespace {

using core::gemma3::WeightFormat;

constexpr int64_t kWindow = 512;             // tokens that are read at once
constexpr uint64_t kLongestText = 64 << 20;  // bytes

struct Options {
    LoadOptions load;
    std::vector<std::string> formats;
    std::string text;
    int64_t maxTokens = 2048;
    bool json = false;
};

struct Row {
    WeightFormat format = WeightFormat::Float32;
    int64_t bytes = 0;  ///< of all weights
    engine::Quality quality;
};

int64_t weightBytes(const engine::LoadedModel& model, WeightFormat format)
{
    return core::gemma3::estimateMemory(model.model.config, {format, 1, 1, model.type() == at::kFloat ? 4 : 2,
                                                             !model.device().is_cpu()})
        .weights;
}

bool showWindow(WeightFormat format, size_t done, size_t all)
{
    static const bool isTerminal = ::isatty(STDERR_FILENO) == 1;
    if (isTerminal)
        std::cerr << '\r' << nameOf(format) << ": window " << done << " of " << all
                  << (done < all ? "" : "\r\x1b[K") << std::flush;
    return true;
}

core::Result<std::vector<Row>> measure(const Options& options, const engine::LoadedModel& reference,
                                       const std::vector<std::vector<int64_t>>& windows)
{
    std::vector<Row> rows;
    for (const std::string& name : options.formats) {
        LoadOptions load = options.load;
        load.weights = name;
        const core::Result<engine::LoadedModel> model = app::load(load);
        if (!model)
            return model.error().during("beside the reference");
        const WeightFormat format = model->weightFormat();
        const core::Result<engine::Quality> quality =
            engine::compareModels(reference.model, model->model, windows,
                                  [&](size_t done) { return showWindow(format, done, windows.size()); });
        if (!quality)
            return quality.error();
        rows.push_back({format, weightBytes(*model, format), *quality});
    }
    return rows;
}

void print(const Options& options, const engine::LoadedModel& reference, const std::vector<Row>& rows)
{
    const engine::Quality& any = rows.front().quality;
    const WeightFormat ofReference = reference.weightFormat();
    const int64_t referenceBytes = weightBytes(reference, ofReference);
    if (options.json) {
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (const Row& row : rows)
            list.push_back({{"weights", nameOf(row.format)},
                            {"bytes", row.bytes},
                            {"perplexity", row.quality.perplexity},
                            {"kl_mean", row.quality.meanKl},
                            {"kl_99", row.quality.kl99},
                            {"same_best_token", row.quality.sameBest}});
        printJson({{"model", options.load.model},
                   {"device", reference.device().str()},
                   {"text", options.text},
                   {"tokens", any.numTokens},
                   {"reference",
                    {{"weights", nameOf(ofReference)},
                     {"bytes", referenceBytes},
                     {"perplexity", any.referencePerplexity}}},
                   {"formats", list}});
        return;
    }
    std::printf("%lld tokens of %s in windows of %lld, on %s\n\n", static_cast<long long>(any.numTokens),
                options.text.c_str(), static_cast<long long>(kWindow), describe(reference).c_str());
    std::printf("%-10s %9s %11s %10s %10s %10s\n", "weights", "size", "perplexity", "mean KL", "99 % KL",
                "same best");
    std::printf("%-10s %9s %11.3f %10s %10s %10s  (reference)\n", std::string(nameOf(ofReference)).c_str(),
                inBytes(double(referenceBytes)).c_str(), any.referencePerplexity, "", "", "");
    for (const Row& row : rows)
        std::printf("%-10s %9s %11.3f %10.5f %10.5f %8.1f %%\n", std::string(nameOf(row.format)).c_str(),
                    inBytes(double(row.bytes)).c_str(), row.quality.perplexity, row.quality.meanKl,
                    row.quality.kl99, 100 * row.quality.sameBest);
}

int quality(Options options)
{
    if (options.text.empty())
        options.text = (resourcesFolder() / "demo-data" / "quality.txt").string();
    const core::Result<std::string> text = core::readFile(options.text, kLongestText);
    if (!text)
        return failed(text.error());
    options.load.context = kWindow;
    const core::Result<engine::LoadedModel> reference = load(options.load);
    if (!reference)
        return failed(reference.error());
    if (!reference->tokenizer)
        return failed(reference->tokenizer.error());

    const core::Tokenizer& tokenizer = *reference->tokenizer;
    const std::vector<std::vector<int64_t>> windows = engine::windowsOf(
        tokenizer.encode(*text), tokenizer.idOf("<bos>").value_or(2), kWindow, options.maxTokens);
    const core::Result<std::vector<Row>> rows = measure(options, *reference, windows);
    if (!rows)
        return failed(rows.error());
    print(options, *reference, *rows);
    return 0;
}

}  // namespace

void addQuality(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "quality",
        "Measures what smaller weights cost: perplexity on a text, and how far predictions are from those of "
        "the "
        "weights as they lie in the checkpoint (mean Kullback-Leibler divergence, in nats).");
    const auto options = std::make_shared<Options>();
    options->formats = {"int8", "int4"};
    command
        ->add_option("MODEL", options->load.model,
                     "A library name, a folder, an id in the Hugging Face cache, or demo")
        ->required();
    command->add_option("--weights", options->formats, "What to measure; may be repeated")
        ->check(CLI::IsMember(core::gemma3::weightFormatNames()))
        ->capture_default_str();
    command->add_option("--text", options->text, "A file of plain text; default: one that comes with Facet");
    command->add_option("--tokens", options->maxTokens, "Of the text, so many at most")
        ->check(CLI::Range(int64_t{2}, int64_t{100'000'000}))
        ->capture_default_str();
    command->add_option("--device", options->load.device, "auto, cpu, cuda, cuda:1");
    command->add_option("--dtype", options->load.type, "Type of the arithmetic: float32, bfloat16 (GPU)")
        ->check(CLI::IsMember({"float32", "bfloat16"}));
    command->add_flag("--json", options->json, "One line of JSON");
    command->callback([options, &status] { status = quality(*options); });
}

}  // namespace facet::app
