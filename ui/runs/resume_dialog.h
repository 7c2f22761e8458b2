#pragma once

#include "jobs/job/job_settings.h"

#include <QDialog>
#include <QStringList>

#include <string>
#include <vector>

class QLineEdit;
class QPushButton;

namespace facet::ui {

class FieldRow;

/// A run goes on with a few settings changed: those that mean the same for what is saved. What it trains, on
/// what, and from which model stays; for that one duplicates the run.
class ResumeDialog final : public QDialog {
    Q_OBJECT

public:
    /// `job` is the run's. Deletes itself when it is closed.
    ResumeDialog(const QString& name, const jobs::Settings& job, QWidget* parent);

Q_SIGNALS:
    /// What differs, as `facet-engine train` takes it: "steps=2000".
    void resumeWanted(const QStringList& changes);

private:
    struct Field {
        std::string key;
        QString before;
        QLineEdit* edit;
        FieldRow* row;
    };

    void check();

    std::vector<Field> m_fields;
    QPushButton* m_resume;
};

}  // namespace facet::ui
