#include "ui/clusters/slurm_programs.h"

#include <QPointer>
#include <QProcess>
#include <QStandardPaths>
#include <QTimer>

namespace facet::ui {

namespace {

constexpr int kPatienceMs = 20'000;  // a busy controller answers within ten

core::Error failure(const QString& program, const QByteArray& error)
{
    const QByteArray last = error.trimmed().split('\n').last().trimmed();
    return {core::ErrorCode::Unavailable,
            last.isEmpty() ? program.toStdString() + " ended without a word of why" : last.toStdString()};
}

}  // namespace

SlurmPrograms::~SlurmPrograms()
{
    for (QProcess* process : findChildren<QProcess*>()) {
        process->disconnect();
        process->kill();
        process->waitForFinished(1000);
    }
}

bool SlurmPrograms::areHere() const
{
    return !QStandardPaths::findExecutable(QStringLiteral("sbatch")).isEmpty();
}

void SlurmPrograms::run(QObject* context, const QString& program, const QStringList& arguments,
                        const Answer& then, const QByteArray& input, const QString& folder)
{
    auto* process = new QProcess(this);
    if (!folder.isEmpty())
        process->setWorkingDirectory(folder);
    const QPointer<QObject> alive(context);
    const auto answer = [process, alive, then](const core::Result<QByteArray>& result) {
        process->disconnect();
        process->deleteLater();
        if (alive)
            then(result);
    };
    connect(process, &QProcess::errorOccurred, this, [answer, program](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            answer(core::Error{core::ErrorCode::NotFound,
                               "there is no " + program.toStdString() + " on this machine"});
    });
    connect(process, &QProcess::finished, this,
            [answer, process, program](int exitCode, QProcess::ExitStatus status) {
                if (status == QProcess::NormalExit && exitCode == 0)
                    answer(process->readAllStandardOutput());
                else
                    answer(failure(program, process->readAllStandardError()));
            });
    QTimer::singleShot(kPatienceMs, process, &QProcess::kill);
    process->start(program, arguments);
    process->write(input);
    process->closeWriteChannel();
}

}  // namespace facet::ui
