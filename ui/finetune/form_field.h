#pragma once

#include <QWidget>

#include <string>

class QCheckBox;
class QComboBox;
class QLineEdit;
class QToolButton;

namespace facet::ui {

class Chip;
class JobForm;
class Label;

/// One key of the job: label, editor by the key's rule, and a line below that says what is wrong, else what
/// the recipe has, else help. A violet dot and a reset button show while it differs.
///
/// Names: the editor is "job.KEY", the reset button "reset.KEY".
class FormField final : public QWidget {
    Q_OBJECT

public:
    /// `form` must outlive this object.
    FormField(JobForm& form, std::string key, const QString& label, const QString& unit = {},
              QWidget* parent = nullptr);

    const std::string& key() const { return m_key; }
    QWidget* editor() const;

    /// Shown where there is nothing more important to say; "" is the job's own help as tooltip only.
    void setHelp(const QString& help);

private:
    void makeEditor(const QString& label, const QString& unit);
    void refresh();

    JobForm& m_form;
    std::string m_key;
    QString m_help;
    Label* m_dot;
    Label* m_label;
    QToolButton* m_reset;
    QLineEdit* m_line = nullptr;
    QComboBox* m_combo = nullptr;
    QCheckBox* m_box = nullptr;
    Label* m_below;
};

}  // namespace facet::ui
