#pragma once

// The window with more than one usually has, for the benchmark: tests/peers/bench_studio_size.py makes a home
// with a run of a million events, two hundred runs, a log of 10 GB or a file of a million rows; this opens it
// as a user does and prints one line of JSON with what that took.

#include "app/studio/application.h"
#include "app/studio/studio.h"

#include <QString>

#include <functional>

namespace facet::app {

class SizeSession {
public:
    /// All must outlive this object.
    SizeSession(Application& application, Studio& studio) : m_application(application), m_studio(studio) {}

    /// `part` is "run", "runs", "log" or "data=FILE"; the window is shown already. Runs the event loop
    /// itself: what it measures must not happen within another event.
    ///
    /// Returns the program's exit code.
    int run(const QString& part);

private:
    bool measureRun();
    bool measureRuns();
    bool measureLog();
    bool measureData(const QString& file);

    /// Lets the window work until it is so.
    bool waitFor(const std::function<bool()>& condition, const char* what);
    void waitForPaint(QWidget& widget);
    void put(const char* name, double value);
    void putLongest(const char* name);
    void beginEvents();

    template <typename T>
    T* find(const char* name)
    {
        return m_studio.window().findChild<T*>(QString::fromLatin1(name));
    }

    Application& m_application;
    Studio& m_studio;
    QString m_line;
};

}  // namespace facet::app
