#include "app/studio/start_measure.h"

#include <QCoreApplication>
#include <QEvent>
#include <QFile>
#include <QTimer>

#include <chrono>
#include <cstdio>

namespace facet::app {

namespace {

qint64 nowNs()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// VmRSS of this process in kB.
qint64 residentKb()
{
    QFile file(QStringLiteral("/proc/self/status"));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> lines = file.readAll().split('\n');
    for (const QByteArray& line : lines)
        if (line.startsWith("VmRSS:"))
            return line.mid(6).trimmed().split(' ').first().toLongLong();
    return 0;
}

/// So that what is made after the first picture counts, too.
constexpr int kSettleMs = 1500;

}  // namespace

void StartMeasure::begin(qint64 startNs)
{
    m_startNs = startNs;
    m_window.installEventFilter(this);
}

bool StartMeasure::eventFilter(QObject* object, QEvent* event)
{
    if (event->type() == QEvent::Paint && !m_isPainted) {
        m_isPainted = true;
        // Behind the paint events of all that is inside the window.
        QTimer::singleShot(0, this, [this] {
            QTimer::singleShot(kSettleMs, this, [this, painted = nowNs()] { report(painted); });
        });
    }
    return QObject::eventFilter(object, event);
}

void StartMeasure::report(qint64 paintedNs)
{
    std::printf("{\"first_window_ms\": %.1f, \"resident_kb\": %lld}\n",
                static_cast<double>(paintedNs - m_startNs) / 1e6, static_cast<long long>(residentKb()));
    std::fflush(stdout);
    QCoreApplication::quit();
}

}  // namespace facet::app
