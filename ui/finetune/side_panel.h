#pragma once

#include "ui/finetune/changes_model.h"

#include <QWidget>

class QLineEdit;
class QPlainTextEdit;
class QStackedWidget;
class QTableView;
class QToolButton;
class QVBoxLayout;

namespace facet::ui {

class Chip;
class JobForm;
class JobProbe;
class Label;
class Segments;
class StackBar;

/// Beside the form: what the job costs, how it differs, and the file and command that it is.
class SidePanel final : public QWidget {
    Q_OBJECT

public:
    /// `form` and `probe` must outlive this object.
    SidePanel(JobForm& form, JobProbe& probe, QWidget* parent = nullptr);

Q_SIGNALS:
    /// The user wants to change this key.
    void keyWanted(const std::string& key);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QWidget* makeCost();
    QWidget* makeChanges();
    QWidget* makeFile();
    void showCost();
    void showTrained();
    void showEdits();
    void showFile();

    JobForm& m_form;
    JobProbe& m_probe;
    ChangesModel m_changes;
    Segments* m_tabs;
    QStackedWidget* m_stack;
    Label* m_device;
    Chip* m_fits;
    Label* m_total;
    Label* m_of;
    StackBar* m_memory;
    QVBoxLayout* m_parts;
    QVBoxLayout* m_edits;
    Label* m_trained;
    StackBar* m_trainedBar;
    QVBoxLayout* m_trainedParts;
    Label* m_figures;
    QTableView* m_table;
    QPlainTextEdit* m_file;
    QLineEdit* m_command;
};

}  // namespace facet::ui
