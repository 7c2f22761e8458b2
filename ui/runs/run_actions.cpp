// RunDetail: what can be done with a run.

#include "core/run/run_signal.h"
#include "jobs/launch/launch.h"
#include "ui/background.h"
#include "ui/models/room_question.h"
#include "ui/models/words.h"
#include "ui/runs/checkpoints_view.h"
#include "ui/runs/resume_dialog.h"
#include "ui/runs/run_detail.h"

#include <QDesktopServices>
#include <QFile>
#include <QMessageBox>
#include <QUrl>

#include <csignal>

namespace facet::ui {

void RunDetail::signal(int number, const QString& done)
{
    const core::ObservedRun* run = this->run();
    if (!run || run->pid == 0)
        return;
    // The process that was seen, not whoever has its number at the click.
    const core::Result<void> sent = core::sendSignal(run->process, number);
    if (sent)
        say(QStringLiteral("done"), done, QString::fromStdString(run->name));
    else
        say(QStringLiteral("error"), tr("Nothing was done"), QString::fromStdString(sent.error().message));
}

void RunDetail::saveNow()
{
    signal(SIGUSR1, tr("It saves after this step"));
}

void RunDetail::pause()
{
    signal(SIGTERM, tr("It saves and stops after this step"));
}

void RunDetail::resume()
{
    resumeWith({});
}

void RunDetail::resumeWithChanges()
{
    const core::ObservedRun* run = this->run();
    if (!run || run->isUnderWay())
        return;
    auto* dialog = new ResumeDialog(QString::fromStdString(run->name), m_settings, this);
    connect(dialog, &ResumeDialog::resumeWanted, this, &RunDetail::resumeWith);
    dialog->open();
}

void RunDetail::resumeWith(const QStringList& changes)
{
    if (m_paths.isEmpty())
        return;
    const core::ObservedRun* run = this->run();
    jobs::Launch launch = {m_engine.toStdString(),
                           m_paths.front().toStdString(),
                           run && !run->device.empty() ? run->device : "auto",
                           {}};
    for (const QString& change : changes)
        launch.arguments.push_back(change.toStdString());
    whenThereIsRoom(m_loaded, {{launch.device}, tr("resume")}, this, [this, launch] { start(launch); });
}

void RunDetail::start(const jobs::Launch& launch)
{
    m_resume->setEnabled(false);
    runInBackground(
        this, [launch] { return std::make_shared<core::Result<jobs::Launched>>(jobs::launch(launch)); },
        [this](const std::shared_ptr<core::Result<jobs::Launched>>& launched) {
            m_resume->setEnabled(true);
            if (!*launched)
                say(QStringLiteral("error"), tr("The run was not resumed"),
                    QString::fromStdString(launched->error().message));
            m_runs.look();
        });
}

void RunDetail::stopNow()
{
    const core::ObservedRun* run = this->run();
    if (!run || run->pid == 0)
        return;
    auto* question =
        new QMessageBox(QMessageBox::Warning, tr("Stop %1 now?").arg(QString::fromStdString(run->name)),
                        tr("What it did since step %1, where it was saved last, is lost.")
                            .arg(words::integer(run->savedStep)),
                        QMessageBox::Cancel, this);
    question->setObjectName(QStringLiteral("stopQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    const QPushButton* stop = question->addButton(tr("Stop now"), QMessageBox::DestructiveRole);
    connect(stop, &QPushButton::clicked, this, [this] { signal(SIGKILL, tr("Stopped")); });
    question->open();
}

void RunDetail::moveToTrash()
{
    const core::ObservedRun* run = this->run();
    if (!run)
        return;
    const QString name = QString::fromStdString(run->name), path = m_paths.front();
    if (run->isUnderWay()) {
        say(QStringLiteral("warn"), tr("%1 is running").arg(name), tr("Stop it first."));
        return;
    }
    auto* question = new QMessageBox(QMessageBox::Warning, tr("Move %1 to the trash?").arg(name),
                                     tr("%1 with all its checkpoints goes to the trash of the desktop.")
                                         .arg(words::folder(run->folder.path)),
                                     QMessageBox::Cancel, this);
    question->setObjectName(QStringLiteral("trashQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton* move = question->addButton(tr("Move to trash"), QMessageBox::DestructiveRole);
    move->setObjectName(QStringLiteral("trashYes"));
    connect(move, &QPushButton::clicked, this, [this, path, name] {
        runInBackground(
            this, [path] { return QFile::moveToTrash(path); },
            [this, path, name](bool isMoved) {
                if (!isMoved)
                    say(QStringLiteral("error"), tr("%1 was not moved").arg(name),
                        tr("There is no trash for %1.").arg(path));
                m_runs.look();
            });
    });
    question->open();
}

void RunDetail::chat()
{
    m_checkpoints->chat();
}

void RunDetail::merge()
{
    m_checkpoints->merge();
}

void RunDetail::evaluate()
{
    if (!m_paths.isEmpty())
        m_checkpoints->evaluate();
}

void RunDetail::duplicate()
{
    if (!m_paths.isEmpty())
        Q_EMIT duplicateWanted(m_paths.front());
}

void RunDetail::openFolder()
{
    if (!m_paths.isEmpty())
        QDesktopServices::openUrl(QUrl::fromLocalFile(m_paths.front()));
}

}  // namespace facet::ui
