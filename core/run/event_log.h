#pragma once

// events.jsonl: appended to by the run, read by everyone else, also while it grows and on a shared disk.

#include "core/base/file_descriptor.h"
#include "core/run/run_event.h"

#include <filesystem>
#include <vector>

namespace facet::core {

/// Appends events. Each is one write, so a reader and a crash see whole lines, but for the last one.
class EventLog {
public:
    /// Opens a log at its end; half a line that a crash left there is ended, so that it spoils nothing.
    ///
    /// Errors  NotFound (the folder), Io
    static Result<EventLog> open(const std::filesystem::path& path);

    /// Errors  Io, also on a full disk; the event may be tried again
    Result<void> append(const RunEvent& event);

private:
    EventLog(std::filesystem::path path, FileDescriptor file)
        : m_path(std::move(path)), m_file(std::move(file))
    {
    }

    std::filesystem::path m_path;
    FileDescriptor m_file;
    bool m_isInLine = false;  // a write was cut short
};

/// Follows a log that grows.
class EventReader {
public:
    explicit EventReader(std::filesystem::path path) : m_path(std::move(path)) {}

    /// The events that came since the last call, whole lines only, as they lie in the file: ResumeEvents too.
    /// What cannot be understood is passed over and counted. A log that is not there yet has none.
    ///
    /// Errors  Io
    Result<std::vector<RunEvent>> poll();

    int64_t numUnknown() const { return m_numUnknown; }

private:
    std::filesystem::path m_path;
    int64_t m_offset = 0;
    int64_t m_numUnknown = 0;
};

/// Adds new events to those that hold: a ResumeEvent first takes away what later steps of earlier attempts
/// said of metrics, validation, samples and checkpoints.
void addEvents(std::vector<RunEvent>& history, const std::vector<RunEvent>& news);

}  // namespace facet::core
