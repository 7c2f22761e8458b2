#pragma once

// What a run tells, one line of JSON each in events.jsonl:
//   {"event": "metric", "time": 1764057600.25, "step": 12, "loss": 1.25, ...}
// Readers pass over events and members that they do not know.

#include "core/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace facet::core {

/// One step of training. A step is counted when it is done: the first is 1.
struct MetricEvent {
    int64_t step = 0;
    int64_t tokens = 0;   ///< computed since the run's beginning
    int64_t targets = 0;  ///< tokens of this step that count in the loss
    double loss = 0;      ///< mean over the targets of the global batch, before the step
    double lr = 0;
    double gradNorm = 0;  ///< before clipping
    double tokensPerSecond = 0;

    // Seconds of this step, by what they went to.
    double dataSeconds = 0;
    double forwardSeconds = 0;
    double backwardSeconds = 0;
    double optimizerSeconds = 0;
    double communicationSeconds = 0;

    double tflops = 0;        ///< 10^12 operations of the model a second, of one device
    double mfu = 0;           ///< of what the device can do at most; 0: not known
    int64_t memoryBytes = 0;  ///< of the device (a CPU: of the process) at the peak
    double secondsLeft = 0;
};

struct ValidationEvent {
    int64_t step = 0;
    double loss = 0;
    int64_t targets = 0;
};

/// What the model answered to one of the job's prompts.
struct SampleEvent {
    int64_t step = 0;
    std::string prompt;
    std::string image;  ///< path, or ""
    std::string text;
};

struct CheckpointEvent {
    int64_t step = 0;
    std::string path;  ///< in the run's folder: "checkpoints/step-00000100"
    std::string why;   ///< "steps", "time", "signal", "best", "end"
};

struct WarningEvent {
    int64_t step = 0;
    std::string text;
};

struct StateEvent {
    std::string state;  ///< as in status.json
    std::string text;   ///< why
};

/// The run goes on after step `fromStep`; later steps of earlier attempts do not count any more.
struct ResumeEvent {
    int64_t fromStep = 0;
};

/// One GPU at one moment.
struct GpuEvent {
    int64_t index = 0;
    double utilization = 0;  ///< 0 to 1
    int64_t memoryBytes = 0;
    double watts = 0;
    double celsius = 0;
};

struct RunEvent {
    double time = 0;  ///< seconds since 1970, UTC
    std::variant<MetricEvent, ValidationEvent, SampleEvent, CheckpointEvent, WarningEvent, StateEvent,
                 ResumeEvent, GpuEvent>
        what;
};

/// One line, without its end. Numbers that are not finite become null, text that is no UTF-8 U+FFFD.
std::string lineOf(const RunEvent& event);

/// Errors  InvalidInput: no JSON object, a known event with a member of a wrong type; NotFound: an event of
///         another kind, to be passed over
Result<RunEvent> eventOf(std::string_view line);

/// The step that an event is about; -1: none.
int64_t stepOf(const RunEvent& event);

}  // namespace facet::core
