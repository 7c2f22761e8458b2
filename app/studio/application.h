#pragma once

#include <QApplication>

namespace facet::app {

/// The program's event loop, which can say how long it was held by one event: until that is over, nothing is
/// painted and no key is answered.
class Application final : public QApplication {
    Q_OBJECT

public:
    using QApplication::QApplication;

    struct Times {
        int numFrames = 0;  ///< the window was painted so often
        double longestFrameMs = 0;
        double longestFrameCpuMs = 0;  ///< less the time in which others had the processor
        double longestEventMs = 0;     ///< painting or anything else
        double longestEventCpuMs = 0;
    };

    /// Measures from now on.
    void measure()
    {
        m_isMeasuring = true;
        m_times = {};
    }
    const Times& times() const { return m_times; }

    bool notify(QObject* receiver, QEvent* event) override;

private:
    Times m_times;
    bool m_isMeasuring = false;
    int m_depth = 0;  // only the outermost event counts
};

}  // namespace facet::app
