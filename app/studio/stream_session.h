#pragma once

// The window while it streams, for tests and the benchmark: asks the chosen model one question after the
// other and prints the answers as they are shown; at the end, how long the event loop was held.

#include "app/studio/application.h"
#include "app/studio/studio.h"

#include <QObject>
#include <QTimer>

#include <chrono>

namespace facet::app {

class StreamSession final : public QObject {
    Q_OBJECT

public:
    /// All must outlive this object.
    StreamSession(Application& application, Studio& studio) : m_application(application), m_studio(studio) {}

    /// Ends the program when it has streamed so long.
    void begin(std::chrono::seconds length);

private:
    void ask();
    void fail(const QString& sentence);
    void end();

    Application& m_application;
    Studio& m_studio;
    QTimer m_length;
};

}  // namespace facet::app
