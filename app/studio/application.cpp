#include "app/studio/application.h"

#include <QEvent>

#include <algorithm>
#include <ctime>

namespace facet::app {

static double milliseconds(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

bool Application::notify(QObject* receiver, QEvent* event)
{
    if (!m_isMeasuring || m_depth > 0)
        return QApplication::notify(receiver, event);
    const bool isFrame = event->type() == QEvent::UpdateRequest;
    const double begin = milliseconds(CLOCK_MONOTONIC);
    const double beginCpu = milliseconds(CLOCK_THREAD_CPUTIME_ID);
    ++m_depth;
    const bool isTaken = QApplication::notify(receiver, event);
    --m_depth;
    const double took = milliseconds(CLOCK_MONOTONIC) - begin;
    const double tookCpu = milliseconds(CLOCK_THREAD_CPUTIME_ID) - beginCpu;
    m_times.longestEventMs = std::max(m_times.longestEventMs, took);
    m_times.longestEventCpuMs = std::max(m_times.longestEventCpuMs, tookCpu);
    if (isFrame) {
        ++m_times.numFrames;
        m_times.longestFrameMs = std::max(m_times.longestFrameMs, took);
        m_times.longestFrameCpuMs = std::max(m_times.longestFrameCpuMs, tookCpu);
    }
    return isTaken;
}

}  // namespace facet::app
