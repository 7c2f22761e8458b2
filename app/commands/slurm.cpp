// facet-engine slurm: a job as a batch script for a cluster.

#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/base/yaml.h"
#include "core/models/library.h"
#include "jobs/resolved_job.h"
#include "jobs/slurm/lint.h"
#include "jobs/slurm/nemo_executor.h"
#include "jobs/slurm/script.h"

#include <iostream>

namespace facet::app {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

struct Options {
    std::string job;
    std::vector<std::string> overrides;
    std::vector<std::string> sweep;
    std::string profile;
    std::string out;
    std::string import;
    jobs::GenerationTask generation;
    int64_t tensor = 1, pipeline = 1;
};

jobs::ClusterProfiles profiles()
{
    return jobs::ClusterProfiles(core::libraryPlace().folder / "clusters");
}

/// A name in FACET_HOME/clusters, or a file.
Result<jobs::ClusterProfile> profileOf(const std::string& wanted)
{
    if (wanted.find('/') == std::string::npos && !wanted.ends_with(".json"))
        return profiles().read(wanted);
    const Result<nlohmann::json> object = core::readJsonObject(wanted);
    if (!object)
        return object.error();
    const Result<jobs::ClusterProfile> profile = jobs::profileFrom(*object);
    return profile ? profile : profile.error().during(wanted);
}

Result<jobs::TrainingTask> trainingOf(const Options& options, const jobs::ClusterProfile& profile)
{
    Result<jobs::Settings> settings = jobs::readJobFile(options.job);
    if (!settings)
        return settings.error();
    for (const std::string& text : options.overrides)
        if (const Result<void> done = jobs::applyOverride(text, *settings); !done)
            return done.error();
    const std::filesystem::path recipes = resourcesFolder() / "recipes";
    std::vector<jobs::Sweep> sweeps;
    for (const std::string& text : options.sweep) {
        Result<jobs::Sweep> sweep = jobs::sweepFrom(text);
        if (!sweep)
            return sweep.error();
        sweeps.push_back(*std::move(sweep));
    }
    const Result<jobs::TrainingTask> task = jobs::trainingTask(*settings, std::move(sweeps), recipes);
    if (!task)
        return task.error().during(options.job);
    // Finds what is wrong in the job itself; the model need not be on this machine.
    const Result<jobs::ResolvedJob> resolved =
        jobs::resolveJob(*settings, {builtInModels(), recipes, std::max<int64_t>(profile.gpusPerNode, 1)});
    if (!resolved && resolved.error().code != ErrorCode::NotFound)
        return resolved.error().during(options.job);
    if (!resolved)
        std::cerr << "note: " << resolved.error().message
                  << "; the script was written without looking into it\n";
    return task;
}

template <typename Task>
int writeScript(const Options& options, const Task& task, const jobs::ClusterProfile& profile)
{
    const Result<std::string> script = jobs::batchScript(task, profile);
    if (!script)
        return failed(script.error());
    for (const jobs::Finding& finding : jobs::lint(task, profile)) {
        const bool isRefused = finding.weight == jobs::Finding::Weight::Refused;
        const int line = jobs::lineOf(finding, *script);
        std::cerr << (isRefused ? "refused: " : "note: ")
                  << (line > 0 ? "line " + std::to_string(line) + ": " : "") << finding.sentence << '\n';
    }
    if (options.out.empty()) {
        std::cout << *script;
        std::cout.flush();
        return 0;
    }
    if (const Result<void> written = core::writeFileAtomically(options.out, *script); !written)
        return failed(written.error());
    std::cerr << "wrote " << options.out << "; submit it with sbatch\n";
    return 0;
}

int import(const Options& options)
{
    const bool isJson = options.import.ends_with(".json");
    const Result<nlohmann::json> executor =
        isJson ? core::readJsonObject(options.import) : core::readYaml(options.import);
    if (!executor)
        return failed(executor.error());
    const Result<jobs::ImportedProfile> imported = jobs::importNemoExecutor(*executor, options.profile);
    if (!imported)
        return failed(imported.error().during(options.import));
    const Result<std::vector<std::string>> names = profiles().names();
    if (!names)
        return failed(names.error());
    if (std::ranges::find(*names, options.profile) != names->end())
        return failed({ErrorCode::InvalidInput, "there is a profile " + core::inQuotes(options.profile) +
                                                    " already; import under another name"});
    if (const Result<void> written = profiles().write(imported->profile); !written)
        return failed(written.error());
    for (const std::string& note : imported->notes)
        std::cerr << "note: " << note << '\n';
    std::cerr << "wrote the profile " << options.profile << " in " << profiles().folder().string() << '\n';
    return 0;
}

int slurm(Options options)
{
    const bool isGeneration = !options.generation.model.empty();
    const int numWays = int(!options.job.empty()) + int(isGeneration) + int(!options.import.empty());
    if (numWays != 1)
        return failed(
            {ErrorCode::InvalidInput, "give one of a job file, --generate MODEL and --import FILE"});
    if (!options.import.empty())
        return import(options);
    const Result<jobs::ClusterProfile> profile = profileOf(options.profile);
    if (!profile)
        return failed(profile.error());
    if (isGeneration) {
        if (options.tensor > 1)
            options.generation.parallel.tensor = options.tensor;
        if (options.pipeline > 1)
            options.generation.parallel.pipeline = options.pipeline;
        return writeScript(options, options.generation, *profile);
    }
    const Result<jobs::TrainingTask> task = trainingOf(options, *profile);
    return task ? writeScript(options, *task, *profile) : failed(task.error());
}

}  // namespace

void addSlurm(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand("slurm",
                                           "Writes the batch script of a job for a SLURM cluster, and says "
                                           "what the cluster or this engine would refuse.");
    const auto options = std::make_shared<Options>();
    options->generation.name = "generate";
    command->add_option("JOB", options->job, "A job file");
    command->add_option("OVERRIDE", options->overrides, "Values to change, such as lora.rank=8");
    command
        ->add_option("--profile", options->profile,
                     "A cluster's profile: a name in FACET_HOME/clusters, or a file")
        ->required();
    command->add_option("--out", options->out, "Where the script goes; default: stdout");
    command->add_option("--sweep", options->sweep,
                        "KEY=VALUE,VALUE: an array with one run for each value; may be repeated");
    command->add_option("--generate", options->generation.model,
                        "A script that generates text from this model instead of training");
    command->add_option("--prompt", options->generation.prompt, "With --generate: what to ask");
    command->add_option("--image", options->generation.image, "With --generate: a picture to ask about");
    command
        ->add_option("--max-tokens", options->generation.maxNewTokens,
                     "With --generate: length of the answer")
        ->check(CLI::PositiveNumber);
    command->add_option("--name", options->generation.name, "With --generate: the job's name")
        ->capture_default_str();
    command->add_option("--tensor", options->tensor, "With --generate: GPUs that share each matrix")
        ->check(CLI::PositiveNumber);
    command->add_option("--pipeline", options->pipeline, "With --generate: GPUs that share the layers")
        ->check(CLI::PositiveNumber);
    command->add_option("--import", options->import,
                        "Makes the profile from a description of NeMo-Run's SlurmExecutor, YAML or JSON, and "
                        "writes no script");
    command->callback([options, &status] { status = slurm(*options); });
}

}  // namespace facet::app
