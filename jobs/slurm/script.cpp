#include "jobs/slurm/script.h"

#include "core/base/text.h"
#include "jobs/job/job_json.h"
#include "jobs/resolved_job.h"
#include "jobs/slurm/script_text.h"
#include "jobs/slurm/shell_words.h"

#include <algorithm>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

Result<void> checkName(const std::string& name)
{
    if (const Result<void> line = checkOneLine(name); !line)
        return line.error().during("name");
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
        return refused("name is " + inQuotes(name) + ", which cannot be the name of a run's folder");
    return {};
}

Result<void> checkText(const char* key, const std::string& text)
{
    const Result<void> line = checkOneLine(text);
    return line ? line : line.error().during(key);
}

/// Mounts of containers are written FROM:TO,FROM:TO.
Result<void> checkMountable(const ClusterProfile& profile, const std::string& path)
{
    if (profile.launch == LaunchVariant::Modules || path.find_first_of(":,") == std::string::npos)
        return {};
    return refused(inQuotes(path) + " has a \":\" or \",\" in it, so it cannot be mounted into a container");
}

std::string joinedPath(std::string_view folder, const std::string& name)
{
    const std::string slash = folder.ends_with('/') ? "" : "/";
    return std::string(folder) + slash + name;
}

/// The job as the cluster reads it: sizes that were open are what the script asks for.
Job onCluster(const TrainingTask& task, const ClusterLayout& layout)
{
    Job job = task.job;
    job.dir.clear();  // the script gives it, for its paths may hold variables
    job.parallel.numNodes = layout.nodes;
    job.parallel.gpusPerNode = std::max<int64_t>(layout.gpusPerNode, 1);
    return job;
}

}  // namespace

Result<TrainingTask> trainingTask(const Settings& settings, std::vector<Sweep> sweep,
                                  const std::filesystem::path& recipes)
{
    const Result<Settings> all = withRecipe(settings, recipes);
    if (!all)
        return all.error();
    Result<Job> job = jobFrom(*all);
    if (!job)
        return job.error();
    return TrainingTask{*std::move(job), std::move(sweep)};
}

ClusterLayout layoutOf(const ParallelLayout& parallel, const ClusterProfile& profile)
{
    ClusterLayout layout;
    layout.nodes = std::max<int64_t>(parallel.numNodes.value_or(profile.nodes), 1);
    // A profile without GPUs is one of CPU nodes, and a job's one "GPU" is then its CPU.
    layout.gpusPerNode = profile.gpusPerNode;
    if (parallel.gpusPerNode && (profile.gpusPerNode > 0 || *parallel.gpusPerNode > 1))
        layout.gpusPerNode = *parallel.gpusPerNode;
    layout.tasksPerNode =
        profile.tasksPerNode > 0 ? profile.tasksPerNode : std::max<int64_t>(layout.gpusPerNode, 1);
    return layout;
}

Result<std::vector<SweepTask>> sweepTasks(const TrainingTask& task)
{
    Result<std::vector<SweepPoint>> points = sweepPoints(task.sweep);
    if (!points)
        return points.error();
    std::vector<SweepTask> tasks;
    for (SweepPoint& point : *points)
        tasks.push_back({task.job.name + "-" + std::to_string(tasks.size()), std::move(point.overrides)});
    return tasks;
}

Result<std::string> batchScript(const TrainingTask& task, const ClusterProfile& profile)
{
    const std::string& name = task.job.name;
    if (const Result<void> checked = checkName(name); !checked)
        return checked.error();
    if (const Result<void> checked = checkText("dir", task.job.dir); !checked)
        return checked.error();
    if (const Result<void> checked = checkProfile(profile); !checked)
        return checked.error();
    for (const std::string& path : {profile.models, joinedPath(profile.runs, name), task.job.dir})
        if (const Result<void> checked = checkMountable(profile, path); !checked)
            return checked.error();
    ScriptText text(profile, layoutOf(task.job.parallel, profile));
    const bool isSweep = !task.sweep.empty();
    Result<std::vector<SweepTask>> runs = sweepTasks(task);
    if (!runs)
        return runs.error();
    for (const SweepTask& run : *runs)
        for (const std::string& value : run.overrides)
            if (const Result<void> checked = checkText("sweep", value); !checked)
                return checked.error();

    text.addHead(name, isSweep ? runs->size() : 0, /*isSaving=*/true);
    text.addStart();
    std::vector<std::string> command = {"train", "\"$run_dir/slurm-job.json\"", "\"dir=$run_dir\""};
    text.addLine("# No job id in the run's folder, so that a job that starts again finds its checkpoints.");
    if (isSweep) {
        text.addLine("# Each task of the array is one run of the sweep.");
        text.addLine("case \"$SLURM_ARRAY_TASK_ID\" in");
        for (size_t i = 0; i < runs->size(); ++i) {
            std::string words;
            for (const std::string& value : (*runs)[i].overrides)
                words += (words.empty() ? "" : " ") + shellWord(value);
            text.addLine("    " + std::to_string(i) + ") run_name=" + shellWord((*runs)[i].name) +
                         " overrides=(" + words + ") ;;");
        }
        text.addLine("    *) echo \"there is no task $SLURM_ARRAY_TASK_ID in this sweep\" >&2; exit 2 ;;");
        text.addLine("esac");
        const std::string parent = task.job.dir.empty() ? profile.runs : task.job.dir;
        text.addLine("run_dir=" + shellPath(parent) + "/\"$run_name\"");
        command.insert(command.end(), {"\"name=$run_name\"", "\"${overrides[@]}\""});
    } else {
        text.addLine("run_dir=" +
                     shellPath(task.job.dir.empty() ? joinedPath(profile.runs, name) : task.job.dir));
    }
    text.addLine("mkdir -p \"$run_dir\"");
    text.addLine("cat > \"$run_dir/slurm-job.json.$SLURM_JOB_ID\" << 'END_OF_JOB'");
    text.addLine(
        toJson(onCluster(task, text.layout())).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    text.addLine("END_OF_JOB");
    text.addLine("mv \"$run_dir/slurm-job.json.$SLURM_JOB_ID\" \"$run_dir/slurm-job.json\"");
    text.addLine("");
    // The first time there is nothing to resume, and that is no error.
    command.emplace_back("--resume");
    text.addEnvironment();
    text.addSavingRun(command, "\"$run_dir\"");
    return text.text();
}

Result<std::string> batchScript(const GenerationTask& task, const ClusterProfile& profile)
{
    if (const Result<void> checked = checkName(task.name); !checked)
        return checked.error();
    for (const auto& [key, value] :
         {std::pair{"model", &task.model}, {"prompt", &task.prompt}, {"image", &task.image}})
        if (const Result<void> checked = checkText(key, *value); !checked)
            return checked.error();
    if (const Result<void> checked = checkProfile(profile); !checked)
        return checked.error();
    ScriptText text(profile, layoutOf(task.parallel, profile));
    text.addHead(task.name, 0, /*isSaving=*/false);
    text.addStart();
    text.addEnvironment();
    std::vector<std::string> command = {"generate",
                                        "-m",
                                        shellPath(task.model),
                                        "--prompt",
                                        shellWord(task.prompt),
                                        "--max-tokens",
                                        std::to_string(task.maxNewTokens)};
    if (!task.image.empty())
        command.insert(command.end(), {"--image", shellPath(task.image)});
    if (task.parallel.tensor.value_or(1) > 1)
        command.insert(command.end(), {"--tensor", std::to_string(*task.parallel.tensor)});
    if (task.parallel.pipeline.value_or(1) > 1)
        command.insert(command.end(), {"--pipeline", std::to_string(*task.parallel.pipeline)});
    text.addPlainRun(command);
    return text.text();
}

}  // namespace facet::jobs
