#pragma once

#include <QWidget>

class QPushButton;

namespace facet::ui {

class Chip;
class JobForm;
class Label;
class StackBar;

/// What the side panel tells, in one line, where there is no room for the panel.
///
/// Name of its button: "openSide".
class CostStrip final : public QWidget {
    Q_OBJECT

public:
    /// `form` must outlive this object.
    explicit CostStrip(JobForm& form, QWidget* parent = nullptr);

Q_SIGNALS:
    /// The user wants to see the panel, or no longer.
    void panelWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void refresh();

    JobForm& m_form;
    StackBar* m_bar;
    Label* m_memory;
    Chip* m_fits;
    Label* m_trained;
    Chip* m_changes;
};

}  // namespace facet::ui
