#include "core/hub/progress.h"

namespace facet::core {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kWindow = std::chrono::seconds(5);
constexpr std::chrono::milliseconds kStep{100};

}  // namespace

void RateMeter::add(Time now, int64_t bytes)
{
    // One sample per step is enough; the newest one is moved along.
    if (m_samples.size() > 1 && now - m_samples[m_samples.size() - 2].time < kStep)
        m_samples.back() = {now, bytes};
    else
        m_samples.push_back({now, bytes});
    while (m_samples.size() > 2 && now - m_samples[1].time > kWindow)
        m_samples.pop_front();
}

double RateMeter::bytesPerSecond(Time now) const
{
    const Sample* oldest = &m_samples.front();
    for (const Sample& sample : m_samples)
        if (now - sample.time > kWindow)
            oldest = &sample;
    const std::chrono::duration<double> time = now - oldest->time;
    return time > kStep ? double(m_samples.back().bytes - oldest->bytes) / time.count() : 0;
}

ProgressReporter::ProgressReporter(DownloadCallback callback, int tries)
    : m_callback(std::move(callback)), m_rate(Clock::now())
{
    m_numbers.tries = tries;
}

void ProgressReporter::received(int64_t bytes)
{
    m_received += bytes;
    m_rate.add(Clock::now(), m_received);
}

bool ProgressReporter::tick()
{
    return !m_isCancelled && (Clock::now() - m_lastTime < kStep || tell());
}

bool ProgressReporter::tell()
{
    m_lastTime = Clock::now();
    m_numbers.bytesPerSecond = m_rate.bytesPerSecond(m_lastTime);
    m_numbers.secondsLeft.reset();
    if (m_numbers.bytesPerSecond > 0)
        m_numbers.secondsLeft = double(m_numbers.bytesAll - m_numbers.bytesDone) / m_numbers.bytesPerSecond;
    if (!m_isCancelled && m_callback && !m_callback(m_numbers))
        m_isCancelled = true;
    return !m_isCancelled;
}

}  // namespace facet::core
