// facet-engine queue: runs that wait for this machine, and sweeps of them.

#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/base/file.h"
#include "core/base/file_descriptor.h"
#include "core/base/text.h"
#include "core/models/library.h"
#include "engine/device.h"
#include "jobs/queue/enqueue.h"
#include "jobs/queue/queue_devices.h"
#include "jobs/queue/queue_report.h"
#include "jobs/queue/queue_worker.h"
#include "jobs/queue/sweep_results.h"

#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

namespace facet::app {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;

struct Options {
    std::vector<std::string> words;  ///< job files and overrides, or runs
    std::string run;
    std::vector<std::string> sweeps;
    std::vector<std::string> after;
    std::string device = "auto";
    std::string sweep;
    std::string csv;
    int64_t place = 0;
    bool isKept = false;
    bool json = false;
};

jobs::QueueFile queueFile()
{
    return jobs::QueueFile(core::libraryPlace().folder);
}

std::filesystem::path thisProgram()
{
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

/// Starts somebody who works the queue, and says so.
int beginWork()
{
    const std::filesystem::path home = queueFile().home();
    const Result<void> started = jobs::startQueueWorker(home, thisProgram());
    return started ? 0 : failed(started.error());
}

std::vector<jobs::KnownDevice> devicesHere()
{
    std::vector<jobs::KnownDevice> known;
    for (const engine::DeviceInfo& each : engine::listDevices())
        known.push_back({each.id, each.problem});
    return known;
}

int run()
{
    // A handle for the signals, so that the worker can wait for them beside all else.
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    ::sigaddset(&signals, SIGINT);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const core::FileDescriptor stop(::signalfd(-1, &signals, SFD_CLOEXEC));
    const Result<jobs::QueueWorked> worked =
        jobs::workQueue({.home = queueFile().home(),
                         .engine = thisProgram(),
                         .stop = stop.get(),
                         .say = [](const std::string& sentence) { std::cerr << sentence << std::endl; }});
    if (!worked)
        return failed(worked.error());
    return worked->numFailed > 0 ? 1 : 0;
}

struct Given {
    std::vector<std::string> files;
    std::vector<std::string> overrides;
};

/// What has a "=" and is no file is an override, as in facet-engine train.
Given jobsAndOverrides(const std::vector<std::string>& words)
{
    Given given;
    std::error_code ignored;
    for (const std::string& word : words)
        (word.find('=') != std::string::npos && !std::filesystem::exists(word, ignored) ? given.overrides
                                                                                        : given.files)
            .push_back(word);
    return given;
}

int add(const Options& options)
{
    const Given given = jobsAndOverrides(options.words);
    if (given.files.empty())
        return failed({ErrorCode::InvalidInput, "give a job file to add"});
    if (given.files.size() > 1 && !options.sweeps.empty())
        return failed({ErrorCode::InvalidInput,
                       "a sweep is made of one job, not of " + std::to_string(given.files.size())});
    std::vector<jobs::Sweep> sweeps;
    for (const std::string& text : options.sweeps) {
        Result<jobs::Sweep> sweep = jobs::sweepFrom(text);
        if (!sweep)
            return failed(sweep.error());
        sweeps.push_back(*std::move(sweep));
    }
    const Result<std::vector<std::string>> devices = jobs::queueDevices(options.device, devicesHere());
    if (!devices)
        return failed(devices.error());
    std::vector<jobs::PlannedRun> runs;
    std::string name;
    for (const std::string& file : given.files) {
        std::error_code ignored;
        if (std::filesystem::is_directory(file, ignored))
            return failed(
                {ErrorCode::InvalidInput, file + " is a folder: the queue takes job files; `facet-engine "
                                                 "train` goes on with a run"});
        Result<jobs::Settings> settings = jobs::readJobFile(file);
        if (!settings)
            return failed(settings.error());
        for (const std::string& text : given.overrides)
            if (const Result<void> done = jobs::applyOverride(text, *settings); !done)
                return failed(done.error());
        Result<std::vector<jobs::PlannedRun>> planned =
            jobs::planRuns(*settings, sweeps, {builtInModels(), resourcesFolder() / "recipes", 1});
        if (!planned)
            return failed(planned.error().during(file));
        if (!sweeps.empty())
            name = settings->at("name").get<std::string>();
        std::ranges::move(*planned, std::back_inserter(runs));
    }
    const Result<std::vector<jobs::QueueEntry>> added =
        jobs::enqueue(queueFile(), runs, {*devices, options.after}, sweeps, name);
    if (!added)
        return failed(added.error());
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const jobs::QueueEntry& entry : *added) {
        if (options.json)
            list.push_back({{"id", entry.id}, {"name", entry.name}, {"folder", entry.folder.string()}});
        else
            std::cout << '#' << entry.id << "  " << entry.name << '\n';
    }
    if (options.json)
        printJson({{"added", list}, {"sweep", name}});
    std::cout.flush();
    return options.isKept ? 0 : beginWork();
}

void printTable(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<size_t> widths;
    for (const std::vector<std::string>& row : rows)
        for (size_t i = 0; i < row.size(); ++i) {
            widths.resize(std::max(widths.size(), i + 1));
            widths[i] = std::max(widths[i], row[i].size());
        }
    for (const std::vector<std::string>& row : rows) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i)
            line += (i > 0 ? "  " : "") + row[i] + std::string(widths[i] - row[i].size(), ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        std::cout << line << '\n';
    }
    std::cout.flush();
}

int list(const Options& options)
{
    const Result<jobs::RunQueue> queue = queueFile().read();
    if (!queue)
        return failed(queue.error());
    const std::filesystem::path home = queueFile().home();
    const jobs::QueueReport report =
        jobs::reportOn(*queue, jobs::observeRuns(*queue, home), jobs::thisHost());
    const std::optional<int64_t> worker = jobs::queueWorker(home);
    if (options.json) {
        nlohmann::ordered_json entries = nlohmann::ordered_json::array();
        for (size_t i = 0; i < queue->entries.size(); ++i) {
            const jobs::QueueEntry& entry = queue->entries[i];
            entries.push_back({{"id", entry.id},
                               {"name", entry.name},
                               {"folder", entry.folder.string()},
                               {"state", jobs::nameOf(report.entries[i].state)},
                               {"why", report.entries[i].words},
                               {"devices", entry.devices},
                               {"after", entry.after},
                               {"sweep", entry.sweep}});
        }
        printJson({{"worker", worker.value_or(0)}, {"entries", entries}});
        return 0;
    }
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < queue->entries.size(); ++i) {
        const jobs::QueueEntry& entry = queue->entries[i];
        rows.push_back({"#" + std::to_string(entry.id), entry.name,
                        std::string(jobs::nameOf(report.entries[i].state)),
                        jobs::devicesInWords(entry.devices), report.entries[i].words});
    }
    printTable(rows);
    if (queue->entries.empty())
        std::cerr << "the queue is empty\n";
    else if (!worker)
        std::cerr << "nobody works the queue; `facet-engine queue run` does\n";
    return 0;
}

int move(const Options& options)
{
    const Result<void> moved = queueFile().edit([&](jobs::RunQueue& queue) -> Result<void> {
        const Result<int64_t> id = queue.idOf(options.run);
        return id ? jobs::moveEntry(queue, *id, static_cast<size_t>(options.place - 1)) : id.error();
    });
    return moved ? 0 : failed(moved.error());
}

int remove(const Options& options)
{
    std::vector<std::string> running;
    const Result<void> removed = queueFile().edit([&](jobs::RunQueue& queue) -> Result<void> {
        const jobs::QueueReport report =
            jobs::reportOn(queue, jobs::observeRuns(queue, queueFile().home()), jobs::thisHost());
        for (size_t i = 0; i < queue.entries.size(); ++i)
            if (report.entries[i].state == jobs::EntryState::UnderWay)
                running.push_back(queue.entries[i].name);
        // The last first: so one that comes after another may be named with it.
        std::vector<int64_t> ids;
        for (const std::string& word : options.words) {
            const Result<int64_t> id = queue.idOf(word);
            if (!id)
                return id.error();
            ids.push_back(*id);
        }
        std::ranges::sort(ids, std::greater());
        for (const int64_t id : ids)
            if (const std::string name = queue.find(id) ? queue.find(id)->name : "";
                std::ranges::find(running, name) != running.end())
                return Error{ErrorCode::InvalidInput,
                             name + " is running: stop it first (TERM saves and stops it)"};
            else if (const Result<void> done = jobs::removeEntry(queue, id); !done)
                return done;
        return {};
    });
    return removed ? 0 : failed(removed.error());
}

int clear()
{
    const Result<void> cleared = queueFile().edit([&](jobs::RunQueue& queue) -> Result<void> {
        jobs::dropEnded(
            queue, jobs::reportOn(queue, jobs::observeRuns(queue, queueFile().home()), jobs::thisHost()));
        return {};
    });
    return cleared ? 0 : failed(cleared.error());
}

std::string shownLoss(double loss)
{
    char text[32] = "-";
    if (loss == loss)
        std::snprintf(text, sizeof text, "%.4f", loss);
    return text;
}

nlohmann::ordered_json lossOrNull(double loss)
{
    return loss == loss ? nlohmann::ordered_json(loss) : nlohmann::ordered_json();
}

int results(const Options& options)
{
    const std::filesystem::path home = queueFile().home();
    if (options.sweep.empty()) {
        const std::vector<std::string> names = jobs::sweepsIn(home);
        if (options.json)
            printJson({{"sweeps", names}});
        else
            for (const std::string& name : names)
                std::cout << name << '\n';
        return 0;
    }
    const Result<jobs::SweepRecord> record = jobs::readSweep(home, options.sweep);
    if (!record)
        return failed(record.error());
    const Result<jobs::RunQueue> queue = queueFile().read();
    if (!queue)
        return failed(queue.error());
    const std::vector<jobs::SweepResult> results = jobs::SweepReader(*record).look(*queue, home);
    if (!options.csv.empty()) {
        const std::string text = jobs::toCsv(*record, results);
        if (options.csv == "-") {
            std::cout << text;
            std::cout.flush();
            return 0;
        }
        const Result<void> written = core::writeFileAtomically(options.csv, text);
        return written ? 0 : failed(written.error());
    }
    if (options.json) {
        nlohmann::ordered_json rows = nlohmann::ordered_json::array();
        for (const jobs::SweepResult& each : results)
            rows.push_back(
                {{"name", each.name},
                 {"folder", each.folder.string()},
                 {"values", each.values},
                 {"state", each.state},
                 {"why", each.words},
                 {"step", each.step},
                 {"steps", each.numSteps},
                 {"training",
                  {{"last", lossOrNull(each.lastTraining)}, {"best", lossOrNull(each.bestTraining)}}},
                 {"validation",
                  {{"last", lossOrNull(each.lastValidation)}, {"best", lossOrNull(each.bestValidation)}}}});
        printJson({{"sweep", record->name}, {"keys", record->keys}, {"runs", rows}});
        return 0;
    }
    std::vector<std::vector<std::string>> rows = {record->keys};
    for (const char* column : {"state", "step", "training", "best", "validation", "best", "run"})
        rows.front().emplace_back(column);
    for (const jobs::SweepResult& each : results) {
        std::vector<std::string>& row = rows.emplace_back();
        for (const nlohmann::json& value : each.values)
            row.push_back(jobs::sweepText(value));
        row.push_back(each.state);
        row.push_back(std::to_string(each.step));
        for (const double loss :
             {each.lastTraining, each.bestTraining, each.lastValidation, each.bestValidation})
            row.push_back(shownLoss(loss));
        row.push_back(each.name);
    }
    printTable(rows);
    return 0;
}

}  // namespace

void addQueue(CLI::App& program, int& status)
{
    auto* command =
        program.add_subcommand("queue",
                               "Runs that wait for this machine: one after another on each GPU, "
                               "and sweeps over values. Alone it works the queue, as `run` does.");
    command->require_subcommand(0, 1);
    const auto options = std::make_shared<Options>();

    auto* worker = command->add_subcommand(
        "run", "Starts what waits, one run on each device, and ends when there is nothing left to start");
    worker->footer(
        "TERM and INT end it; runs that have started go on. Exit codes: 0 all well, 1 a run failed.\n");
    worker->callback([&status] { status = run(); });

    auto* adding = command->add_subcommand("add", "Adds job files, and starts somebody who works the queue");
    adding->add_option("JOB", options->words, "Job files, and values to change in them such as lora.rank=8")
        ->required();
    adding
        ->add_option(
            "--device", options->device,
            "cpu, cuda:1, or several, such as 0,2: a run takes the first that is free; auto is every "
            "GPU, else the CPU")
        ->capture_default_str();
    adding->add_option("--after", options->after,
                       "A run of the queue that has to be done before; may be repeated");
    adding->add_option("--sweep", options->sweeps,
                       "KEY=VALUE,VALUE: one run for each value; repeated, one for each combination");
    adding->add_flag("--no-start", options->isKept, "Only add: `queue run` starts it");
    adding->add_flag("--json", options->json, "One line of JSON");
    adding->callback([options, &status] { status = add(*options); });

    auto* listing = command->add_subcommand("list", "What waits and runs, and why");
    listing->add_flag("--json", options->json, "One line of JSON");
    listing->callback([options, &status] { status = list(*options); });

    auto* moving = command->add_subcommand("move", "Puts a run at another place of the queue");
    moving->add_option("RUN", options->run, "Its name or number")->required();
    moving->add_option("PLACE", options->place, "1 is the first")->required()->check(CLI::PositiveNumber);
    moving->callback([options, &status] { status = move(*options); });

    auto* removing = command->add_subcommand("remove", "Takes runs out of the queue; none that is running");
    removing->add_option("RUN", options->words, "Names or numbers")->required();
    removing->callback([options, &status] { status = remove(*options); });

    auto* clearing = command->add_subcommand("clear", "Takes all out that has ended: done, failed, skipped");
    clearing->callback([&status] { status = clear(); });

    auto* table = command->add_subcommand("results", "The runs of a sweep with their values and losses");
    table->add_option("SWEEP", options->sweep, "Its name, which is that of its job; without: all names");
    table->add_option("--csv", options->csv, "Writes the table as CSV, \"-\" to stdout");
    table->add_flag("--json", options->json, "One line of JSON");
    table->callback([options, &status] { status = results(*options); });

    command->callback([command, &status] {
        if (command->get_subcommands().empty())
            status = run();
    });
}

}  // namespace facet::app
