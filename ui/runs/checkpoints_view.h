#pragma once

#include "ui/runs/checkpoint_table.h"
#include "ui/runs/task_dialog.h"

#include <QWidget>

class QAction;
class QPushButton;
class QTableView;
class QToolButton;

namespace facet::ui {

/// A run's checkpoints, and what can be done with one: chat, merge, export.
class CheckpointsView final : public QWidget {
    Q_OBJECT

public:
    /// `engine` is the program facet-engine.
    explicit CheckpointsView(QString engine, QWidget* parent = nullptr);

    CheckpointTable& table() { return m_table; }

    struct Run {
        std::filesystem::path folder;
        QString name;
        QString baseModel;  ///< as its job calls it
        QString ownRows;    ///< that it validates on, in words; "": none
    };

    /// Whose checkpoints they are.
    void setRun(Run run);

    void chat();
    void merge();
    void copyAdapter();
    void exportGguf();

    /// Measures the chosen checkpoint; evaluated() follows if it comes to its end.
    void evaluate();

Q_SIGNALS:
    /// `adapter` on `model`; "": the model alone.
    void chatWanted(const QString& model, const QString& adapter, const QString& name);
    void evaluated();
    void said(const QString& icon, const QString& title, const QString& detail);

protected:
    void showEvent(QShowEvent* event) override;

private:
    const CheckpointTable::Checkpoint* chosen() const;
    QString nameOf(const CheckpointTable::Checkpoint& checkpoint) const;
    void showState();
    void followNewest();
    void open(TaskPlan plan);
    void askEngine();

    QString m_engine;
    Run m_run;
    CheckpointTable m_table;
    QTableView* m_view;
    QPushButton* m_chat;
    QToolButton* m_more;
    QAction* m_merge;
    QAction* m_copy;
    QAction* m_gguf;
    bool m_hasAsked = false;
    bool m_hasChosen = false;  ///< a user did, and not this
    bool m_isFollowing = false;
    bool m_canGguf = false;
};

}  // namespace facet::ui
