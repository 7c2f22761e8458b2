#pragma once

#include "core/run/run_event.h"

#include <c10/core/Device.h>

#include <chrono>
#include <utility>
#include <vector>

namespace facet::engine {

/// Where the seconds of a step go: always into exactly one of a metric's times.
class Stopwatch {
public:
    using Part = double core::MetricEvent::*;

    explicit Stopwatch(Part part) : m_part(part) {}

    void start(Part part)
    {
        stop();
        m_part = part;
    }
    void stop()
    {
        const Clock::time_point now = Clock::now();
        m_times.emplace_back(m_part, std::chrono::duration<double>(now - m_start).count());
        m_start = now;
    }

    double seconds() const
    {
        double sum = 0;
        for (const auto& [part, seconds] : m_times)
            sum += seconds;
        return sum;
    }
    void fill(core::MetricEvent& metric) const
    {
        for (const auto& [part, seconds] : m_times)
            metric.*part += seconds;
    }

private:
    using Clock = std::chrono::steady_clock;

    Part m_part;
    Clock::time_point m_start = Clock::now();
    std::vector<std::pair<Part, double>> m_times;
};

/// The most memory that was in use: of a GPU by tensors, of a CPU by this process. In bytes.
int64_t peakMemory(c10::Device device);

}  // namespace facet::engine
