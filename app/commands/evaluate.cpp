// facet-engine evaluate: what a model makes of rows that it was not trained on, before and after.

#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "core/base/text.h"
#include "engine/data/job_data.h"
#include "engine/train/evaluation.h"
#include "jobs/job/job_fields.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>

namespace facet::app {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;
using nlohmann::ordered_json;

constexpr int kInterrupted = 130;  // what a shell expects of a program that Ctrl+C ended

volatile std::sig_atomic_t s_interrupted = 0;

struct Options {
    LoadOptions load;
    jobs::DataSource source;
    std::string format = "auto";
    std::vector<std::string> fields;  ///< "image=jpg"
    double heldOut = 0;
    int64_t seed = 1234;
    int64_t length = 0;
    int64_t maxSamples = 0;
    int64_t numShown = 3;
    bool everything = false;
    bool skipBad = false;
    bool json = false;
};

/// The data as a job has them that validates on all rows, or on those that a fraction holds out.
Result<jobs::Job> jobOf(const Options& options, const core::gemma3::TextConfig& model)
{
    jobs::Job job;
    jobs::DataSource source = options.source;
    source.format = static_cast<jobs::SourceFormat>(std::ranges::find(jobs::kFormats, options.format) -
                                                    jobs::kFormats.begin());
    for (const std::string& field : options.fields) {
        const size_t equals = field.find('=');
        if (equals == std::string::npos || equals == 0)
            return Error{ErrorCode::InvalidInput,
                         core::inQuotes(field) + " is no field such as context=json[question]"};
        source.fieldMap[field.substr(0, equals)] = field.substr(equals + 1);
    }
    job.data.sources = {source};
    if (options.heldOut > 0)
        job.data.validationFraction = options.heldOut;
    else
        job.data.validationPath = source.path;
    job.data.validationSeed = options.seed;
    job.data.trainOn = options.everything ? jobs::TrainOn::All : jobs::TrainOn::Assistant;
    job.data.skipBad = options.skipBad;
    job.sequenceLength =
        std::min(options.length > 0 ? options.length : options.load.context, model.maxPositions);
    return job;
}

bool showRows(const char* what, int64_t done, int64_t all)
{
    static const bool isTerminal = ::isatty(STDERR_FILENO) == 1;
    if (isTerminal)
        std::cerr << '\r' << what << ": row " << done << " of " << all << (done < all ? "" : "\r\x1b[K")
                  << std::flush;
    return s_interrupted == 0;
}

/// One model's results, with the answers that are shown.
struct Results {
    const char* name = "";
    engine::gemma3::Model model;
    engine::Evaluation evaluation;
};

/// A sample that is shown, with its score by each of the models.
struct Shown {
    std::string place;
    std::string expected;
    std::vector<double> losses;
    std::vector<std::string> answers;
};

Result<Shown> shown(size_t index, const std::vector<Results>& all, engine::JobData& data,
                    const engine::LoadedModel& loaded)
{
    const int64_t number = all.front().evaluation.samples[index].number;
    Shown sample;
    sample.place = data.validationPlace(number);
    const Result<std::vector<engine::Pack>> pack = data.validation(number, 1);
    if (!pack)
        return pack.error();
    for (const Results& results : all) {
        sample.losses.push_back(results.evaluation.samples[index].meanLoss());
        if (!loaded.tokenizer || s_interrupted != 0)
            continue;
        const Result<engine::AnswerPair> answer = engine::answerOf(
            results.model, *loaded.tokenizer, pack->front().front(), loaded.generation.eosTokenIds);
        if (!answer)
            return answer.error().during(sample.place);
        sample.expected = answer->expected;
        sample.answers.push_back(answer->written);
    }
    return sample;
}

/// The numbers of the samples with the lowest loss, then of those with the highest, by the last of the
/// models.
std::pair<std::vector<size_t>, std::vector<size_t>> bestAndWorst(const engine::Evaluation& evaluation,
                                                                 int64_t count)
{
    std::vector<size_t> order(evaluation.samples.size());
    for (size_t index = 0; index < order.size(); ++index)
        order[index] = index;
    std::ranges::stable_sort(order, {}, [&](size_t index) { return evaluation.samples[index].meanLoss(); });
    const auto end = static_cast<ptrdiff_t>(std::min(order.size(), static_cast<size_t>(count)));
    return {{order.begin(), order.begin() + end}, {order.rbegin(), order.rbegin() + end}};
}

double share(const engine::Evaluation& evaluation)
{
    return evaluation.numAnswers > 0 ? double(evaluation.numExact) / double(evaluation.numAnswers) : 0;
}

ordered_json asJson(const std::vector<Shown>& samples, const std::vector<Results>& all)
{
    ordered_json list = ordered_json::array();
    for (const Shown& sample : samples) {
        ordered_json entry = {{"place", sample.place}, {"expected", sample.expected}};
        for (size_t i = 0; i < all.size(); ++i) {
            entry[all[i].name] = {{"loss", sample.losses[i]}};
            if (i < sample.answers.size())
                entry[all[i].name]["answer"] = sample.answers[i];
        }
        list.push_back(entry);
    }
    return list;
}

/// On one line, cut where a terminal would be flooded.
std::string inOneLine(const std::string& text)
{
    constexpr size_t kMost = 200;
    std::string line;
    for (const char c : text.substr(0, kMost))
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return line + (text.size() > kMost ? "..." : "");
}

void print(const char* title, const std::vector<Shown>& samples, const std::vector<Results>& all)
{
    if (samples.empty())
        return;
    std::printf("\n%s:\n", title);
    for (const Shown& sample : samples) {
        std::printf("  %s\n    %-9s%-10s%s\n", sample.place.c_str(), "expected", "",
                    inOneLine(sample.expected).c_str());
        for (size_t i = 0; i < all.size(); ++i)
            std::printf("    %-9s%-10.4f%s\n", all[i].name, sample.losses[i],
                        i < sample.answers.size() ? inOneLine(sample.answers[i]).c_str() : "");
    }
}

void print(const Options& options, const std::vector<Results>& all, int64_t numLeftOut,
           const std::vector<Shown>& best, const std::vector<Shown>& worst)
{
    const engine::Evaluation& any = all.front().evaluation;
    if (options.json) {
        ordered_json json = {{"model", options.load.model}, {"adapters", options.load.adapters},
                             {"data", options.source.path}, {"samples", any.samples.size()},
                             {"left_out", numLeftOut},      {"targets", any.numTargets},
                             {"answers", any.numAnswers}};
        for (const Results& results : all)
            json[results.name] = {{"loss", results.evaluation.loss},
                                  {"perplexity", results.evaluation.perplexity},
                                  {"exact", results.evaluation.numExact},
                                  {"exact_share", share(results.evaluation)}};
        json["worst"] = asJson(worst, all);
        json["best"] = asJson(best, all);
        printJson(json);
        return;
    }
    std::printf("%zu rows of %s, %lld tokens to predict in %lld answers", any.samples.size(),
                options.source.path.c_str(), static_cast<long long>(any.numTargets),
                static_cast<long long>(any.numAnswers));
    std::printf(numLeftOut > 0 ? "; %lld rows left out\n\n" : "\n\n", static_cast<long long>(numLeftOut));
    std::printf("%-9s%10s%14s%16s\n", "", "loss", "perplexity", "exact answers");
    for (const Results& results : all)
        std::printf("%-9s%10.4f%14.3f%8lld (%.1f %%)\n", results.name, results.evaluation.loss,
                    results.evaluation.perplexity, static_cast<long long>(results.evaluation.numExact),
                    100 * share(results.evaluation));
    print("Worst samples, by loss", worst, all);
    print("Best samples", best, all);
    std::fflush(stdout);
}

Result<void> evaluate(const Options& options)
{
    LoadOptions load = options.load;
    load.adapters.clear();
    Result<engine::LoadedModel> loaded = app::load(load);
    if (!loaded)
        return loaded.error();
    std::vector<Results> all = {{options.load.adapters.empty() ? "model" : "base", loaded->model, {}}};
    if (!options.load.adapters.empty()) {
        if (const Result<void> adapted = putOn(*loaded, options.load.adapters); !adapted)
            return adapted.error();
        all.push_back({"tuned", loaded->model, {}});
    }

    const Result<jobs::Job> job = jobOf(options, loaded->model.config.text);
    if (!job)
        return job.error();
    const engine::SampleReader reader = {loaded->tokenizer ? &*loaded->tokenizer : nullptr,
                                         &loaded->chatTemplate, loaded->model.config,
                                         loaded->preprocessing.imageSize};
    std::signal(SIGINT, [](int) { s_interrupted = 1; });
    const Result<std::unique_ptr<engine::JobData>> data = engine::JobData::open(
        *job, reader, [](const std::string& text) { std::cerr << text << '\n'; },
        [](int64_t, int64_t) { return s_interrupted == 0; });
    if (!data)
        return data.error();
    int64_t count = (*data)->numValidationPacks();
    if (options.maxSamples > 0)
        count = std::min(count, options.maxSamples);
    for (Results& results : all) {
        Result<engine::Evaluation> evaluation =
            engine::evaluate(results.model, **data, count,
                             [&](int64_t done, int64_t rows) { return showRows(results.name, done, rows); });
        if (!evaluation)
            return evaluation.error();
        results.evaluation = *std::move(evaluation);
    }

    std::vector<Shown> best, worst;
    const auto [lowest, highest] = bestAndWorst(all.back().evaluation, options.numShown);
    for (const auto& [indices, samples] : {std::pair(&lowest, &best), std::pair(&highest, &worst)})
        for (const size_t index : *indices) {
            Result<Shown> sample = shown(index, all, **data, *loaded);
            if (!sample)
                return sample.error();
            samples->push_back(*std::move(sample));
        }
    print(options, all, count - std::ssize(all.front().evaluation.samples), best, worst);
    return {};
}

}  // namespace

void addEvaluate(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "evaluate",
        "Measures a model on rows that it was not trained on: loss and perplexity over what it has to say, "
        "how many answers it writes to the letter, its best and worst rows. With adapters the base model is "
        "measured beside them.");
    const auto options = std::make_shared<Options>();
    command->add_option("MODEL", options->load.model,
                        "A library name, a folder, an id in the Hugging Face cache, or demo; or --model");
    addLoadOptions(*command, options->load, /*modelIsRequired=*/false);
    command
        ->add_option("--data,-d", options->source.path,
                     "The rows: a file (JSON lines, JSON, .txt, also .gz and .zst) or an Energon folder")
        ->required();
    command->add_option("--format", options->format, "What the rows are; auto looks at them")
        ->check(CLI::IsMember(std::vector<std::string>(jobs::kFormats.begin(), jobs::kFormats.end())));
    command->add_option("--image-root", options->source.imageRoot,
                        "Where relative picture paths start; default: the file's folder");
    command->add_option("--split", options->source.split, "Split of an Energon folder")
        ->capture_default_str();
    command->add_option("--field", options->fields,
                        "Field of a crude Energon folder, such as context=json[question]; may be repeated");
    command
        ->add_option("--held-out", options->heldOut,
                     "Only the rows that a job's data.validation.fraction holds out; 0: all")
        ->check(CLI::Range(0.0, 0.9));
    command->add_option("--seed", options->seed, "The job's data.validation.seed")->capture_default_str();
    command
        ->add_option("--sequence-length", options->length,
                     "Cut rows to this many tokens, as a job does; default: --context")
        ->check(CLI::Range(int64_t{8}, int64_t{1} << 20));
    command->add_option("--max-samples", options->maxSamples, "Take so many rows at most; 0: all")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--show,-n", options->numShown, "How many of the best and of the worst rows to show")
        ->check(CLI::Range(int64_t{0}, int64_t{1000}))
        ->capture_default_str();
    command->add_flag("--train-on-all", options->everything, "Prompts count in the loss, too");
    command->add_flag("--skip-bad", options->skipBad, "Leave out rows that cannot be read, and go on");
    command->add_flag("--json", options->json, "One line of JSON");
    command->callback([options, &status] {
        if (options->load.model.empty()) {
            status = failed({ErrorCode::InvalidInput, "evaluate needs a model: name one, such as demo"});
            return;
        }
        const Result<void> done = evaluate(*options);
        status = done ? 0 : failed(done.error());
        if (!done && done.error().code == ErrorCode::Cancelled)
            status = kInterrupted;
    });
}

}  // namespace facet::app
