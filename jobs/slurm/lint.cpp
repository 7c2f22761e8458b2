#include "jobs/slurm/lint.h"

#include "core/base/nearest.h"
#include "core/base/text.h"
#include "jobs/slurm/amounts.h"

#include <algorithm>

namespace facet::jobs {
namespace {

using core::inQuotes;
using Weight = Finding::Weight;

std::string gib(int64_t mib)
{
    return std::to_string(mib / 1024) + " GiB";
}

/// Gathers findings about one job on one cluster.
class Linter {
public:
    Linter(const ClusterProfile& profile, ClusterLayout layout) : m_profile(profile), m_layout(layout)
    {
        for (const PartitionLimits& each : profile.partitions)
            if (each.name == profile.partition)
                m_limits = each;
    }

    std::vector<Finding> found;

    void add(Weight weight, const char* key, const char* option, std::string sentence,
             std::optional<Finding::Fix> fix = {})
    {
        found.push_back({weight, key, option, std::move(sentence), std::move(fix)});
    }

    void checkNames()
    {
        std::vector<std::string> partitions;
        for (const PartitionLimits& each : m_profile.partitions)
            partitions.push_back(each.name);
        checkName("partition", "--partition", m_profile.partition, partitions);
        checkName("account", "--account", m_profile.account, m_profile.accounts);
        checkName("qos", "--qos", m_profile.qos, m_profile.qosNames);
    }

    void checkTime()
    {
        if (m_profile.time.empty()) {
            add(Weight::Doubtful, "time", "", "There is no time; the partition's default may be short.");
            return;
        }
        const std::optional<int64_t> seconds = slurmSeconds(m_profile.time);
        if (!seconds) {
            add(Weight::Refused, "time", "--time",
                inQuotes(m_profile.time) + " is no time such as 1-00:00:00 (days-hours:minutes:seconds).");
            return;
        }
        if (m_limits.seconds > 0 && (*seconds > m_limits.seconds || *seconds == 0))
            add(Weight::Refused, "time", "--time",
                m_limits.name + " allows " + timeInWords(m_limits.seconds) + "; the script asks for " +
                    (*seconds == 0 ? "no limit" : timeInWords(*seconds)) + ".",
                Finding::Fix{slurmTime(m_limits.seconds), "Use " + timeInWords(m_limits.seconds)});
        if (*seconds > 0 && m_profile.saveBeforeEnd >= *seconds)
            add(Weight::Refused, "save_before_end", "--signal",
                "Saving starts " + std::to_string(m_profile.saveBeforeEnd) +
                    " s before the end, and the whole time is " + timeInWords(*seconds) + ".");
    }

    void checkSizes()
    {
        atMost("nodes", "--nodes", m_layout.nodes, m_limits.nodes, "nodes");
        atMost("gpus_per_node", "--gpus-per-node", m_layout.gpusPerNode, m_limits.gpusPerNode, "GPUs a node");
        // Where GPUs are known of other partitions and not of this one, it has none.
        const bool knowsGpus =
            std::ranges::any_of(m_profile.partitions, [](const auto& each) { return each.gpusPerNode > 0; });
        if (knowsGpus && !m_limits.name.empty() && m_limits.gpusPerNode == 0 && m_layout.gpusPerNode > 0)
            add(Weight::Refused, "gpus_per_node", "--gpus-per-node",
                m_limits.name + " has no GPUs; the script asks for " + std::to_string(m_layout.gpusPerNode) +
                    " a node.");
        const int64_t cpus = std::max<int64_t>(m_profile.cpusPerTask, 1) * m_layout.tasksPerNode;
        if (m_limits.cpusPerNode > 0 && cpus > m_limits.cpusPerNode)
            add(Weight::Refused, "cpus_per_task",
                m_profile.cpusPerTask > 0 ? "--cpus-per-task" : "--ntasks-per-node",
                "Nodes of " + m_limits.name + " have " + std::to_string(m_limits.cpusPerNode) + " CPUs; " +
                    std::to_string(m_layout.tasksPerNode) + " tasks with " +
                    std::to_string(std::max<int64_t>(m_profile.cpusPerTask, 1)) + " each need " +
                    std::to_string(cpus) + ".",
                fixIf(m_limits.cpusPerNode / m_layout.tasksPerNode, ""));
        if (!m_profile.memory.empty()) {
            const std::optional<int64_t> memory = slurmMiB(m_profile.memory);
            if (!memory)
                add(Weight::Refused, "memory", "--mem",
                    inQuotes(m_profile.memory) + " is no memory such as 480G.");
            else if (m_limits.memoryMiB > 0 && *memory > m_limits.memoryMiB)
                add(Weight::Refused, "memory", "--mem",
                    "Nodes of " + m_limits.name + " offer " + gib(m_limits.memoryMiB) + "; with " +
                        gib(*memory) + " the job cannot start.",
                    Finding::Fix{std::to_string(m_limits.memoryMiB) + "M", "Use " + gib(m_limits.memoryMiB)});
        }
        if (m_layout.gpusPerNode > 0 && m_layout.tasksPerNode != m_layout.gpusPerNode)
            add(Weight::Doubtful, "tasks_per_node", "--ntasks-per-node",
                "The engine wants one task for each GPU: " + std::to_string(m_layout.gpusPerNode) + ", not " +
                    std::to_string(m_layout.tasksPerNode) + ".",
                Finding::Fix{"0", "One a GPU"});
    }

    void checkLaunch()
    {
        if (m_profile.launch == LaunchVariant::Modules)
            return;
        if (m_profile.image.empty())
            add(Weight::Refused, "image", "", "There is no container image.");
        const size_t slash = m_profile.image.find('/');
        const std::string registry = m_profile.image.substr(0, slash);
        if (m_profile.launch == LaunchVariant::Pyxis && slash != std::string::npos && slash > 0 &&
            registry.find('.') != std::string::npos && registry.find('#') == std::string::npos &&
            !registry.starts_with('.')) {
            std::string right = m_profile.image;
            right[slash] = '#';
            add(Weight::Doubtful, "image", "--container-image",
                "Pyxis wants \"#\" after the registry; with \"/\" it looks for " + registry +
                    " on Docker Hub.",
                Finding::Fix{right, "Use " + registry + "#"});
        }
    }

    /// What only a GPU more than one needs.
    void checkEngine(const ParallelLayout& parallel, const char* verb)
    {
        const int64_t gpus = m_layout.nodes * std::max<int64_t>(m_layout.gpusPerNode, 1);
        int64_t group = 1;
        for (const auto& [key, size] : {std::pair{"parallel.tensor", parallel.tensor},
                                        {"parallel.pipeline", parallel.pipeline},
                                        {"parallel.context", parallel.context}})
            group *= size.value_or(1);
        if (gpus % group != 0)
            add(Weight::Refused, "parallel.tensor", "--nodes",
                "Tensor x pipeline x context is " + std::to_string(group) + ", and the script asks for " +
                    std::to_string(gpus) + " GPUs, which it does not divide.");
        if (gpus > 1 || group > 1)
            add(Weight::Refused, "parallel.gpus_per_node",
                m_layout.gpusPerNode > 1 ? "--gpus-per-node" : "--nodes",
                std::string("This engine ") + verb + " on one GPU so far and will refuse " +
                    std::to_string(std::max(gpus, group)) + ".");
    }

private:
    void checkName(const char* key, const char* option, const std::string& name,
                   const std::vector<std::string>& known)
    {
        if (name.empty() || known.empty() || std::ranges::find(known, name) != known.end())
            return;
        // Jobs may name several partitions, and the first that is free takes them.
        if (std::string_view(key) == "partition" && name.find(',') != std::string::npos)
            return;
        const std::string near = core::nearestName(name, known);
        add(Weight::Refused, key, option,
            "The cluster has no " + std::string(key) + " " + inQuotes(name) + core::suggestion(name, known),
            near.empty() ? std::optional<Finding::Fix>() : Finding::Fix{near, "Use " + near});
    }

    void atMost(const char* key, const char* option, int64_t value, int64_t limit, const char* noun)
    {
        if (limit > 0 && value > limit)
            add(Weight::Refused, key, option,
                m_limits.name + " has " + std::to_string(limit) + " " + noun + "; the script asks for " +
                    std::to_string(value) + ".",
                fixIf(limit, ""));
    }

    static std::optional<Finding::Fix> fixIf(int64_t value, const char* unit)
    {
        if (value < 1)
            return {};
        return Finding::Fix{std::to_string(value), "Use " + std::to_string(value) + unit};
    }

    const ClusterProfile& m_profile;
    ClusterLayout m_layout;
    PartitionLimits m_limits;
};

bool isInside(const std::string& path, const std::string& folder)
{
    return path == folder || path.starts_with(folder.ends_with('/') ? folder : folder + "/");
}

/// Whether a container sees a path at its own place.
bool isMounted(const std::string& path, const ClusterProfile& profile)
{
    return std::ranges::any_of(profile.mounts, [&](const std::string& mount) {
        const size_t colon = mount.find(':');
        const std::string to = mount.substr(colon + 1, mount.find(':', colon + 1) - colon - 1);
        return isInside(path, to);
    });
}

void checkData(Linter& linter, const Job& job, const ClusterProfile& profile)
{
    if (profile.launch == LaunchVariant::Modules)
        return;
    for (const DataSource& source : job.data.sources)
        if (source.path.starts_with('/') && !isMounted(source.path, profile))
            linter.add(Weight::Doubtful, "mounts", "",
                       "No mount shows " + source.path + " to the container.");
}

}  // namespace

std::vector<Finding> lint(const TrainingTask& task, const ClusterProfile& profile)
{
    Linter linter(profile, layoutOf(task.job.parallel, profile));
    linter.checkNames();
    linter.checkTime();
    linter.checkSizes();
    linter.checkLaunch();
    linter.checkEngine(task.job.parallel, "trains");
    checkData(linter, task.job, profile);
    if (task.job.saveEverySteps == 0 && task.job.saveEveryMinutes == 0)
        linter.add(Weight::Doubtful, "saving.every_minutes", "",
                   "The job saves at the end only; a node that fails, or a signal that does not come, loses "
                   "all of it.");
    return std::move(linter.found);
}

std::vector<Finding> lint(const GenerationTask& task, const ClusterProfile& profile)
{
    Linter linter(profile, layoutOf(task.parallel, profile));
    linter.checkNames();
    linter.checkTime();
    linter.checkSizes();
    linter.checkLaunch();
    linter.checkEngine(task.parallel, "generates");
    return std::move(linter.found);
}

int lineOf(const Finding& finding, const std::string& script)
{
    if (finding.option.empty())
        return 0;
    int line = 1;
    for (size_t begin = 0; begin < script.size(); ++line) {
        const size_t end = std::min(script.find('\n', begin), script.size());
        const std::string_view text = std::string_view(script).substr(begin, end - begin);
        const size_t at = text.find(finding.option);
        if (at != std::string_view::npos &&
            (text.starts_with("#SBATCH " + finding.option) || text.starts_with("    --")))
            return line;
        begin = end + 1;
    }
    return 0;
}

}  // namespace facet::jobs
