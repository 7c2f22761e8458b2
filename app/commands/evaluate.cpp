// facet-engine evaluate: what a model makes of rows that it was not trained on, before and after.

#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/run/evaluation_report.h"
#include "engine/data/job_data.h"
#include "engine/train/evaluation.h"
#include "jobs/job/job_fields.h"
#include "jobs/job/job_json.h"
#include "jobs/job_rows.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>

namespace facet::app {
namespace {

using core::Error;
using core::ErrorCode;
using core::EvaluationReport;
using core::Result;

constexpr int kInterrupted = 130;  // what a shell expects of a program that Ctrl+C ended

volatile std::sig_atomic_t s_interrupted = 0;

struct Options {
    LoadOptions load;
    std::string run;
    int64_t step = 0;
    std::string out;
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

/// What is measured: one or two models, on rows as a job has them that validates on them.
struct Plan {
    LoadOptions load;        ///< of the first model, without adapters
    std::string tunedModel;  ///< a whole model to be measured beside it; "": none
    std::vector<std::string> adapters;
    int64_t step = 0;  ///< of the run's checkpoint; 0: no run
    std::optional<jobs::Job> job;
    std::string data;  ///< as the report names it
    bool isOwnData = false;
};

/// Lays the rows that --data names over the job's.
Result<void> takeRows(const Options& options, jobs::Job& job)
{
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
    job.data.validationSplit.clear();
    job.data.validationPath = options.heldOut > 0 ? "" : source.path;
    job.data.validationFraction = options.heldOut;
    job.data.validationSeed = options.seed;
    job.data.maxSamples = 0;
    return {};
}

/// Of which files the rows are that a job validates on; "" if there are none.
Result<std::string> ownRowsOf(const jobs::DataSettings& data)
{
    const Result<std::vector<jobs::DataSource>> others = jobs::validationSources(data);
    if (!others)
        return others.error();
    std::string names;
    const auto add = [&names](const jobs::DataSource& source) {
        names += (names.empty() ? "" : ", ") + source.path;
    };
    std::ranges::for_each(*others, add);
    if (data.validationFraction > 0)
        std::ranges::for_each(data.sources, add);
    return names;
}

/// A run's checkpoint beside the model that it was begun with, loaded as the run did, on the rows that it
/// validates on.
Result<Plan> planOfRun(const Options& options)
{
    if (!options.load.model.empty() || !options.load.adapters.empty())
        return Error{ErrorCode::InvalidInput,
                     "--run says which model and adapter are measured: leave out the others"};
    const core::RunFolder run = {options.run};
    if (std::error_code ignored; !std::filesystem::exists(run.job(), ignored))
        return Error{
            ErrorCode::NotFound,
            run.path.string() + " is no run's folder: it has no job.json; name one that train wrote"};
    const Result<jobs::Settings> settings = jobs::readJobFile(run.job());
    if (!settings)
        return settings.error();
    const Result<jobs::Job> job = jobs::jobFrom(*settings);
    if (!job)
        return job.error().during(run.job().string());
    const std::vector<int64_t> steps = run.savedSteps();
    if (steps.empty())
        return Error{ErrorCode::InvalidInput, options.run + " has no checkpoint yet"};
    Plan plan = {options.load, {}, {}, options.step > 0 ? options.step : steps.back(), *job, {}, false};
    if (std::ranges::find(steps, plan.step) == steps.end())
        return Error{ErrorCode::InvalidInput, options.run + " has no checkpoint of step " +
                                                  std::to_string(plan.step) + "; its newest is of step " +
                                                  std::to_string(steps.back())};
    const std::string checkpoint = run.checkpoint(plan.step).string();
    std::error_code ignored;
    const bool isAdapter = std::filesystem::exists(checkpoint + "/adapter_config.json", ignored);
    const bool isFromNothing = job->method == jobs::Method::Pretrain;
    plan.load.model = isFromNothing ? checkpoint : job->modelBase;
    plan.load.textOnly = job->modelTextOnly;
    plan.load.context = job->sequenceLength;
    if (plan.load.weights.empty() && job->method == jobs::Method::Qlora)
        plan.load.weights = "nf4";
    if (plan.load.type.empty() && job->precision == jobs::Precision::Fp32)
        plan.load.type = "float32";
    if (isAdapter)
        plan.adapters = {checkpoint};
    else if (!isFromNothing)
        plan.tunedModel = checkpoint;
    plan.job->packing = false;
    if (!options.source.path.empty())
        return plan;
    Result<std::string> rows = ownRowsOf(job->data);
    if (!rows)
        return rows.error();
    if (rows->empty())
        return Error{ErrorCode::InvalidInput, options.run + " validates on no rows: name some by --data"};
    plan.data = *rows;
    plan.isOwnData = true;
    return plan;
}

Result<Plan> planOf(const Options& options)
{
    if (options.run.empty() && options.load.model.empty())
        return Error{ErrorCode::InvalidInput, "evaluate needs a model: name one, such as demo, or a --run"};
    if (options.run.empty() && options.source.path.empty())
        return Error{ErrorCode::InvalidInput, "evaluate needs rows: name a file or folder by --data"};
    Result<Plan> plan = options.run.empty()
                            ? Plan{options.load, {}, options.load.adapters, 0, jobs::Job(), {}, {}}
                            : planOfRun(options);
    if (!plan)
        return plan;
    plan->load.adapters.clear();
    jobs::Job& job = *plan->job;
    if (!options.source.path.empty()) {
        if (const Result<void> taken = takeRows(options, job); !taken)
            return taken.error();
        plan->data = options.source.path;
    }
    if (options.run.empty() || options.everything)
        job.data.trainOn = options.everything ? jobs::TrainOn::All : jobs::TrainOn::Assistant;
    job.data.skipBad = job.data.skipBad || options.skipBad;
    if (options.length > 0)
        job.sequenceLength = options.length;
    else if (options.run.empty())
        job.sequenceLength = options.load.context;
    return plan;
}

bool showRows(const std::string& what, int64_t done, int64_t all)
{
    showPercent(what.c_str(), done, all);
    return s_interrupted == 0;
}

/// One model's results, with the answers that are shown.
struct Results {
    const char* name = "";
    engine::gemma3::Model model;
    engine::Evaluation evaluation;
};

Result<EvaluationReport::Sample> shown(size_t index, const std::vector<Results>& all, engine::JobData& data,
                                       const engine::LoadedModel& loaded)
{
    const int64_t number = all.front().evaluation.samples[index].number;
    EvaluationReport::Sample sample;
    sample.place = data.validationPlace(number);
    const Result<std::vector<engine::Pack>> pack = data.validation(number, 1);
    if (!pack)
        return pack.error();
    for (const Results& results : all) {
        sample.answers.push_back({results.evaluation.samples[index].meanLoss(), {}});
        if (!loaded.tokenizer || s_interrupted != 0)
            continue;
        const Result<engine::AnswerPair> answer = engine::answerOf(
            results.model, *loaded.tokenizer, pack->front().front(), loaded.generation.eosTokenIds);
        if (!answer)
            return answer.error().during(sample.place);
        sample.expected = answer->expected;
        sample.answers.back().text = answer->written;
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

/// On one line, cut where a terminal would be flooded.
std::string inOneLine(const std::string& text)
{
    constexpr size_t kMost = 200;
    std::string line;
    for (const char c : text.substr(0, kMost))
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return line + (text.size() > kMost ? "..." : "");
}

void print(const char* title, const EvaluationReport& report,
           const std::vector<EvaluationReport::Sample>& samples)
{
    if (samples.empty())
        return;
    std::printf("\n%s:\n", title);
    for (const EvaluationReport::Sample& sample : samples) {
        std::printf("  %s\n    %-9s%-10s%s\n", sample.place.c_str(), "expected", "",
                    inOneLine(sample.expected).c_str());
        for (size_t i = 0; i < report.measures.size(); ++i)
            std::printf("    %-9s%-10.4f%s\n", report.measures[i].name.c_str(), sample.answers[i].loss,
                        inOneLine(sample.answers[i].text.value_or("")).c_str());
    }
}

void print(const EvaluationReport& report)
{
    std::printf("%lld rows of %s, %lld tokens to predict in %lld answers",
                static_cast<long long>(report.numSamples), report.data.c_str(),
                static_cast<long long>(report.numTargets), static_cast<long long>(report.numAnswers));
    std::printf(report.numLeftOut > 0 ? "; %lld rows left out\n\n" : "\n\n",
                static_cast<long long>(report.numLeftOut));
    std::printf("%-9s%10s%14s%16s\n", "", "loss", "perplexity", "exact answers");
    for (const EvaluationReport::Measure& measure : report.measures)
        std::printf("%-9s%10.4f%14.3f%8lld (%.1f %%)\n", measure.name.c_str(), measure.loss,
                    measure.perplexity, static_cast<long long>(measure.numExact), 100 * measure.exactShare);
    print("Worst samples, by loss", report, report.worst);
    print("Best samples", report, report.best);
    std::fflush(stdout);
}

/// The models of a plan, each under its name; what they are loaded into is kept in `loaded`.
Result<std::vector<Results>> modelsOf(const Plan& plan, std::vector<engine::LoadedModel>& loaded)
{
    Result<engine::LoadedModel> first = app::load(plan.load);
    if (!first)
        return first.error();
    loaded.push_back(*std::move(first));
    const bool isAlone = plan.adapters.empty() && plan.tunedModel.empty();
    std::vector<Results> all = {{isAlone ? "model" : "base", loaded.front().model, {}}};
    if (!plan.adapters.empty()) {
        if (const Result<void> adapted = putOn(loaded.front(), plan.adapters); !adapted)
            return adapted.error();
        all.push_back({"tuned", loaded.front().model, {}});
    }
    if (!plan.tunedModel.empty()) {
        LoadOptions load = plan.load;
        load.model = plan.tunedModel;
        Result<engine::LoadedModel> second = app::load(load);
        if (!second)
            return second.error();
        loaded.push_back(*std::move(second));
        all.push_back({"tuned", loaded.back().model, {}});
    }
    return all;
}

EvaluationReport reportOf(const Plan& plan, const std::vector<Results>& all, int64_t numRows)
{
    const engine::Evaluation& any = all.front().evaluation;
    EvaluationReport report;
    report.time = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    report.model = plan.load.model;
    report.adapters = plan.adapters;
    report.step = plan.step;
    report.data = plan.data;
    report.isOwnData = plan.isOwnData;
    report.numSamples = std::ssize(any.samples);
    report.numLeftOut = numRows - report.numSamples;
    report.numTargets = any.numTargets;
    report.numAnswers = any.numAnswers;
    for (const Results& results : all)
        report.measures.push_back({results.name, results.evaluation.loss, results.evaluation.perplexity,
                                   results.evaluation.numExact, share(results.evaluation)});
    return report;
}

Result<EvaluationReport> evaluate(const Options& options)
{
    Result<Plan> plan = planOf(options);
    if (!plan)
        return plan.error();
    std::vector<engine::LoadedModel> models;
    Result<std::vector<Results>> all = modelsOf(*plan, models);
    if (!all)
        return all.error();
    const engine::LoadedModel& loaded = models.front();
    plan->job->sequenceLength = std::min(plan->job->sequenceLength, loaded.model.config.text.maxPositions);
    const engine::SampleReader reader = {loaded.tokenizer ? &*loaded.tokenizer : nullptr,
                                         &loaded.chatTemplate, loaded.model.config,
                                         loaded.preprocessing.imageSize};
    std::signal(SIGINT, [](int) { s_interrupted = 1; });
    const Result<std::unique_ptr<engine::JobData>> data = engine::JobData::open(
        *plan->job, reader, [](const std::string& text) { std::cerr << text << '\n'; },
        [](int64_t, int64_t) { return s_interrupted == 0; });
    if (!data)
        return data.error();
    int64_t count = (*data)->numValidationPacks();
    if (options.maxSamples > 0)
        count = std::min(count, options.maxSamples);
    for (Results& results : *all) {
        Result<engine::Evaluation> evaluation =
            engine::evaluate(results.model, **data, count, [&](int64_t done, int64_t rows) {
                return showRows(
                    std::string("reading rows with the ") + (results.name == std::string_view("model")
                                                                 ? "model"
                                                                 : std::string(results.name) + " model"),
                    done, rows);
            });
        if (!evaluation)
            return evaluation.error();
        results.evaluation = *std::move(evaluation);
    }

    EvaluationReport report = reportOf(*plan, *all, count);
    const auto [lowest, highest] = bestAndWorst(all->back().evaluation, options.numShown);
    int64_t done = 0;
    const int64_t numShown = std::ssize(lowest) + std::ssize(highest);
    for (const auto& [indices, samples] :
         {std::pair(&lowest, &report.best), std::pair(&highest, &report.worst)})
        for (const size_t index : *indices) {
            showRows("writing the best and worst answers", done++, numShown);
            Result<EvaluationReport::Sample> sample = shown(index, *all, **data, loaded);
            if (!sample)
                return sample.error();
            samples->push_back(*std::move(sample));
        }
    showRows("writing the best and worst answers", numShown, numShown);
    return report;
}

Result<void> evaluateAndTell(const Options& options)
{
    const Result<EvaluationReport> report = evaluate(options);
    if (!report)
        return report.error();
    if (!options.out.empty()) {
        const std::filesystem::path file = options.out;
        std::error_code failure;
        if (file.has_parent_path())
            std::filesystem::create_directories(file.parent_path(), failure);
        if (failure)
            return Error{ErrorCode::Io,
                         file.parent_path().string() + " cannot be made: " + failure.message()};
        using Json = nlohmann::ordered_json;
        const std::string text = core::toJson(*report).dump(2, ' ', false, Json::error_handler_t::replace);
        if (const Result<void> written = core::writeFileAtomically(file, text + "\n"); !written)
            return written;
    }
    if (options.json)
        printJson(core::toJson(*report));
    else
        print(*report);
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
    command->add_option("--run", options->run,
                        "A run's folder, in place of a model: its newest checkpoint beside the model that it "
                        "was begun with");
    command->add_option("--step", options->step, "The run's checkpoint of this step")
        ->check(CLI::PositiveNumber);
    command->add_option("--data,-d", options->source.path,
                        "The rows: a file (JSON lines, JSON, .txt, also .gz and .zst) or an Energon folder; "
                        "default with --run: those that the run validates on");
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
    command->add_option("--out,-o", options->out, "Write the JSON into this file, too");
    command->callback([options, &status] {
        const Result<void> done = evaluateAndTell(*options);
        status = done ? 0 : failed(done.error());
        if (!done && done.error().code == ErrorCode::Cancelled)
            status = kInterrupted;
    });
}

}  // namespace facet::app
