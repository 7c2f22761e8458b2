#pragma once

#include "ui/runs/queue_list.h"

#include <QWidget>

class QListView;
class QPushButton;
class QToolButton;

namespace facet::ui {

class Banner;
class Label;

/// The queue below the list of runs: what comes next and what each waits for. Alt+Up and Alt+Down move a run,
/// Del takes it out, Ctrl+Return starts it now. Hidden while there is neither a queue nor a sweep.
class QueuePanel final : public QWidget {
    Q_OBJECT

public:
    /// `runs` must outlive this; `engine` is the program facet-engine.
    QueuePanel(RunList& runs, std::filesystem::path home, std::filesystem::path engine,
               QWidget* parent = nullptr);

    QueueList& list() { return m_list; }

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
    void showResults();
    void showState();

    RunList& m_runs;
    QueueList m_list;
    Label* m_line = nullptr;
    QPushButton* m_start = nullptr;
    QToolButton* m_more = nullptr;
    Banner* m_banner;
    QListView* m_view;
    QList<QAction*> m_ofRow;  ///< for the chosen run
    QAction* m_results = nullptr;
    QAction* m_clear = nullptr;
};

}  // namespace facet::ui
