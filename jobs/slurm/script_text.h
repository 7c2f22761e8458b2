#pragma once

// The parts of a batch script, in the order in which they are written.

#include "jobs/cluster_profile.h"
#include "jobs/slurm/script.h"

#include <string>
#include <vector>

namespace facet::jobs {

/// Precondition  the profile and all that is added passed checkProfile and checkOneLine.
class ScriptText {
public:
    ScriptText(const ClusterProfile& profile, ClusterLayout layout) : m_profile(profile), m_layout(layout) {}

    const ClusterLayout& layout() const { return m_layout; }
    const std::string& text() const { return m_text; }

    void addLine(const std::string& line) { m_text += line + "\n"; }

    /// "#!" and all #SBATCH lines; `numTasks` of an array, 0 if it is none; `isSaving` for what traps the
    /// signal before the end.
    void addHead(const std::string& name, size_t numTasks, bool isSaving);

    /// What makes bash strict, modules, where things lie.
    void addStart();

    /// Variables of the profile, where the ranks meet, NCCL's.
    void addEnvironment();

    /// Runs the engine with saving on the cluster's signals, and starts the job again. Words of the command
    /// are quoted already; `runFolder` is mounted into containers.
    void addSavingRun(const std::vector<std::string>& command, const std::string& runFolder);

    /// Runs the engine and ends as it does.
    void addPlainRun(const std::vector<std::string>& command);

private:
    void addOption(const std::string& option) { addLine("#SBATCH " + option); }
    void addOption(const char* flag, const std::string& value);
    void addOption(const char* flag, int64_t value);

    /// srun with the engine's command, one argument a line.
    std::string launch(const std::vector<std::string>& command, const std::string& runFolder) const;
    std::vector<std::string> mounts(const std::string& runFolder) const;

    const ClusterProfile& m_profile;
    ClusterLayout m_layout;
    bool m_isArray = false;
    std::string m_text;
};

}  // namespace facet::jobs
