#pragma once

#include "ui/runs/queue_list.h"

#include <QWidget>

class QStackedLayout;

namespace facet::ui {

class LoadedModels;
class QueuePanel;
class RunDetail;
class RunListPane;

/// All runs, whoever started them, and what each does now.
class RunsPage final : public QWidget {
    Q_OBJECT

public:
    /// All must outlive the page.
    struct Parts {
        RunList& runs;
        QueueList& queue;
        QString engine;                  ///< the program facet-engine
        LoadedModels* loaded = nullptr;  ///< what Chat holds, which may have to make room; null: nothing
    };

    explicit RunsPage(Parts parts, QWidget* parent = nullptr);

    /// Gives the queue the keyboard, if there is one.
    void showQueue();

Q_SIGNALS:
    /// `adapter` on `model`; "": the model alone.
    void chatWanted(const QString& model, const QString& adapter, const QString& name);

    /// The job of the run in `folder`, to begin another with.
    void duplicateWanted(const QString& folder);

    /// To set up a new run.
    void newWanted();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void addActions();

    RunList& m_runs;
    QStackedLayout* m_stack;
    RunListPane* m_pane;
    QueuePanel* m_queue;
    RunDetail* m_detail;
};

}  // namespace facet::ui
