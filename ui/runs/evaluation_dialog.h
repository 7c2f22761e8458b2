#pragma once

#include "jobs/job/job_settings.h"

#include <QDialog>

#include <filesystem>

class QComboBox;
class QLineEdit;
class QPushButton;

namespace facet::ui {

class FieldRow;
class TaskProgress;

/// The rows that a run's job validates on, in words: "val.jsonl", "30 % of sums.jsonl, held out"; "" if none.
QString ownRows(const jobs::Settings& job);

/// Asks for the rows that a checkpoint is to be measured on, shows how far the engine is, and closes when the
/// result lies in the run's folder. Until then Esc and Cancel end the work; nothing is left of it.
class EvaluationDialog final : public QDialog {
    Q_OBJECT

public:
    struct Subject {
        std::filesystem::path run;  ///< folder
        QString name;               ///< "receipts, step 600"
        int64_t step = 0;
        QString ownRows;  ///< that the run validates on, in words; "": none
    };

    /// `engine` is the program facet-engine. Deletes itself when it is closed.
    EvaluationDialog(QString engine, Subject subject, QWidget* parent);

Q_SIGNALS:
    /// `file` is core::EvaluationReport as JSON.
    void evaluated(const QString& file);

protected:
    void reject() override;

private:
    bool takesOwnRows() const;
    void showRows();
    void browse();
    void start();
    void handleEnd(bool isDone, const QString& problem);
    void setAsking(bool isAsking);

    QString m_engine;
    Subject m_subject;
    QString m_out;
    QComboBox* m_rows;
    QLineEdit* m_file;
    QPushButton* m_browse;
    QLineEdit* m_most;
    QComboBox* m_device;
    FieldRow* m_fileRow;
    FieldRow* m_mostRow;
    TaskProgress* m_progress;
    QPushButton* m_start;
};

}  // namespace facet::ui
