#include "core/run/run_folder.h"

#include "core/base/file.h"
#include "core/base/json.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>

namespace facet::core {
namespace {

constexpr std::array<std::string_view, 6> kStates = {"starting", "running", "saving",
                                                     "done",     "stopped", "failed"};
constexpr std::string_view kStep = "step-";

std::string firstLine(const char* path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string hostName()
{
    char name[256] = {};
    return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

std::string currentBootId()
{
    return firstLine("/proc/sys/kernel/random/boot_id");
}

/// The 22nd field of /proc/PID/stat; 0 where there is no such process, or one that has ended and waits to be
/// reaped. The second field may have spaces.
int64_t startOfProcess(int64_t pid)
{
    const std::string stat = firstLine(("/proc/" + std::to_string(pid) + "/stat").c_str());
    size_t at = stat.rfind(')');
    if (at != std::string::npos && at + 2 < stat.size() && (stat[at + 2] == 'Z' || stat[at + 2] == 'X'))
        return 0;
    for (int field = 2; field < 22 && at != std::string::npos; ++field)
        at = stat.find(' ', at + 1);
    return at == std::string::npos ? 0 : std::strtoll(stat.c_str() + at + 1, nullptr, 10);
}

/// Of a checkpoint's folder, "step-00000100".
std::optional<int64_t> stepOf(std::string_view name)
{
    int64_t step = 0;
    const char* end = name.data() + name.size();
    if (!name.starts_with(kStep))
        return std::nullopt;
    const auto [rest, failed] = std::from_chars(name.data() + kStep.size(), end, step);
    return failed == std::errc() && rest == end ? std::optional(step) : std::nullopt;
}

std::string environment(const char* name)
{
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

std::string_view nameOf(RunState state)
{
    return kStates[static_cast<size_t>(state)];
}

ProcessIdentity ProcessIdentity::of(int64_t pid)
{
    return {hostName(), currentBootId(), pid, startOfProcess(pid)};
}

std::optional<bool> isAlive(const ProcessIdentity& process)
{
    if (process.host != hostName())
        return std::nullopt;
    return process.bootId == currentBootId() && process.pid > 0 && process.start > 0 &&
           startOfProcess(process.pid) == process.start;
}

RunStatus RunStatus::ofThisProcess()
{
    const ProcessIdentity process = ProcessIdentity::of(::getpid());
    RunStatus status;
    status.host = process.host;
    status.bootId = process.bootId;
    status.pid = process.pid;
    status.processStart = process.start;
    status.slurmJobId = environment("SLURM_JOB_ID");
    status.slurmRestarts = std::strtoll(environment("SLURM_RESTART_COUNT").c_str(), nullptr, 10);
    return status;
}

std::filesystem::path RunFolder::checkpoint(int64_t step) const
{
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 8 ? 8 - digits.size() : 0, '0');
    return checkpoints() / (std::string(kStep) + digits);
}

bool RunFolder::exists() const
{
    std::error_code ignored;
    return std::filesystem::exists(events(), ignored) || std::filesystem::exists(status(), ignored);
}

Result<void> RunFolder::create() const
{
    for (const std::filesystem::path& folder : {path, checkpoints(), samples()}) {
        std::error_code failure;
        std::filesystem::create_directories(folder, failure);
        if (failure)
            return Error{ErrorCode::Io, "cannot make " + folder.string() + ": " + failure.message()};
    }
    return {};
}

Result<FileLock> RunFolder::lock() const
{
    Result<FileLock> lock = FileLock::take(path / "run", std::chrono::milliseconds(0));
    if (lock || lock.error().code != ErrorCode::Unavailable)
        return lock;
    const Result<RunStatus> status = readStatus(*this);
    return Error{ErrorCode::Unavailable,
                 path.string() + " is being trained already" +
                     (status ? ", by process " + std::to_string(status->pid) + " on " + status->host : "") +
                     "; stop that one first, or give this run another name"};
}

std::vector<int64_t> RunFolder::savedSteps() const
{
    std::vector<int64_t> steps;
    std::error_code failure;
    // A checkpoint is renamed to its name when it is whole.
    for (const auto& entry : std::filesystem::directory_iterator(checkpoints(), failure))
        if (const std::optional<int64_t> step = stepOf(entry.path().filename().string()))
            steps.push_back(*step);
    std::ranges::sort(steps);
    return steps;
}

std::string nameOfFolder(const std::filesystem::path& path)
{
    const std::filesystem::path folder = path.has_filename() ? path : path.parent_path();
    const std::string name = folder.filename().string();
    const std::filesystem::path run = folder.parent_path().parent_path();
    const std::optional<int64_t> step = stepOf(name);
    if (!step || folder.parent_path().filename() != "checkpoints" || !run.has_filename())
        return name;
    return run.filename().string() + "-step-" + std::to_string(*step);
}

Result<void> writeStatus(const RunFolder& folder, const RunStatus& status)
{
    const nlohmann::ordered_json json = {{"state", nameOf(status.state)},
                                         {"message", status.message},
                                         {"host", status.host},
                                         {"boot_id", status.bootId},
                                         {"pid", status.pid},
                                         {"process_start", status.processStart},
                                         {"slurm_job_id", status.slurmJobId},
                                         {"slurm_restarts", status.slurmRestarts},
                                         {"heartbeat", status.heartbeat},
                                         {"step", status.step},
                                         {"num_steps", status.numSteps}};
    return writeFileAtomically(
        folder.status(), json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

Result<RunStatus> readStatus(const RunFolder& folder)
{
    const Result<nlohmann::json> object = readJsonObject(folder.status());
    if (!object)
        return object.error();
    constexpr int64_t kMost = INT64_MAX;
    JsonFields fields(*object, "");
    RunStatus status;
    const std::string state = fields.text("state", "");
    status.message = fields.text("message", "");
    status.host = fields.text("host", "");
    status.bootId = fields.text("boot_id", "");
    status.pid = fields.integer("pid", 0, 0, kMost);
    status.processStart = fields.integer("process_start", 0, 0, kMost);
    status.slurmJobId = fields.text("slurm_job_id", "");
    status.slurmRestarts = fields.integer("slurm_restarts", 0, 0, kMost);
    status.heartbeat = fields.number("heartbeat", 0, 0, 1e12);
    status.step = fields.integer("step", 0, 0, kMost);
    status.numSteps = fields.integer("num_steps", 0, 0, kMost);
    const auto* found = std::ranges::find(kStates, state);
    if (found == kStates.end())
        fields.fail("state", "is none of a run's states");
    if (fields.error())
        return fields.error()->during("reading " + folder.status().string());
    status.state = static_cast<RunState>(found - kStates.begin());
    return status;
}

}  // namespace facet::core
