#include "jobs/slurm/cluster_facts.h"

#include "jobs/slurm/amounts.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace facet::jobs {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    while (true) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

/// The value of "Key=" in a line of scontrol, up to the next space.
std::string_view valueOf(std::string_view line, std::string_view key)
{
    for (size_t at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
        const size_t equals = at + key.size();
        if ((at == 0 || line[at - 1] == ' ') && equals < line.size() && line[equals] == '=')
            return line.substr(equals + 1, line.find(' ', equals) - equals - 1);
    }
    return {};
}

int64_t numberIn(std::string_view text)
{
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// GPUs of "gpu:2", "gpu:h100:8(S:0-1)", "gpu:a100:4,gpu:v100:2,nvme:1".
int64_t gpusIn(std::string_view gres)
{
    int64_t gpus = 0;
    for (std::string_view each : split(gres, ',')) {
        each = each.substr(0, each.find('('));
        if (each.starts_with("gpu:"))
            gpus += numberIn(each.substr(each.rfind(':') + 1));
    }
    return gpus;
}

std::string unlessUnknown(std::string_view text)
{
    return text == "N/A" || text == "None" || text == "(null)" || text == "Unknown" ? "" : std::string(text);
}

}  // namespace

std::vector<PartitionLimits> partitionsFrom(std::string_view partitions, std::string_view nodes)
{
    std::vector<PartitionLimits> found;
    for (const std::string_view line : split(partitions, '\n')) {
        const std::string_view name = valueOf(line, "PartitionName");
        if (name.empty())
            continue;
        PartitionLimits& limits = found.emplace_back();
        limits.name = name;
        limits.seconds = slurmSeconds(valueOf(line, "MaxTime")).value_or(0);
        limits.nodes = numberIn(valueOf(line, "TotalNodes"));
        if (const int64_t most = numberIn(valueOf(line, "MaxNodes")); most > 0)
            limits.nodes = std::min(limits.nodes, most);
    }
    // A job may get any node, so the largest says what can be asked for.
    for (const std::string_view line : split(nodes, '\n'))
        for (const std::string_view partition : split(valueOf(line, "Partitions"), ','))
            for (PartitionLimits& limits : found)
                if (limits.name == partition && !partition.empty()) {
                    limits.gpusPerNode = std::max(limits.gpusPerNode, gpusIn(valueOf(line, "Gres")));
                    limits.cpusPerNode = std::max(limits.cpusPerNode, numberIn(valueOf(line, "CPUTot")));
                    limits.memoryMiB = std::max(limits.memoryMiB, numberIn(valueOf(line, "RealMemory")));
                }
    return found;
}

std::vector<std::string> namesFrom(std::string_view lines)
{
    std::vector<std::string> names;
    for (const std::string_view line : split(lines, '\n'))
        for (const std::string_view name : split(line, ','))
            if (!name.empty() && std::ranges::find(names, name) == names.end())
                names.emplace_back(name);
    std::ranges::sort(names);
    return names;
}

bool SlurmJob::isOver() const
{
    return state != "PENDING" && state != "RUNNING" && state != "SUSPENDED" && state != "COMPLETING" &&
           state != "CONFIGURING" && state != "REQUEUED" && state != "STOPPED" && state != "REQUEUE_HOLD";
}

std::vector<SlurmJob> jobsFromSqueue(std::string_view lines)
{
    std::vector<SlurmJob> jobs;
    for (std::string_view line : split(lines, '\n')) {
        constexpr size_t numFields = 9;
        std::vector<std::string_view> fields;
        for (size_t i = 0; i + 1 < numFields && line.find('|') != std::string_view::npos; ++i) {
            const size_t end = line.find('|');
            fields.push_back(line.substr(0, end));
            line.remove_prefix(end + 1);
        }
        fields.push_back(line);  // the name, which may hold anything
        if (fields.size() != numFields)
            continue;
        jobs.push_back({.id = std::string(fields[0]),
                        .name = std::string(fields[8]),
                        .state = std::string(fields[1]),
                        .reason = unlessUnknown(fields[2]),
                        .partition = std::string(fields[3]),
                        .nodes = std::string(fields[4]),
                        .elapsed = std::string(fields[5]),
                        .limit = std::string(fields[6]),
                        .start = unlessUnknown(fields[7]),
                        .exitCode = {}});
    }
    return jobs;
}

std::vector<SlurmJob> jobsFromSacct(std::string_view lines)
{
    std::vector<SlurmJob> jobs;
    for (const std::string_view line : split(lines, '\n')) {
        const std::vector<std::string_view> fields = split(line, '|');
        if (fields.size() < 8)
            continue;
        SlurmJob job;
        job.id = fields[0];
        job.state = fields[1].substr(0, fields[1].find(' '));  // "CANCELLED by 1000"
        job.partition = fields[2];
        job.nodes = fields[3] == "None assigned" ? "" : std::string(fields[3]);
        job.elapsed = fields[4];
        job.limit = fields[5];
        job.exitCode = fields[6];
        job.name = line.substr(static_cast<size_t>(fields[7].data() - line.data()));
        jobs.push_back(std::move(job));
    }
    return jobs;
}

std::vector<SlurmJob> jobsFromScontrol(std::string_view lines)
{
    std::vector<SlurmJob> jobs;
    for (const std::string_view line : split(lines, '\n')) {
        const std::string_view id = valueOf(line, "JobId");
        if (id.empty())
            continue;
        SlurmJob& job = jobs.emplace_back();
        const std::string_view array = valueOf(line, "ArrayJobId");
        job.id = array.empty() ? std::string(id)
                               : std::string(array) + "_" + std::string(valueOf(line, "ArrayTaskId"));
        // The name may hold anything.
        constexpr std::string_view kName = " JobName=";
        const size_t name = line.find(kName);
        const size_t end = line.find(" UserId=");
        if (name < end && end != std::string_view::npos)
            job.name = line.substr(name + kName.size(), end - name - kName.size());
        const std::string_view rest = line.substr(std::min(end, line.size()));
        job.state = valueOf(rest, "JobState");
        job.reason = unlessUnknown(valueOf(rest, "Reason"));
        job.partition = valueOf(rest, "Partition");
        job.nodes = unlessUnknown(valueOf(rest, "NodeList"));
        job.elapsed = valueOf(rest, "RunTime");
        job.limit = valueOf(rest, "TimeLimit");
        job.start = unlessUnknown(valueOf(rest, "StartTime"));
        job.exitCode = valueOf(rest, "ExitCode");
    }
    return jobs;
}

bool keepsAccounts(std::string_view config)
{
    for (const std::string_view line : split(config, '\n'))
        if (line.starts_with("AccountingStorageType "))
            return line.ends_with("/slurmdbd");
    return false;
}

std::string stateInWords(const SlurmJob& job)
{
    static const std::map<std::string, std::string, std::less<>> words = {{"PENDING", "Waiting"},
                                                                          {"RUNNING", "Running"},
                                                                          {"COMPLETING", "Ending"},
                                                                          {"CONFIGURING", "Nodes start"},
                                                                          {"SUSPENDED", "Suspended"},
                                                                          {"REQUEUED", "Starts again"},
                                                                          {"COMPLETED", "Finished"},
                                                                          {"FAILED", "Failed"},
                                                                          {"CANCELLED", "Cancelled"},
                                                                          {"TIMEOUT", "Out of time"},
                                                                          {"NODE_FAIL", "Node failed"},
                                                                          {"PREEMPTED", "Preempted"},
                                                                          {"OUT_OF_MEMORY", "Out of memory"},
                                                                          {"BOOT_FAIL", "Node failed"},
                                                                          {"DEADLINE", "Too late"}};
    const auto found = words.find(job.state);
    return found == words.end() ? job.state : found->second;
}

std::string reasonInWords(const SlurmJob& job)
{
    static const std::map<std::string, std::string, std::less<>> words = {
        {"Priority", "Others go first"},
        {"Resources", "No nodes are free"},
        {"BeginTime", "Not before its start time"},
        {"Dependency", "After another job"},
        {"DependencyNeverSatisfied", "The job it waits for ended otherwise; it will never start"},
        {"JobHeldUser", "Held by you"},
        {"JobHeldAdmin", "Held by an administrator"},
        {"JobArrayTaskLimit", "As many of the array run as may at once"},
        {"PartitionTimeLimit", "Its time is over the partition's limit; it will never start"},
        {"PartitionNodeLimit", "It wants more nodes than the partition has; it will never start"},
        {"PartitionDown", "The partition is down"},
        {"PartitionInactive", "The partition takes no jobs now"},
        {"ReqNodeNotAvail", "Nodes that it needs are down or reserved"},
        {"Reservation", "Waits for its reservation"},
        {"Licenses", "Waits for a licence"},
        {"AssocGrpGRES", "Your account uses all its GPUs"},
        {"AssocGrpCpuLimit", "Your account uses all its CPUs"},
        {"AssocGrpGRESMinutes", "Your account has used up its GPU time"},
        {"AssocMaxJobsLimit", "Your account runs as many jobs as it may"},
        {"QOSMaxJobsPerUserLimit", "You run as many jobs as this QOS lets you"},
        {"QOSMaxGRESPerUser", "You use as many GPUs as this QOS lets you"},
        {"QOSMaxWallDurationPerJobLimit", "Its time is over the limit of this QOS; it will never start"},
        {"QOSNotAllowed", "This QOS is not for this partition"},
        {"InvalidAccount", "The account is not known"},
        {"NonZeroExitCode", "It ended with an error; see its output"},
        {"TimeLimit", "Its time was over"},
        {"OutOfMemory", "It needed more memory than it had asked for"},
        {"NodeDown", "Its node went down"},
        {"launch failed requeued held", "It could not be started on its node and is held"},
        {"RaisedSignal:9(Killed)", "It was killed"},
    };
    if (job.state == "FAILED" && !job.exitCode.empty() && job.exitCode != "0:0") {
        const size_t colon = job.exitCode.find(':');
        const std::string signal = colon == std::string::npos ? "0" : job.exitCode.substr(colon + 1);
        return signal != "0" ? "Signal " + signal + " ended it; see its output"
                             : "It ended with status " + job.exitCode.substr(0, colon) + "; see its output";
    }
    if (job.reason.empty())
        return "";
    const std::string word =
        job.reason.substr(0, job.reason.find(','));  // "ReqNodeNotAvail, UnavailableNodes:n3"
    const auto found = words.find(word);
    return found == words.end() ? "(" + job.reason + ")" : found->second;
}

}  // namespace facet::jobs
