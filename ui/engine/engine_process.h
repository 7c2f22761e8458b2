#pragma once

// The engine as a child process of the window: `facet-engine serve`. Its first line on stdout says where it
// listens; stderr is its log. It ends when this object goes, or when the window dies: its stdin closes then.

#include <QElapsedTimer>
#include <QHash>
#include <QList>
#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>
#include <QUrl>

namespace facet::ui {

struct EngineAddress {
    QUrl url;  ///< "http://127.0.0.1:38123"
    QByteArray token;

    bool operator==(const EngineAddress&) const = default;
};

class EngineProcess : public QObject {
    Q_OBJECT

public:
    enum class State {
        Stopped,   ///< not started, or ended; the next need starts it
        Starting,  ///< until it has said where it listens
        Running,
        GaveUp,  ///< it died twice within a minute; retry() tries again
    };
    Q_ENUM(State)

    /// `program` is run with "serve --parent-stdin --port 0" and `arguments`.
    explicit EngineProcess(QString program, QStringList arguments = {}, QObject* parent = nullptr);
    ~EngineProcess() override;

    State state() const { return m_state; }

    /// The state in words, for the status bar and the chat: "Engine ended: signal 9. It starts again with
    /// ...".
    QString stateText() const;

    /// Why it ended or could not start: one sentence, "" while all is well.
    QString problem() const { return m_problem; }

    /// Precondition: it runs.
    EngineAddress address() const { return m_address; }

    qint64 processId() const { return m_process ? m_process->processId() : 0; }

    /// The last 1000 lines of stderr.
    const QStringList& log() const { return m_log; }

    /// Before the first start, or for the next one.
    void setArguments(QStringList arguments) { m_arguments = std::move(arguments); }

    /// Variables that it gets besides our own, from the next start on: the place for secrets, which arguments
    /// are not, since everybody may read those.
    void setVariable(const QString& name, const QString& value) { m_variables.insert(name, value); }

    /// How long it may take to say where it listens; a minute unless set.
    void setStartLimit(int milliseconds) { m_startLimit.setInterval(milliseconds); }

public Q_SLOTS:
    /// Starts it unless it runs, starts or was given up.
    void start();

    /// Forgets earlier deaths and starts it.
    void retry();

    /// Ends it without counting that as a death.
    void stop();

Q_SIGNALS:
    void stateChanged(facet::ui::EngineProcess::State state);
    void logLine(const QString& line);

private:
    void launch();
    void readOutput();
    void readLog();
    void addToLog(const QString& line);
    void setState(State state);
    void end(const QString& problem);

    QString m_program;
    QStringList m_arguments;
    QHash<QString, QString> m_variables;
    QProcess* m_process = nullptr;  // a child; none while stopped
    State m_state = State::Stopped;
    EngineAddress m_address;
    QString m_problem;
    QByteArray m_greeting;
    QByteArray m_logRest;
    QStringList m_log;
    QTimer m_startLimit;
    QElapsedTimer m_clock;
    QList<qint64> m_deaths;  // by m_clock, in ms
};

}  // namespace facet::ui
