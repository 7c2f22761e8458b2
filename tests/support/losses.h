#pragma once

#include "core/run/event_log.h"
#include "core/run/run_folder.h"

#include <vector>

namespace facet::core {

/// The training losses that a run told, step by step, without those of attempts that were begun again.
inline std::vector<double> lossesOf(const RunFolder& folder)
{
    EventReader reader(folder.events());
    std::vector<RunEvent> history;
    if (const auto events = reader.poll())
        addEvents(history, *events);
    std::vector<double> losses;
    for (const RunEvent& event : history)
        if (const auto* metric = std::get_if<MetricEvent>(&event.what))
            losses.push_back(metric->loss);
    return losses;
}

}  // namespace facet::core
