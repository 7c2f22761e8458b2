#pragma once

// The folder of one run: made by the engine, read by everyone.
//
//   job.json               as resolved
//   status.json            RunStatus, replaced atomically
//   run.lock               held while training
//   events.jsonl           see run_event.h
//   events.out.tfevents.*  for TensorBoard
//   log.txt                what went to stderr
//   launch.json, launch.log  by whoever started it in the background, see launch_record.h
//   checkpoints/step-00000100/
//   samples/
//   evaluations/           what was measured afterwards, see evaluation_report.h

#include "core/base/file_lock.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

enum class RunState { Starting, Running, Saving, Done, Stopped, Failed };

std::string_view nameOf(RunState state);  ///< "starting", "running", "saving", "done", "stopped", "failed"

/// A process of a host: pids are used again, and this tells which one was meant.
struct ProcessIdentity {
    std::string host;
    std::string bootId;  ///< of the host's running system
    int64_t pid = 0;
    int64_t start = 0;  ///< in clock ticks since the host's start, /proc/PID/stat

    /// Of a process of this host, now; `start` is 0 if there is none.
    static ProcessIdentity of(int64_t pid);

    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// Whether it lives (what only waits to be reaped does not); none if it is on another host.
std::optional<bool> isAlive(const ProcessIdentity& process);

struct RunStatus {
    RunState state = RunState::Starting;
    std::string message;  ///< why it failed or stopped; "" else
    std::string host;
    std::string bootId;  ///< of the host's running system: with it and processStart a pid means one process
    int64_t pid = 0;
    int64_t processStart = 0;  ///< in clock ticks since the host's start, /proc/PID/stat
    std::string slurmJobId;    ///< "" outside SLURM
    int64_t slurmRestarts = 0;
    double heartbeat = 0;  ///< seconds since 1970, UTC
    int64_t step = 0;
    int64_t numSteps = 0;

    ProcessIdentity process() const { return {host, bootId, pid, processStart}; }

    /// Of this process, on this host, now.
    static RunStatus ofThisProcess();
};

struct RunFolder {
    std::filesystem::path path;

    std::filesystem::path job() const { return path / "job.json"; }
    std::filesystem::path status() const { return path / "status.json"; }
    std::filesystem::path events() const { return path / "events.jsonl"; }
    std::filesystem::path log() const { return path / "log.txt"; }
    std::filesystem::path launch() const { return path / "launch.json"; }
    std::filesystem::path launchLog() const { return path / "launch.log"; }
    std::filesystem::path checkpoints() const { return path / "checkpoints"; }
    std::filesystem::path samples() const { return path / "samples"; }
    std::filesystem::path evaluations() const { return path / "evaluations"; }
    std::filesystem::path checkpoint(int64_t step) const;

    /// Whether a run was ever started here.
    bool exists() const;

    /// Makes the folder and those inside it. Errors  Io
    Result<void> create() const;

    /// Errors  Unavailable, in words, while another process trains here; Io
    Result<FileLock> lock() const;

    /// Steps of all whole checkpoints, in order.
    std::vector<int64_t> savedSteps() const;

    friend bool operator==(const RunFolder&, const RunFolder&) = default;
};

/// What a folder with a model or an adapter is called: its last part, but "receipts-step-100" for a
/// checkpoint of the run receipts, since the last part is the same in each run.
std::string nameOfFolder(const std::filesystem::path& path);

/// Errors  Io
Result<void> writeStatus(const RunFolder& folder, const RunStatus& status);

/// Errors  NotFound, Io, InvalidInput
Result<RunStatus> readStatus(const RunFolder& folder);

}  // namespace facet::core
