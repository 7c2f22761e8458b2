#include "ui/engine/engine_task.h"

#include <QRegularExpression>

#include <chrono>

namespace facet::ui {

EngineTask::EngineTask(QString program, QStringList arguments, QObject* parent)
    : QObject(parent), m_program(std::move(program)), m_arguments(std::move(arguments))
{
    m_killTimer.setSingleShot(true);
    m_killTimer.setInterval(std::chrono::seconds(3));
    connect(&m_killTimer, &QTimer::timeout, &m_process, &QProcess::kill);
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("FACET_PROGRESS"), QStringLiteral("1"));
    m_process.setProcessEnvironment(environment);
    m_process.setStandardInputFile(QProcess::nullDevice());
    m_process.setStandardOutputFile(QProcess::nullDevice());
    connect(&m_process, &QProcess::readyReadStandardError, this, &EngineTask::readLines);
    connect(&m_process, &QProcess::finished, this, &EngineTask::handleEnd);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            handleEnd();
    });
}

EngineTask::~EngineTask()
{
    m_process.disconnect(this);
    if (!isRunning())
        return;
    m_process.kill();
    m_process.waitForFinished(1000);
}

void EngineTask::start()
{
    m_process.start(m_program, m_arguments);
}

void EngineTask::cancel()
{
    if (!isRunning())
        return;
    m_isCancelled = true;
    m_process.terminate();
    m_killTimer.start();
}

void EngineTask::readLines()
{
    static const QRegularExpression kPercent(QStringLiteral("\\b([0-9]{1,3})(\\.[0-9]+)? ?%"));
    m_rest += m_process.readAllStandardError();
    // A line of progress ends with a return, by which the next is written over it.
    m_rest.replace('\r', '\n');
    const qsizetype end = m_rest.lastIndexOf('\n');
    if (end < 0)
        return;
    for (const QByteArray& line : m_rest.left(end).split('\n')) {
        const QString text = QString::fromUtf8(line).trimmed();
        if (!text.isEmpty())
            m_lastLine = text;
    }
    m_rest.remove(0, end + 1);
    const QRegularExpressionMatch match = kPercent.match(m_lastLine);
    m_percent = match.hasMatch() ? match.captured(1).toInt() : -1;
    Q_EMIT progressed();
}

void EngineTask::handleEnd()
{
    if (std::exchange(m_hasEnded, true))
        return;
    m_killTimer.stop();
    m_rest += '\n';
    if (m_process.error() != QProcess::FailedToStart)
        readLines();
    const bool isDone = m_process.error() != QProcess::FailedToStart &&
                        m_process.exitStatus() == QProcess::NormalExit && m_process.exitCode() == 0;
    QString problem;
    if (!isDone && !m_isCancelled) {
        if (m_process.error() == QProcess::FailedToStart)
            problem = tr("%1 cannot be started: %2.").arg(m_program, m_process.errorString());
        else if (m_process.exitStatus() == QProcess::CrashExit)
            problem = tr("The engine ended with signal %1; it said last: %2")
                          .arg(m_process.exitCode())
                          .arg(m_lastLine);
        else
            problem = m_lastLine.isEmpty() ? tr("The engine ended with status %1.").arg(m_process.exitCode())
                                           : m_lastLine;
        problem.remove(QStringLiteral("facet-engine: "));
    }
    Q_EMIT ended(isDone, problem);
}

}  // namespace facet::ui
