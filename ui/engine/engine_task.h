#pragma once

// One command of facet-engine that works and ends: merge, export. What it says goes to stderr; the last line
// stands for how far it is.

#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>

namespace facet::ui {

class EngineTask final : public QObject {
    Q_OBJECT

public:
    /// `program` is facet-engine.
    EngineTask(QString program, QStringList arguments, QObject* parent = nullptr);

    /// Ends what still runs.
    ~EngineTask() override;

    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }

    /// The last line that it said.
    const QString& lastLine() const { return m_lastLine; }

    /// 0 to 100 where the last line has a percentage, else -1.
    int percent() const { return m_percent; }

    void start();

    /// Asks it to end, and makes it after three seconds. ended() follows.
    void cancel();

Q_SIGNALS:
    void progressed();

    /// Once. `problem` is why it failed, a sentence; "" if it is done or was cancelled.
    void ended(bool isDone, const QString& problem);

private:
    void readLines();
    void handleEnd();

    QString m_program;
    QStringList m_arguments;
    QProcess m_process;
    QTimer m_killTimer;
    QByteArray m_rest;
    QString m_lastLine;
    int m_percent = -1;
    bool m_isCancelled = false;
    bool m_hasEnded = false;
};

}  // namespace facet::ui
