#pragma once

#include "ui/runs/queue_list.h"

#include <QWidget>

class QListView;
class QPushButton;
class QToolButton;

namespace facet::ui {

class Banner;
class Label;
class LoadedModels;

/// The queue below the list of runs: what comes next and what each waits for. Alt+Up and Alt+Down move a run,
/// Del takes it out, Ctrl+Return starts it now. Hidden while there is neither a queue nor a sweep.
class QueuePanel final : public QWidget {
    Q_OBJECT

public:
    /// All must outlive this; `loaded` is what Chat holds, which may have to make room, or null.
    QueuePanel(RunList& runs, QueueList& list, LoadedModels* loaded, QWidget* parent = nullptr);

    /// To the list, where there is one.
    void takeFocus();

    bool isEmpty() const;

Q_SIGNALS:
    /// isEmpty() may have changed.
    void changed();

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    QWidget* makeBar();
    void addActions();
    const QueueList::Row* current() const;
    void move(int step);
    void remove();
    void startNow();
    void changeAfter();
    void startWorker();
    void showResults();
    void showState();

    RunList& m_runs;
    QueueList& m_list;
    LoadedModels* m_loaded;
    Label* m_line = nullptr;
    QPushButton* m_start = nullptr;
    QToolButton* m_more = nullptr;
    Banner* m_banner;
    QListView* m_view;
    QList<QAction*> m_ofRow;     ///< for the chosen run
    QAction* m_after = nullptr;  ///< waits for the run above, or for none any more
    QAction* m_results = nullptr;
    QAction* m_clear = nullptr;
};

}  // namespace facet::ui
