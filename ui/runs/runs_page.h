#pragma once

#include "ui/runs/run_list.h"

#include <QWidget>

class QStackedLayout;

namespace facet::ui {

class QueuePanel;
class RunDetail;
class RunListPane;

/// All runs, whoever started them, and what each does now.
class RunsPage final : public QWidget {
    Q_OBJECT

public:
    /// `runs` must outlive this; `folder`, which is said where there are none, lies in the home that has the
    /// queue.
    RunsPage(RunList& runs, const QString& folder, const QString& engine, QWidget* parent = nullptr);

Q_SIGNALS:
    /// `adapter` on `model`; "": the model alone.
    void chatWanted(const QString& model, const QString& adapter, const QString& name);

    /// The job of the run in `folder`, to begin another with.
    void duplicateWanted(const QString& folder);

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
