#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/data/energon_writer.h"
#include "core/data/inspection.h"
#include "core/data/loss_mask.h"
#include "core/data/mock.h"
#include "core/data/sample_source.h"
#include "core/models/model_folder.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>

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
    std::string out;
    std::string splits = "train=1";
    uint64_t shardBytes = core::PrepareOptions().shardBytes;
    uint64_t seed = core::PrepareOptions().seed;
    int64_t rows = 3;
    int64_t length = 0;
    bool skipBad = false;
    bool everything = false;
    bool pictures = false;
    bool anew = false;
    bool json = false;
};

core::Result<core::SampleText> openText(const core::ResolvedModel& model)
{
    core::Result<core::Tokenizer> tokenizer = core::Tokenizer::open(model.path);
    if (!tokenizer)
        return tokenizer.error();
    core::Result<core::ChatTemplate> chatTemplate = core::ChatTemplate::open(model.path);
    if (!chatTemplate)
        return chatTemplate.error();
    core::Result<core::gemma3::Config> config = core::readModelConfig(model.path, model.textOnly);
    if (!config)
        return config.error();
    return core::SampleText{*std::move(tokenizer), *std::move(chatTemplate), *std::move(config)};
}

volatile std::sig_atomic_t s_interrupted = 0;

core::Progress progressOf(const char* what)
{
    return [what](int64_t done, int64_t all) {
        showPercent(what, done, all);
        return s_interrupted == 0;
    };
}

core::Result<core::SampleSource> openSource(const std::string& path, const Options& options)
{
    core::SourceOptions open;
    open.file.imageRoot = options.imageRoot;
    if (options.format != "auto")
        open.file.format = core::rowFormat(options.format);
    open.energon.split = options.split;
    for (const std::string& field : options.fields) {
        const size_t equals = field.find('=');
        if (equals == std::string::npos || equals == 0)
            return core::Error{core::ErrorCode::InvalidInput,
                               core::inQuotes(field) + " is no field such as context=json[question]"};
        open.energon.fieldMap[field.substr(0, equals)] = field.substr(equals + 1);
    }
    return core::SampleSource::open(path, open, progressOf("unpacking"));
}

/// Opens and, where that is needed, indexes.
core::Result<core::SampleSource> openIndexed(const std::string& path, const Options& options)
{
    core::Result<core::SampleSource> source = openSource(path, options);
    if (!source)
        return source;
    if (const core::Result<void> done = source->buildIndex(progressOf("indexing")); !done)
        return done.error();
    return source;
}

ordered_json asJson(const std::string& path, const core::Inspection& counts)
{
    ordered_json json = {{"path", path},
                         {"format", counts.format},
                         {"rows", counts.good},
                         {"bad_rows", counts.bad},
                         {"pictures", counts.pictures},
                         {"missing_pictures", counts.missingPictures}};
    if (counts.longest > 0) {
        json["tokens"] = counts.tokens;
        json["tokens_in_loss"] = counts.inLoss;
        json["length"] = {{"least", counts.shortest}, {"median", counts.median}, {"most", counts.longest}};
        json["useless_rows"] = counts.useless;
    }
    json["problems"] = counts.problems;
    return json;
}

void print(const std::string& path, const core::Inspection& counts, const Options& options)
{
    std::cout << path << ": " << counts.format << ", " << counts.good << " rows";
    if (counts.bad > 0)
        std::cout << ", " << counts.bad << " bad ones left out";
    if (counts.pictures > 0)
        std::cout << ", " << counts.pictures << " pictures, " << counts.missingPictures << " of them missing";
    std::cout << '\n';
    if (counts.longest > 0)
        std::cout << "  " << inThousands(static_cast<double>(counts.tokens)) << " tokens, "
                  << inThousands(static_cast<double>(counts.inLoss)) << " in the loss; a row has "
                  << counts.shortest << " to " << counts.longest << ", the middle one " << counts.median
                  << '\n';
    if (counts.useless > 0)
        std::cout << "  " << counts.useless << " rows have nothing in the loss once they are cut to "
                  << options.length << " tokens\n";
    std::cout.flush();
    for (const std::string& problem : counts.problems)
        std::cerr << problem << '\n';
}

/// Everything that an inspection depends on but files.
std::string settingsOf(const Options& options, const core::ResolvedModel& model)
{
    return ordered_json{
        {"format", options.format},     {"image_root", options.imageRoot}, {"split", options.split},
        {"fields", options.fields},     {"skip_bad", options.skipBad},     {"everything", options.everything},
        {"pictures", options.pictures}, {"length", options.length},        {"text_only", model.textOnly}}
        .dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// Reads a source, unless that was done before and nothing has changed since.
core::Result<core::Inspection> inspectionOf(const std::string& path, const core::ResolvedModel& model,
                                            std::optional<core::SampleText>& text, const Options& options)
{
    if (path == "mock:text" || path == "mock:vision")
        return core::Error{core::ErrorCode::InvalidInput,
                           path +
                               " is made up without end, so there is nothing to count; data preview shows "
                               "some of it"};
    const auto began = std::filesystem::file_time_type::clock::now();
    const core::Result<std::string> key = core::inspectionKey(path, model.path, settingsOf(options, model));
    if (key && !options.anew)
        if (std::optional<core::Inspection> kept = core::keptInspection(*key)) {
            std::cerr << "note: " << path
                      << " and all it was read with are as they were: this is what was counted then "
                         "(--anew reads again)\n";
            return *std::move(kept);
        }
    if (!text && !model.path.empty()) {
        core::Result<core::SampleText> opened = openText(model);
        if (!opened)
            return opened.error();
        text = *std::move(opened);
    }
    const core::Result<core::SampleSource> samples = openIndexed(path, options);
    if (!samples)
        return samples.error();
    core::Result<core::Inspection> counted = core::inspectSamples(
        *samples, text ? &*text : nullptr,
        {options.skipBad, options.everything, options.pictures, options.length}, progressOf("reading rows"));
    if (!counted && counted.error().code != core::ErrorCode::Cancelled)
        return core::Error{
            core::ErrorCode::InvalidInput,
            counted.error().message + (options.skipBad ? "" : " (--skip-bad counts such rows and goes on)")};
    if (counted && key)
        core::keepInspection(*key, *counted, began);
    return counted;
}

int inspect(const Options& options)
{
    core::ResolvedModel model;
    if (!options.model.empty()) {
        core::Result<core::ResolvedModel> found = findModel(options.model);
        if (!found)
            return failed(found.error());
        model = *std::move(found);
    }
    std::optional<core::SampleText> text;
    for (const std::string& path : options.paths) {
        const core::Result<core::Inspection> counts = inspectionOf(path, model, text, options);
        if (!counts)
            return failed(counts.error());
        if (options.json)
            printJson(asJson(path, *counts));
        else
            print(path, *counts, options);
    }
    return 0;
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

void printSample(const core::TokenizedSample& sample, const core::SampleText& model, const Options& options)
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
    const core::Result<core::ResolvedModel> found = findModel(options.model);
    if (!found)
        return failed(found.error());
    const core::Result<core::SampleText> model = openText(*found);
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
        const core::Result<core::SampleSource> source = openSource(path, options);
        if (!source)
            return failed(source.error());
        for (const core::Result<core::DataSample>& sample : source->head(static_cast<size_t>(options.rows))) {
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

/// "train=0.9,val=0.1"
core::Result<std::vector<std::pair<std::string, double>>> splitsOf(const std::string& text)
{
    std::vector<std::pair<std::string, double>> splits;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
        const size_t equals = part.find('=');
        double share = 0;
        const char* const end = part.data() + part.size();
        if (equals == std::string::npos || std::from_chars(part.data() + equals + 1, end, share).ptr != end)
            return core::Error{core::ErrorCode::InvalidInput,
                               core::inQuotes(part) + " is no split and its share, such as val=0.1"};
        splits.emplace_back(part.substr(0, equals), share);
    }
    return splits;
}

int prepare(const Options& options)
{
    core::PrepareOptions wanted;
    wanted.shardBytes = options.shardBytes;
    wanted.seed = options.seed;
    wanted.skipBad = options.skipBad;
    core::Result<std::vector<std::pair<std::string, double>>> splits = splitsOf(options.splits);
    if (!splits)
        return failed(splits.error());
    wanted.splits = *std::move(splits);
    std::signal(SIGINT, [](int) { s_interrupted = 1; });
    std::signal(SIGTERM, [](int) { s_interrupted = 1; });
    const core::Result<core::SampleSource> source = openIndexed(options.paths.front(), options);
    if (!source)
        return failed(source.error());
    const core::Result<core::PreparedFolder> folder =
        core::prepareEnergonFolder(*source, options.out, wanted, progressOf("preparing"));
    if (!folder)
        return failed(folder.error());
    if (options.json) {
        ordered_json counts = ordered_json::object();
        for (const auto& [split, count] : folder->samplesOf)
            counts[split] = count;
        printJson({{"folder", options.out},
                   {"sample_type", folder->sampleType},
                   {"samples", counts},
                   {"shards", folder->numShards},
                   {"bytes", folder->numBytes},
                   {"bad_rows", folder->numSkipped}});
    } else {
        std::cout << options.out << ": energon " << folder->sampleType;
        for (const auto& [split, count] : folder->samplesOf)
            std::cout << ", " << split << ' ' << count;
        std::cout << ", " << folder->numShards << " tar files of " << inBytes(double(folder->numBytes));
        if (folder->numSkipped > 0)
            std::cout << ", " << folder->numSkipped << " bad rows left out";
        std::cout << '\n';
    }
    std::cout.flush();
    for (const std::string& problem : folder->problems)
        std::cerr << problem << '\n';
    return 0;
}

/// Options that say how a source is read.
void addReading(CLI::App& command, Options& options, const char* splitOption)
{
    command.add_option("--format", options.format, "What the rows are; auto looks at them")
        ->check(CLI::IsMember(
            {"auto", "chat", "sharegpt", "llava", "alpaca", "prompt_completion", "input_output", "text"}));
    command.add_option("--image-root", options.imageRoot,
                       "Where relative picture paths start; default: the file's folder");
    command.add_option(splitOption, options.split, "Split of an Energon folder; default: train");
    command.add_option("--field", options.fields,
                       "Field of a crude Energon folder, such as context=json[question]; may be repeated");
    command.add_flag("--skip-bad", options.skipBad, "Count rows that cannot be read, and go on");
    command.add_flag("--json", options.json, "A line of JSON for each file or sample");
}

void addOptions(CLI::App& command, Options& options)
{
    command
        .add_option("PATH", options.paths,
                    "Files (JSON lines, JSON, .txt, also .gz and .zst) or Energon folders")
        ->required();
    addReading(command, options, "--split");
    command.add_option("--sequence-length", options.length, "Cut samples to this many tokens")
        ->check(CLI::NonNegativeNumber);
    command.add_flag("--train-on-all", options.everything, "Prompts count in the loss, too");
}

void addPrepare(CLI::App& data, int& status)
{
    auto* command = data.add_subcommand(
        "prepare", "Writes a file or folder as an Energon folder: tar files with an index and splits.");
    const auto options = std::make_shared<Options>();
    command
        ->add_option("SOURCE", options->paths, "A file (JSON lines, JSON, .txt, also .gz and .zst) or folder")
        ->required()
        ->expected(1);
    command->add_option("--out", options->out, "The folder to make")->required();
    command
        ->add_option("--shard-size", options->shardBytes, "Bytes after which a tar file ends, such as 500M")
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::PositiveNumber)
        ->default_str("256M");
    command->add_option("--split", options->splits, "Splits and their shares, such as train=0.9,val=0.1")
        ->capture_default_str();
    command->add_option("--seed", options->seed, "Which rows go into which split")->capture_default_str();
    addReading(*command, *options, "--source-split");
    command->callback([options, &status] { status = prepare(*options); });
}

}  // namespace

void addData(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand("data", "Looks at training data, and prepares it for energon.");
    command->require_subcommand(1);

    auto* inspecting = command->add_subcommand(
        "inspect", "Reads every row and says what the files hold, and what is wrong with them.");
    const auto inspectOptions = std::make_shared<Options>();
    addOptions(*inspecting, *inspectOptions);
    inspecting->add_option("--model,-m", inspectOptions->model, "Count tokens as this model reads them");
    inspecting->add_flag("--pictures", inspectOptions->pictures,
                         "Decode every picture, too; one that cannot be is a bad row");
    inspecting->add_flag("--anew", inspectOptions->anew,
                         "Read again, also where nothing has changed since the last time");
    inspecting->callback([inspectOptions, &status] { status = inspect(*inspectOptions); });

    addPrepare(*command, status);

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
