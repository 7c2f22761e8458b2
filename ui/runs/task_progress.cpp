#include "ui/runs/task_progress.h"

#include "ui/widgets/label.h"

#include <QProgressBar>
#include <QVBoxLayout>

#include <algorithm>

namespace facet::ui {

TaskProgress::TaskProgress(QWidget* parent)
    : QWidget(parent), m_bar(new QProgressBar), m_words(new Label(TextStyle::Small, Role::Text2))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kM);
    m_bar->setObjectName(QStringLiteral("taskProgress"));
    m_bar->setAccessibleName(tr("Progress"));
    m_bar->setTextVisible(false);
    m_bar->hide();
    m_words->setObjectName(QStringLiteral("taskWords"));
    m_words->setWordWrap(true);
    column->addWidget(m_bar);
    column->addWidget(m_words);
}

void TaskProgress::start(const QString& program, const QStringList& arguments)
{
    m_task = new EngineTask(program, arguments, this);
    connect(m_task, &EngineTask::progressed, this, &TaskProgress::showProgress);
    connect(m_task, &EngineTask::ended, this, [this](bool isDone, const QString& problem) {
        m_task->deleteLater();
        m_task = nullptr;
        m_bar->hide();
        Q_EMIT ended(isDone, problem);
    });
    say(Role::Text2, tr("The engine starts"));
    m_bar->setRange(0, 0);
    m_bar->show();
    m_task->start();
}

void TaskProgress::cancel()
{
    if (m_task)
        m_task->cancel();
}

void TaskProgress::say(Role role, const QString& sentence)
{
    m_words->setRole(role);
    m_words->setText(sentence);
}

void TaskProgress::showProgress()
{
    m_words->setText(m_task->lastLine());
    m_bar->setRange(0, m_task->percent() < 0 ? 0 : 100);
    m_bar->setValue(std::max(m_task->percent(), 0));
}

}  // namespace facet::ui
