#pragma once

#include "ui/runs/task_progress.h"

#include <QDialog>

class QComboBox;
class QLineEdit;
class QPushButton;

namespace facet::ui {

/// A command of the engine that writes something new, as the user is asked for it.
struct TaskPlan {
    QString title;                             ///< "Merge receipts-4b-lora, step 600"
    QString detail;                            ///< what will be written, a sentence
    QStringList arguments;                     ///< of facet-engine, without --out and --dtype
    QString place;                             ///< suggested for --out
    QList<std::pair<QString, QString>> types;  ///< for --dtype, in words and as they are; none: not asked for
    QString suffix = {};                       ///< "gguf": a file is written; "": a folder
    bool writesModel = true;                   ///< what is written can be chatted with
};

/// Asks where to write, then shows how far the engine is, and at the end what there is or why not.
class TaskDialog final : public QDialog {
    Q_OBJECT

public:
    /// `engine` is the program facet-engine. Deletes itself when it is closed.
    TaskDialog(QString engine, TaskPlan plan, QWidget* parent);

Q_SIGNALS:
    void chatWanted(const QString& folder);

protected:
    void reject() override;

private:
    void browse();
    void start();
    void handleEnd(bool isDone, const QString& problem);

    QString m_engine;
    TaskPlan m_plan;
    QLineEdit* m_folder;
    QComboBox* m_type;
    QPushButton* m_browse;
    TaskProgress* m_progress;
    QPushButton* m_open;
    QPushButton* m_chat;
    QPushButton* m_cancel;
    QPushButton* m_start;
};

/// What --dtype of merge and export may be.
QList<std::pair<QString, QString>> modelTypes();

}  // namespace facet::ui
