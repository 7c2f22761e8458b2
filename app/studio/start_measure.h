#pragma once

#include "ui/window/main_window.h"

#include <QObject>

namespace facet::app {

/// What `dev bench studio` reads: prints one line of JSON with the time from exec to the first painted window
/// and the memory that the program holds a moment later, then ends the program.
class StartMeasure final : public QObject {
    Q_OBJECT

public:
    explicit StartMeasure(ui::MainWindow& window) : m_window(window) {}

    /// `startNs` is when the program was started, in nanoseconds since 1970.
    void begin(qint64 startNs);

protected:
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    void report(qint64 paintedNs);

    ui::MainWindow& m_window;
    qint64 m_startNs = 0;
    bool m_isPainted = false;
};

}  // namespace facet::app
