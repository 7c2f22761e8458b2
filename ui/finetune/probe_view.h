#pragma once

#include "ui/finetune/job_probe.h"

#include <QWidget>

class QPushButton;
class QVBoxLayout;

namespace facet::ui {

class JobForm;
class Label;

/// Below the estimate: measures what it estimates, and shows both side by side. What was measured goes when
/// the job changes.
class ProbeView final : public QWidget {
    Q_OBJECT

public:
    /// Both must outlive this object.
    ProbeView(JobForm& form, JobProbe& probe, QWidget* parent = nullptr);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void press();
    void showState();
    void showEdits();

    JobForm& m_form;
    JobProbe& m_probe;
    Label* m_state;
    Label* m_detail;
    QPushButton* m_button;
    QVBoxLayout* m_edits;
};

}  // namespace facet::ui
