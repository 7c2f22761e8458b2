#pragma once

#include "ui/engine/engine_task.h"
#include "ui/theme/tokens.h"

#include <QWidget>

class QProgressBar;

namespace facet::ui {

class Label;

/// A command of the engine in a dialog: how far it is, and a line of words below. Names: taskProgress,
/// taskWords.
class TaskProgress final : public QWidget {
    Q_OBJECT

public:
    explicit TaskProgress(QWidget* parent = nullptr);

    bool isRunning() const { return m_task != nullptr; }

    /// Starts `program`, facet-engine. ended() follows.
    void start(const QString& program, const QStringList& arguments);

    /// ended() follows.
    void cancel();

    void say(Role role, const QString& sentence);

Q_SIGNALS:
    /// As EngineTask::ended().
    void ended(bool isDone, const QString& problem);

private:
    void showProgress();

    EngineTask* m_task = nullptr;
    QProgressBar* m_bar;
    Label* m_words;
};

}  // namespace facet::ui
