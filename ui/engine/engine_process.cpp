#include "ui/engine/engine_process.h"

#include "ui/engine/engine_messages.h"

#include <algorithm>

namespace facet::ui {

static constexpr qsizetype kMaxGreetingBytes = 64 << 10;
static constexpr qsizetype kMaxLogLines = 1000;
static constexpr qsizetype kMaxLogLineBytes = 16 << 10;
static constexpr qint64 kDeathWindowMs = 60'000;
static constexpr int kStopLimitMs = 2000;

EngineProcess::EngineProcess(QString program, QStringList arguments, QObject* parent)
    : QObject(parent), m_program(std::move(program)), m_arguments(std::move(arguments))
{
    m_clock.start();
    m_startLimit.setSingleShot(true);
    m_startLimit.setInterval(60'000);
    connect(&m_startLimit, &QTimer::timeout, this, [this] {
        end(tr("The engine did not say where it listens within %1 s, so it was ended: see its log.")
                .arg(m_startLimit.interval() / 1000));
    });
}

EngineProcess::~EngineProcess()
{
    if (!m_process)
        return;
    m_process->disconnect(this);
    m_process->closeWriteChannel();
    if (!m_process->waitForFinished(kStopLimitMs)) {
        m_process->kill();
        m_process->waitForFinished(kStopLimitMs);
    }
}

QString EngineProcess::stateText() const
{
    switch (m_state) {
        case State::Starting:
            return tr("Engine starts");
        case State::Running:
            return tr("Engine runs");
        case State::GaveUp:
            return tr("Engine ended twice within a minute. Last: %1").arg(m_problem);
        case State::Stopped:
            break;
    }
    return m_problem.isEmpty() ? tr("Engine is off")
                               : tr("%1 It starts again when it is needed.").arg(m_problem);
}

void EngineProcess::start()
{
    if (m_state == State::Stopped)
        launch();
}

void EngineProcess::retry()
{
    m_deaths.clear();
    if (m_state == State::GaveUp)
        setState(State::Stopped);
    start();
}

void EngineProcess::stop()
{
    if (!m_process)
        return;
    QProcess* process = std::exchange(m_process, nullptr);
    process->disconnect(this);
    m_startLimit.stop();
    // It has a moment to end by itself; the window does not wait for it.
    connect(process, &QProcess::finished, process, &QObject::deleteLater);
    process->closeWriteChannel();
    QTimer::singleShot(kStopLimitMs, process, &QProcess::kill);
    m_problem.clear();
    setState(State::Stopped);
}

void EngineProcess::launch()
{
    m_problem.clear();
    m_greeting.clear();
    m_logRest.clear();
    m_address = {};
    m_process = new QProcess(this);
    connect(m_process, &QProcess::readyReadStandardOutput, this, &EngineProcess::readOutput);
    connect(m_process, &QProcess::readyReadStandardError, this, &EngineProcess::readLog);
    connect(m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            end(tr("%1 cannot be started: %2.").arg(m_program, m_process->errorString()));
    });
    connect(m_process, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
        readLog();
        end(status == QProcess::CrashExit ? tr("The engine was ended by signal %1.").arg(code)
                                          : tr("The engine ended with exit code %1.").arg(code));
    });
    setState(State::Starting);
    m_startLimit.start();
    const QStringList serve = {QStringLiteral("serve"), QStringLiteral("--parent-stdin"),
                               QStringLiteral("--port"), QStringLiteral("0")};
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    for (auto variable = m_variables.cbegin(); variable != m_variables.cend(); ++variable)
        environment.insert(variable.key(), variable.value());
    m_process->setProcessEnvironment(environment);
    m_process->start(m_program, serve + m_arguments);
}

void EngineProcess::readOutput()
{
    const QByteArray bytes = m_process->readAllStandardOutput();
    if (m_state != State::Starting) {
        addToLog(QString::fromUtf8(bytes.left(kMaxLogLineBytes)).trimmed());
        return;
    }
    m_greeting += bytes;
    const qsizetype lineEnd = m_greeting.indexOf('\n');
    if (lineEnd < 0 && m_greeting.size() <= kMaxGreetingBytes)
        return;
    const core::Result<EngineGreeting> greeting =
        decodeGreeting(m_greeting.left(std::max<qsizetype>(lineEnd, 0)));
    if (!greeting) {
        end(QString::fromStdString(greeting.error().message));
        return;
    }
    m_startLimit.stop();
    m_address.url = QUrl(QStringLiteral("http://127.0.0.1:%1").arg(greeting->port));
    m_address.token = greeting->token;
    setState(State::Running);
}

void EngineProcess::readLog()
{
    m_logRest += m_process->readAllStandardError();
    for (qsizetype end = 0; (end = m_logRest.indexOf('\n')) >= 0;) {
        addToLog(QString::fromUtf8(m_logRest.left(end)));
        m_logRest.remove(0, end + 1);
    }
    if (m_logRest.size() > kMaxLogLineBytes)
        addToLog(QString::fromUtf8(std::exchange(m_logRest, {})));
}

void EngineProcess::addToLog(const QString& line)
{
    if (line.isEmpty())
        return;
    m_log.append(line);
    if (m_log.size() > kMaxLogLines)
        m_log.removeFirst();
    Q_EMIT logLine(line);
}

void EngineProcess::setState(State state)
{
    m_state = state;
    Q_EMIT stateChanged(state);
}

void EngineProcess::end(const QString& problem)
{
    m_startLimit.stop();
    QProcess* process = std::exchange(m_process, nullptr);
    process->disconnect(this);
    if (process->state() == QProcess::NotRunning)
        process->deleteLater();
    else {
        connect(process, &QProcess::finished, process, &QObject::deleteLater);
        process->kill();
    }
    const qint64 now = m_clock.elapsed();
    m_deaths.erase(std::remove_if(m_deaths.begin(), m_deaths.end(),
                                  [now](qint64 death) { return now - death > kDeathWindowMs; }),
                   m_deaths.end());
    m_deaths.append(now);
    m_problem = problem;
    setState(m_deaths.size() >= 2 ? State::GaveUp : State::Stopped);
}

}  // namespace facet::ui
