#pragma once

// The runs that wait for this user's machines: what is to run, in which order, on which devices. What became
// of an entry is never written down; its run's folder says that (queue_report.h).

#include "core/base/file_lock.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace facet::jobs {

struct QueueEntry {
    int64_t id = 0;                    ///< never given twice
    std::string name;                  ///< of the run
    std::filesystem::path folder;      ///< of the run; absolute
    std::string host;                  ///< the machine that runs it
    std::vector<std::string> devices;  ///< the first of them that is free is taken: "cpu", "cuda:1"
    std::vector<int64_t> after;        ///< runs that have to be done before
    std::string sweep;                 ///< that it belongs to; "" if none

    bool operator==(const QueueEntry&) const = default;
};

struct RunQueue {
    std::vector<QueueEntry> entries;  ///< the first goes first
    int64_t nextId = 1;

    const QueueEntry* find(int64_t id) const;

    /// By id ("#7" or "7"), else by name.
    ///
    /// Errors  NotFound
    core::Result<int64_t> idOf(std::string_view wanted) const;

    bool operator==(const RunQueue&) const = default;
};

/// Whether a word means a device that one run can have: "cpu", "cuda:0" to "cuda:999".
bool isQueueDevice(std::string_view word);

/// The entry behind all others, with an id of its own.
///
/// Errors  InvalidInput: a run of that name or folder waits already, no device, one that is none; NotFound:
///         `after`
core::Result<int64_t> addEntry(RunQueue& queue, QueueEntry entry);

/// Moves an entry to a place, counted from 0; one behind the last is the last.
///
/// Errors  NotFound
core::Result<void> moveEntry(RunQueue& queue, int64_t id, size_t place);

/// Lets an entry start only when those of `after` are done, and no others.
///
/// Errors  NotFound; InvalidInput: one of them comes after this one, or is this one
core::Result<void> setAfter(RunQueue& queue, int64_t id, std::vector<int64_t> after);

/// Errors  NotFound; InvalidInput: others come after it
core::Result<void> removeEntry(RunQueue& queue, int64_t id);

/// Takes away an entry whose run is done: those that come after it wait for it no more.
void dropDone(RunQueue& queue, int64_t id);

nlohmann::ordered_json toJson(const RunQueue& queue);

/// Errors  InvalidInput: a version other than ours, a wrong member; the sentence lacks the file
core::Result<RunQueue> runQueueFrom(const nlohmann::json& json);

/// queue.json of a home, and in the folder queue/ the job of each entry, so that a later change of the job
/// file changes nothing.
///
/// Thread  any; those who change it wait for each other, across processes.
class QueueFile {
public:
    explicit QueueFile(std::filesystem::path home) : m_home(std::move(home)) {}

    const std::filesystem::path& home() const { return m_home; }
    std::filesystem::path file() const { return m_home / "queue.json"; }
    std::filesystem::path jobFile(int64_t id) const;

    /// An empty queue where there is no file yet.
    ///
    /// Errors  Io; InvalidInput if the file is damaged or newer. No call ever overwrites such a file.
    core::Result<RunQueue> read() const;

    /// Reads it, lets `change` change it and writes it, while everyone else waits. Nothing is written when
    /// `change` fails or changes nothing. Job files of entries that are gone are removed.
    ///
    /// Errors  as read(), and what `change` says
    core::Result<void> edit(const std::function<core::Result<void>(RunQueue&)>& change) const;

private:
    std::filesystem::path m_home;
};

}  // namespace facet::jobs
