#pragma once

// What SLURM says about itself and its jobs, read from the output of its programs.

#include "jobs/cluster_profile.h"

#include <string>
#include <string_view>
#include <vector>

namespace facet::jobs {

/// Arguments of scontrol, squeue, sacct and sacctmgr whose output the functions below read.
inline constexpr std::string_view kSqueueFormat = "%i|%T|%r|%P|%N|%M|%l|%S|%j";
inline constexpr std::string_view kSacctFormat =
    "JobID,State,Partition,NodeList,Elapsed,Timelimit,ExitCode,JobName";

/// Partitions with what their nodes have: the output of "scontrol --oneliner show partition" and "... show
/// node".
std::vector<PartitionLimits> partitionsFrom(std::string_view partitions, std::string_view nodes);

/// One name a line, each once: "sacctmgr --noheader --parsable2 show associations user=ME format=account".
std::vector<std::string> namesFrom(std::string_view lines);

struct SlurmJob {
    std::string id;  ///< "12", of an array "12_3" or "12_[0-7%2]"
    std::string name;
    std::string state;   ///< SLURM's: PENDING, RUNNING, COMPLETED, ...
    std::string reason;  ///< SLURM's word for why it waits or ended, "" if it gave none
    std::string partition;
    std::string nodes;
    std::string elapsed;
    std::string limit;
    std::string start;     ///< expected or real, as SLURM writes it; "" if unknown
    std::string exitCode;  ///< status and signal, "3:0"; "" where nobody told
    bool operator==(const SlurmJob&) const = default;

    bool isOver() const;
};

/// "squeue --noheader --states=all --format=" with kSqueueFormat.
std::vector<SlurmJob> jobsFromSqueue(std::string_view lines);

/// "sacct --noheader --parsable2 --allocations --format=" with kSacctFormat.
std::vector<SlurmJob> jobsFromSacct(std::string_view lines);

/// "scontrol --oneliner show job".
std::vector<SlurmJob> jobsFromScontrol(std::string_view lines);

/// Whether SLURM keeps accounts, so that sacct knows what squeue forgets: "scontrol show config".
bool keepsAccounts(std::string_view config);

/// "Waiting", "Running", "Finished", ... for a state of SLURM's.
std::string stateInWords(const SlurmJob& job);

/// Why it waits, or how it ended: "Others go first"; SLURM's own word in brackets where we have none for it.
std::string reasonInWords(const SlurmJob& job);

}  // namespace facet::jobs
