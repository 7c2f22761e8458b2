#include "jobs/slurm/script_text.h"

#include "jobs/slurm/shell_words.h"

#include <algorithm>

namespace facet::jobs {
namespace {

/// `text` word by word on lines that end in a backslash.
std::string onLines(const std::vector<std::string>& lines)
{
    std::string joined;
    for (const std::string& line : lines)
        joined += (joined.empty() ? "" : " \\\n    ") + line;
    return joined;
}

}  // namespace

void ScriptText::addOption(const char* flag, const std::string& value)
{
    if (!value.empty())
        addOption(std::string(flag) + "=" + sbatchValue(value));
}

void ScriptText::addOption(const char* flag, int64_t value)
{
    if (value > 0)
        addOption(flag, std::to_string(value));
}

void ScriptText::addHead(const std::string& name, size_t numTasks, bool isSaving)
{
    const ClusterProfile& profile = m_profile;
    m_isArray = numTasks > 0;
    addLine("#!/bin/bash");
    addLine("# " + name + ", written by Facet from the job and the profile \"" + profile.name + "\".");
    addLine(isSaving
                ? "# Submit it with \"sbatch FILE\". Submitted again it goes on from its newest checkpoint."
                : "# Submit it with \"sbatch FILE\".");
    addOption("--job-name", name);
    addOption("--account", profile.account);
    addOption("--partition", profile.partition);
    addOption("--qos", profile.qos);
    addOption("--time", profile.time);
    addOption("--nodes", m_layout.nodes);
    addOption("--gpus-per-node", m_layout.gpusPerNode);
    addOption("--ntasks-per-node", m_layout.tasksPerNode);
    addOption("--cpus-per-task", profile.cpusPerTask);
    addOption("--mem", profile.memory);
    if (profile.exclusive)
        addOption("--exclusive");
    addOption("--constraint", profile.constraint);
    addOption("--exclude", profile.exclude);
    addOption("--segment", profile.segment);
    if (numTasks > 0) {
        const std::string atOnce = profile.arrayAtOnce > 0 ? "%" + std::to_string(profile.arrayAtOnce) : "";
        addOption("--array", "0-" + std::to_string(numTasks - 1) + atOnce);
    }
    addOption("--dependency", profile.dependency);
    if (isSaving && profile.saveBeforeEnd > 0)
        addOption("--signal=B:USR1@" + std::to_string(profile.saveBeforeEnd));
    addOption(profile.restarts > 0 ? "--requeue" : "--no-requeue");
    addOption("--open-mode=append");
    // SLURM opens these files before the script runs, so they lie where it was submitted and not in a folder
    // that may not exist yet.
    const std::string output = withoutPatterns(name) + (numTasks > 0 ? ".%a" : "") + ".slurm.out";
    std::string fileName = output;
    std::ranges::replace(fileName, '\\', '_');  // before a "%" it would mean something else
    addOption("--output", profile.output.empty() ? fileName : profile.output);
    addOption("--error", profile.error);
    addOption("--mail-type", profile.mailType);
    addOption("--mail-user", profile.mailUser);
    addOption("--comment", profile.comment);
    for (const std::string& flag : profile.extra) {
        const size_t equals = flag.find('=');
        addOption(equals == std::string::npos
                      ? flag
                      : flag.substr(0, equals + 1) + sbatchValue(flag.substr(equals + 1)));
    }
    addLine("");
}

void ScriptText::addStart()
{
    addLine("# shellcheck disable=SC2016  # what stands in single quotes is meant as it is");
    addLine("");
    if (m_profile.launch == LaunchVariant::Modules && !m_profile.modules.empty()) {
        addLine("# Before bash gets strict, for the scripts of modules are not.");
        addLine("# shellcheck source=/dev/null");
        addLine("type module > /dev/null 2>&1 || . /etc/profile");
        addLine("module purge || exit 1");
        std::string modules;
        for (const std::string& name : m_profile.modules)
            modules += " " + shellWord(name);
        addLine("module load" + modules + " || exit 1");
        addLine("");
    }
    addLine("set -euo pipefail");
    addLine(m_isArray ? "job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" : "job=$SLURM_JOB_ID");
    addLine(
        "echo \"$(date -u +%FT%TZ) job $job, start $((${SLURM_RESTART_COUNT:-0} + 1)), on "
        "$SLURM_JOB_NODELIST\"");
    addLine("");
}

void ScriptText::addEnvironment()
{
    addLine(
        "# Where the ranks meet: the first node, at a port of this job's own. Rank and world size are "
        "srun's.");
    addLine("read -r MASTER_ADDR < <(scontrol show hostnames \"$SLURM_JOB_NODELIST\")");
    addLine("MASTER_PORT=$((10000 + SLURM_JOB_ID % 20000))");
    addLine("export MASTER_ADDR MASTER_PORT");
    if (!m_profile.models.empty())
        addLine("export HF_HOME=" + shellPath(m_profile.models));
    if (!m_profile.environment.empty()) {
        addLine("");
        addLine("# Of the profile.");
        for (const auto& [name, value] : m_profile.environment)
            addLine("export " + name + "=" + shellWord(value));
    }
    if (!m_profile.passEnvironment.empty()) {
        addLine("");
        addLine("# From where sbatch was called; their values are in no file.");
        for (const std::string& name : m_profile.passEnvironment)
            addLine("export " + name + "=\"${" + name + ":-}\"");
    }
    if (!m_profile.nccl.empty() || m_profile.ncclDebug) {
        addLine("");
        addLine("# NCCL: which network the GPUs of different nodes talk over.");
        for (const auto& [name, value] : m_profile.nccl)
            addLine("export " + name + "=" + shellWord(value));
        if (m_profile.ncclDebug)
            addLine("export NCCL_DEBUG=INFO");
    }
    addLine("");
}

std::vector<std::string> ScriptText::mounts(const std::string& runFolder) const
{
    std::vector<std::string> words;
    for (const std::string& mount : m_profile.mounts)
        words.push_back(shellMount(mount));
    if (!runFolder.empty())
        words.push_back(runFolder + ":" + runFolder);
    if (!m_profile.models.empty())
        words.emplace_back("\"$HF_HOME\":\"$HF_HOME\"");
    return words;
}

std::string ScriptText::launch(const std::vector<std::string>& command, const std::string& runFolder) const
{
    std::vector<std::string> lines = {"srun --wait=60 --kill-on-bad-exit=1"};
    if (m_profile.cpusPerTask > 0)  // since SLURM 22.05 srun does not take it over from sbatch
        lines[0] += " --cpus-per-task=" + std::to_string(m_profile.cpusPerTask);
    std::string inContainer;
    if (m_profile.launch == LaunchVariant::Pyxis) {
        if (!m_profile.mpi.empty())
            lines[0] += " --mpi=" + shellWord(m_profile.mpi);
        lines[0] += " --no-container-mount-home";
        lines.push_back("--container-image=" + shellPath(m_profile.image));
        std::string joined;
        for (const std::string& mount : mounts(runFolder))
            joined += (joined.empty() ? "" : ",") + mount;
        if (!joined.empty())
            lines.push_back("--container-mounts=" + joined);
        if (!m_profile.workdir.empty())
            lines.push_back("--container-workdir=" + shellPath(m_profile.workdir));
    }
    for (const std::string& argument : m_profile.srunArguments)
        lines.push_back(shellWord(argument));
    if (m_profile.launch == LaunchVariant::Apptainer) {
        lines.emplace_back(m_layout.gpusPerNode > 0 ? "apptainer exec --nv" : "apptainer exec");
        for (const std::string& mount : mounts(runFolder))
            lines.push_back("--bind " + mount);
        if (!m_profile.workdir.empty())
            lines.push_back("--pwd " + shellPath(m_profile.workdir));
        lines.push_back(shellPath(m_profile.image));
    }
    std::string engine = shellPath(m_profile.engine);
    for (const std::string& word : command)
        engine += " " + word;
    lines.push_back(engine);
    return onLines(lines);
}

void ScriptText::addPlainRun(const std::vector<std::string>& command)
{
    addLine("# One task for each GPU.");
    addLine(launch(command, ""));
}

void ScriptText::addSavingRun(const std::vector<std::string>& command, const std::string& runFolder)
{
    addLine(
        "# The engine saves and stops on TERM and ends with 75. Before the time is over SLURM sends USR1 to "
        "this script:");
    addLine(
        "# then the step gets TERM, and the job is queued again. A TERM to this script only saves; whoever "
        "sent it knows");
    addLine(
        "# what comes after. Checkpoints are also written at the job's intervals, for signals may not come "
        "at all.");
    addLine("max_restarts=" + std::to_string(m_profile.restarts));
    addLine("signals=0");
    addLine("wants_restart=0");
    addLine("# shellcheck disable=SC2317  # called by trap");
    addLine("save_and_stop() {");
    addLine("    signals=$((signals + 1))");
    addLine("    scancel --signal=TERM \"$job.0\" || true");
    addLine("}");
    addLine("# shellcheck disable=SC2317  # called by trap");
    addLine("on_usr1() {");
    addLine("    wants_restart=1");
    addLine("    save_and_stop");
    addLine("}");
    addLine("queue_again() {");
    addLine("    scontrol requeue \"$job\"");
    addLine(
        "    # Until SLURM ends this script: an exit of its own could be taken for that of the next start.");
    addLine("    sleep 120");
    addLine("}");
    addLine("trap on_usr1 USR1");
    addLine("trap save_and_stop TERM");
    addLine("");
    addLine(
        "# In the background, since bash runs traps only between commands and in wait. One task for each "
        "GPU.");
    addLine(launch(command, runFolder) + " &");
    addLine("step=$!");
    addLine("");
    addLine("# A signal ends wait early, with its own number: then the step's exit code is still to come.");
    addLine("status=0");
    addLine("while true; do");
    addLine("    seen=$signals");
    addLine("    status=0");
    addLine("    wait \"$step\" || status=$?");
    addLine("    if ((signals == seen || status <= 128)); then break; fi");
    addLine("done");
    addLine("echo \"$(date -u +%FT%TZ) the step ended with $status\"");
    addLine("");
    addLine("if ((status == 75)); then");
    addLine(
        "    # A job that was cancelled, or that SLURM is queuing again, does not run any more: it is left "
        "alone.");
    addLine("    about=$(scontrol --oneliner show job \"$job\")");
    addLine("    if [[ $about != *JobState=RUNNING* ]]; then");
    addLine("        echo \"saved; SLURM decides what comes after\"");
    addLine("    elif [[ $about =~ PreemptTime=[0-9] ]] && ((max_restarts > 0)); then");
    addLine(
        "        # Within the grace time SLURM queues those again that it kills, not those that end by "
        "themselves.");
    addLine("        echo \"saved; preempted, and queued again\"");
    addLine("        queue_again");
    addLine("    elif ((wants_restart && ${SLURM_RESTART_COUNT:-0} < max_restarts)); then");
    addLine(
        "        echo \"saved; queued again, restart $((${SLURM_RESTART_COUNT:-0} + 1)) of $max_restarts\"");
    addLine("        queue_again");
    addLine("    elif ((wants_restart)); then");
    addLine(
        "        echo \"saved; not queued again after $max_restarts restarts: submit this file to go on\" "
        ">&2");
    addLine("    fi");
    addLine("fi");
    addLine("exit \"$status\"");
}

}  // namespace facet::jobs
