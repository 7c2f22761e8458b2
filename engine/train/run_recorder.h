#pragma once

// Everything a run tells: events.jsonl, TensorBoard's file, status.json.

#include "core/run/event_log.h"
#include "core/run/run_folder.h"
#include "core/run/tensorboard.h"

#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace facet::engine {

/// A disk that is full does not end a run: what could not be written is said once on `say`, kept in bounds,
/// and written when there is room again.
class RunRecorder {
public:
    /// Errors  Io
    static core::Result<RunRecorder> open(const core::RunFolder& folder, bool tensorBoard,
                                          std::function<void(const std::string&)> say);

    template <typename Event>
    void record(const Event& event)
    {
        append({now(), event});
    }
    void warn(int64_t step, const std::string& text);
    void setState(core::RunState state, const std::string& message = {});

    /// Where the run is; writes status.json at most once a second.
    void beat(int64_t step, int64_t numSteps);

    static double now();  ///< seconds since 1970, UTC

private:
    RunRecorder(core::RunFolder folder, core::EventLog log, std::function<void(const std::string&)> say)
        : m_folder(std::move(folder)), m_log(std::move(log)), m_say(std::move(say))
    {
    }
    void append(const core::RunEvent& event);
    void toTensorBoard(const core::RunEvent& event);
    void note(const core::Result<void>& written);
    void writeStatusNow();

    core::RunFolder m_folder;
    core::EventLog m_log;
    std::optional<core::TensorBoardLog> m_tensorBoard;
    std::function<void(const std::string&)> m_say;
    std::deque<core::RunEvent> m_waiting;
    core::RunStatus m_status = core::RunStatus::ofThisProcess();
    bool m_isFailing = false;
};

}  // namespace facet::engine
