#pragma once

// How far a download is, how fast, and how long it will take.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace facet::core {

struct DownloadProgress {
    int64_t bytesDone = 0;  ///< of bytesAll; smaller than before if a file had to begin anew
    int64_t bytesAll = 0;   ///< of all files that are wanted, those in the cache too
    int filesDone = 0;
    int filesAll = 0;
    std::string file;           ///< the current one; "" before the first
    double bytesPerSecond = 0;  ///< over the last seconds
    std::optional<double> secondsLeft;
    int tryNumber = 1;
    int tries = 1;
    std::string trouble;  ///< why it waits or tries again; "" while all is well
};

/// Called about ten times per second from the downloading thread; false cancels.
using DownloadCallback = std::function<bool(const DownloadProgress&)>;

/// The rate over a window of the last five seconds.
class RateMeter {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit RateMeter(Time start) : m_samples{{start, 0}} {}

    /// `bytes` have come since the start.
    void add(Time now, int64_t bytes);

    double bytesPerSecond(Time now) const;

private:
    struct Sample {
        Time time;
        int64_t bytes;
    };
    std::deque<Sample> m_samples;
};

/// Keeps the numbers, and calls back not too often.
class ProgressReporter {
public:
    ProgressReporter(DownloadCallback callback, int tries);

    DownloadProgress& numbers() { return m_numbers; }
    void received(int64_t bytes);

    /// Calls back if the last time was a while ago. False once somebody has cancelled.
    bool tick();

    /// Calls back now.
    bool tell();

private:
    DownloadCallback m_callback;
    DownloadProgress m_numbers;
    RateMeter m_rate;
    RateMeter::Time m_lastTime;
    int64_t m_received = 0;
    bool m_isCancelled = false;
};

}  // namespace facet::core
