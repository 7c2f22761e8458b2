#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/data/dataset.h"
#include "core/data/energon_folder.h"
#include "core/data/loss_mask.h"
#include "core/data/mock.h"
#include "core/models/model_folder.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>

namespace facet::app {
namespace {

using nlohmann::ordered_json;

struct Options {
    std::vector<std::string> paths;
    std::string model;
    std::string format = "auto";
    std::string imageRoot;
    std::string split = "train";
    std::vector<std::string> fields;  ///< "image=jpg"
    int64_t rows = 3;
    int64_t length = 0;
    bool skipBad = false;
    bool everything = false;
    bool json = false;
};

/// What turns samples into tokens.
struct ModelText {
    core::Tokenizer tokenizer;
    core::ChatTemplate chatTemplate;
    core::gemma3::Config config;
};

core::Result<ModelText> openModelText(const std::string& model)
{
    const core::Result<core::ResolvedModel> where = findModel(model);
    if (!where)
        return where.error();
    core::Result<core::Tokenizer> tokenizer = core::Tokenizer::open(where->path);
    if (!tokenizer)
        return tokenizer.error();
    core::Result<core::ChatTemplate> chatTemplate = core::ChatTemplate::open(where->path);
    if (!chatTemplate)
        return chatTemplate.error();
    core::Result<core::gemma3::Config> config = core::readModelConfig(where->path, where->textOnly);
    if (!config)
        return config.error();
    return ModelText{*std::move(tokenizer), *std::move(chatTemplate), *std::move(config)};
}

core::Progress progressOf(const char* what)
{
    return [what](int64_t done, int64_t all) {
        static const bool isTerminal = ::isatty(STDERR_FILENO) == 1;
        if (isTerminal && all > 0)
            std::cerr << (done < all
                              ? "\r" + std::string(what) + " " + std::to_string(100 * done / all) + " % "
                              : "\r                          \r");
        return true;
    };
}

core::Result<core::Dataset> openData(const std::string& path, const Options& options)
{
    core::DatasetOptions open;
    open.imageRoot = options.imageRoot;
    if (options.format != "auto")
        open.format = core::rowFormat(options.format);
    return core::Dataset::open(path, open, progressOf("unpacking"));
}

/// Counts over the rows of one file.
struct Counts {
    int64_t good = 0;
    int64_t bad = 0;
    int64_t pictures = 0;
    int64_t missingPictures = 0;
    int64_t tokens = 0;
    int64_t inLoss = 0;
    int64_t useless = 0;  ///< nothing counts in the loss once it is cut
    std::vector<int64_t> lengths;
    std::vector<std::string> problems;  ///< the first few

    void problem(const std::string& text)
    {
        constexpr size_t kShown = 5;
        if (problems.size() < kShown)
            problems.push_back(text);
    }
};

std::vector<std::string> picturesOf(const core::DataSample& sample)
{
    std::vector<std::string> sources;
    for (const core::Message& message : sample.messages)
        for (const core::ContentPart& part : message.content)
            if (const auto* image = std::get_if<core::ImagePart>(&part))
                sources.push_back(image->source);
    return sources;
}

void countPictures(const core::DataSample& sample, const std::function<std::string()>& place, Counts& counts)
{
    for (const std::string& source : picturesOf(sample)) {
        ++counts.pictures;
        std::error_code ignored;
        if (source.find("://") == std::string::npos && !source.starts_with("data:") &&
            !source.starts_with("tar:") && !std::filesystem::exists(source, ignored)) {
            ++counts.missingPictures;
            counts.problem(place() + ": the picture " + source +
                           " does not exist; check the path, or give --image-root");
        }
    }
}

/// Samples by number, from a file or an Energon folder.
struct Samples {
    std::string path;
    std::string format;
    int64_t count = 0;
    std::function<core::Result<core::DataSample>(int64_t)> sample;
    std::function<std::string(int64_t)> placeOf;
};

core::Result<core::EnergonFolder> openEnergon(const std::string& path, const Options& options)
{
    core::EnergonOptions open;
    open.split = options.split;
    for (const std::string& field : options.fields) {
        const size_t equals = field.find('=');
        if (equals == std::string::npos || equals == 0)
            return core::Error{core::ErrorCode::InvalidInput,
                               core::inQuotes(field) + " is no field such as context=json[question]"};
        open.fieldMap[field.substr(0, equals)] = field.substr(equals + 1);
    }
    return core::EnergonFolder::open(path, open);
}

core::Result<Samples> openSamples(const std::string& path, const Options& options)
{
    if (core::EnergonFolder::isOne(path)) {
        core::Result<core::EnergonFolder> opened = openEnergon(path, options);
        if (!opened)
            return opened.error();
        const auto folder = std::make_shared<core::EnergonFolder>(*std::move(opened));
        return Samples{path, "energon " + folder->sampleType(), folder->numSamples(),
                       [folder](int64_t i) { return folder->sample(i); },
                       [folder, path](int64_t i) { return path + " sample " + folder->keyOf(i); }};
    }
    core::Result<core::Dataset> opened = openData(path, options);
    if (!opened)
        return opened.error();
    const auto data = std::make_shared<core::Dataset>(*std::move(opened));
    if (!data->rows().isIndexed())
        if (const core::Result<void> done = data->rows().buildIndex(progressOf("indexing")); !done)
            return done.error();
    return Samples{path, std::string(core::nameOf(data->format())), data->rows().numRows(),
                   [data](int64_t i) { return data->sample(i); },
                   [data](int64_t i) { return data->rows().placeOf(data->rows().row(i)); }};
}

/// Reads every sample. Without --skip-bad the first bad one is the error.
core::Result<Counts> countSamples(const Samples& samples, const ModelText* model, const Options& options)
{
    Counts counts;
    for (int64_t i = 0; i < samples.count; ++i) {
        const core::Result<core::DataSample> sample = samples.sample(i);
        core::Result<core::TokenizedSample> tokens = core::TokenizedSample();
        if (sample && model)
            tokens = core::tokenizeSample(*sample, model->tokenizer, model->chatTemplate, model->config,
                                          {options.everything});
        if (!sample || !tokens) {
            const std::string message =
                sample ? samples.placeOf(i) + ": " + tokens.error().message : sample.error().message;
            if (!options.skipBad)
                return core::Error{core::ErrorCode::InvalidInput,
                                   message + " (--skip-bad counts such rows and goes on)"};
            ++counts.bad;
            counts.problem(message);
            continue;
        }
        ++counts.good;
        countPictures(
            *sample, [&] { return samples.placeOf(i); }, counts);
        if (!model)
            continue;
        counts.lengths.push_back(std::ssize(tokens->ids));
        if (options.length > 0 && !core::truncate(*tokens, options.length))
            ++counts.useless;
        counts.tokens += std::ssize(tokens->ids);
        counts.inLoss += tokens->numInLoss();
    }
    std::ranges::sort(counts.lengths);
    return counts;
}

ordered_json asJson(const Samples& samples, const Counts& counts)
{
    ordered_json json = {{"path", samples.path},        {"format", samples.format},
                         {"rows", counts.good},         {"bad_rows", counts.bad},
                         {"pictures", counts.pictures}, {"missing_pictures", counts.missingPictures}};
    if (!counts.lengths.empty()) {
        json["tokens"] = counts.tokens;
        json["tokens_in_loss"] = counts.inLoss;
        json["length"] = {{"least", counts.lengths.front()},
                          {"median", counts.lengths[counts.lengths.size() / 2]},
                          {"most", counts.lengths.back()}};
        json["useless_rows"] = counts.useless;
    }
    json["problems"] = counts.problems;
    return json;
}

void print(const Samples& samples, const Counts& counts, const Options& options)
{
    std::cout << samples.path << ": " << samples.format << ", " << counts.good << " rows";
    if (counts.bad > 0)
        std::cout << ", " << counts.bad << " bad ones left out";
    if (counts.pictures > 0)
        std::cout << ", " << counts.pictures << " pictures, " << counts.missingPictures << " of them missing";
    std::cout << '\n';
    if (!counts.lengths.empty())
        std::cout << "  " << inThousands(static_cast<double>(counts.tokens)) << " tokens, "
                  << inThousands(static_cast<double>(counts.inLoss)) << " in the loss; a row has "
                  << counts.lengths.front() << " to " << counts.lengths.back() << ", the middle one "
                  << counts.lengths[counts.lengths.size() / 2] << '\n';
    if (counts.useless > 0)
        std::cout << "  " << counts.useless << " rows have nothing in the loss once they are cut to "
                  << options.length << " tokens\n";
    std::cout.flush();
    for (const std::string& problem : counts.problems)
        std::cerr << problem << '\n';
}

int inspect(const Options& options)
{
    std::optional<ModelText> model;
    if (!options.model.empty()) {
        core::Result<ModelText> opened = openModelText(options.model);
        if (!opened)
            return failed(opened.error());
        model = *std::move(opened);
    }
    for (const std::string& path : options.paths) {
        const core::Result<Samples> samples = openSamples(path, options);
        if (!samples)
            return failed(samples.error());
        const core::Result<Counts> counts = countSamples(*samples, model ? &*model : nullptr, options);
        if (!counts)
            return failed(counts.error());
        if (options.json)
            printJson(asJson(*samples, *counts));
        else
            print(*samples, *counts, options);
    }
    return 0;
}

/// The first samples of a file, before there is an index of it, or of an Energon folder.
core::Result<std::vector<core::Result<core::DataSample>>> firstSamples(const std::string& path,
                                                                       const Options& options)
{
    std::vector<core::Result<core::DataSample>> first;
    if (core::EnergonFolder::isOne(path)) {
        const core::Result<core::EnergonFolder> folder = openEnergon(path, options);
        if (!folder)
            return folder.error();
        for (int64_t i = 0; i < std::min(options.rows, folder->numSamples()); ++i)
            first.push_back(folder->sample(i));
        return first;
    }
    const core::Result<core::Dataset> data = openData(path, options);
    if (!data)
        return data.error();
    return data->head(static_cast<size_t>(options.rows));
}

/// A token as text, fit for a terminal: newlines and other control characters escaped.
std::string shownToken(const core::Tokenizer& tokenizer, int64_t id)
{
    std::string text = tokenizer.decode(std::span(&id, 1), false);
    std::string result;
    for (const char c : text) {
        if (c == '\n')
            result += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            result += '?';
        else
            result += c;
    }
    return result;
}

void printSample(const core::TokenizedSample& sample, const ModelText& model, const Options& options)
{
    if (options.json) {
        ordered_json pictures = ordered_json::array();
        for (const core::TokenizedSample::Picture& picture : sample.pictures)
            pictures.push_back({{"begin", picture.begin}, {"end", picture.end}, {"source", picture.source}});
        printJson({{"ids", sample.ids}, {"in_loss", sample.inLoss}, {"pictures", pictures}});
        return;
    }
    std::cout << sample.ids.size() << " tokens, " << sample.numInLoss() << " in the loss (in [brackets])\n";
    auto picture = sample.pictures.begin();
    bool isIn = false;
    for (size_t i = 0; i < sample.ids.size(); ++i) {
        const bool counts = sample.inLoss[i] != 0;
        if (counts != isIn)
            std::cout << (counts ? "[" : "]");
        isIn = counts;
        if (picture != sample.pictures.end() && static_cast<size_t>(picture->begin) == i) {
            std::cout << "{picture " << picture->source << ", tokens " << picture->begin << " to "
                      << picture->end - 1 << "}";
            i = static_cast<size_t>(picture->end) - 1;
            ++picture;
            continue;
        }
        std::cout << (i > 0 ? "|" : "") << shownToken(model.tokenizer, sample.ids[i]);
    }
    std::cout << (isIn ? "]\n" : "\n");
}

int preview(const Options& options)
{
    const core::Result<ModelText> model = openModelText(options.model);
    if (!model)
        return failed(model.error());
    if (model->chatTemplate.kind() == core::ChatTemplate::Kind::None)
        std::cerr << "note: this model has no chat template: a row is question, answer, <eos>\n";
    for (const std::string& path : options.paths) {
        if (path == "mock:text" || path == "mock:vision") {
            for (int64_t i = 0; i < options.rows; ++i)
                printSample(core::mockSample(static_cast<uint64_t>(i), 1234,
                                             options.length > 0 ? options.length : 512, path == "mock:vision",
                                             model->config),
                            *model, options);
            continue;
        }
        const core::Result<std::vector<core::Result<core::DataSample>>> first = firstSamples(path, options);
        if (!first)
            return failed(first.error());
        for (const core::Result<core::DataSample>& sample : *first) {
            if (!sample && options.skipBad)
                std::cerr << sample.error().message << '\n';
            if (!sample && options.skipBad)
                continue;
            core::Result<core::TokenizedSample> tokens =
                sample ? core::tokenizeSample(*sample, model->tokenizer, model->chatTemplate, model->config,
                                              {options.everything})
                       : core::Result<core::TokenizedSample>(sample.error());
            if (!tokens)
                return failed(tokens.error());
            if (options.length > 0)
                core::truncate(*tokens, options.length);
            printSample(*tokens, *model, options);
        }
    }
    return 0;
}

void addOptions(CLI::App& command, Options& options)
{
    command
        .add_option("PATH", options.paths,
                    "Files (JSON lines, JSON, .txt, also .gz and .zst) or Energon folders")
        ->required();
    command.add_option("--format", options.format, "What the rows are; auto looks at them")
        ->check(CLI::IsMember(
            {"auto", "chat", "sharegpt", "llava", "alpaca", "prompt_completion", "input_output", "text"}));
    command.add_option("--image-root", options.imageRoot,
                       "Where relative picture paths start; default: the file's folder");
    command.add_option("--sequence-length", options.length, "Cut samples to this many tokens")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--split", options.split, "Split of an Energon folder; default: train");
    command.add_option("--field", options.fields,
                       "Field of a crude Energon folder, such as context=json[question]; may be repeated");
    command.add_flag("--skip-bad", options.skipBad, "Count rows that cannot be read, and go on");
    command.add_flag("--train-on-all", options.everything, "Prompts count in the loss, too");
    command.add_flag("--json", options.json, "A line of JSON for each file or sample");
}

}  // namespace

void addData(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand("data", "Looks at training data.");
    command->require_subcommand(1);

    auto* inspecting = command->add_subcommand(
        "inspect", "Reads every row and says what the files hold, and what is wrong with them.");
    const auto inspectOptions = std::make_shared<Options>();
    addOptions(*inspecting, *inspectOptions);
    inspecting->add_option("--model,-m", inspectOptions->model, "Count tokens as this model reads them");
    inspecting->callback([inspectOptions, &status] { status = inspect(*inspectOptions); });

    auto* previewing = command->add_subcommand(
        "preview",
        "Shows the first samples as the model reads them: tokens, what counts in the loss, pictures.");
    const auto previewOptions = std::make_shared<Options>();
    addOptions(*previewing, *previewOptions);
    previewing->add_option("--model,-m", previewOptions->model, "Whose tokens and chat template")->required();
    previewing->add_option("--rows,-n", previewOptions->rows, "How many samples of each file")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}));
    previewing->callback([previewOptions, &status] { status = preview(*previewOptions); });
}

}  // namespace facet::app
