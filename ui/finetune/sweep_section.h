#pragma once

#include "ui/finetune/sweep_draft.h"

#include <QWidget>

class QVBoxLayout;

namespace facet::ui {

class JobForm;
class Label;

/// Values to try: a row for each setting with its values, and how many runs that makes.
class SweepSection final : public QWidget {
    Q_OBJECT

public:
    /// Both must outlive this; the form gives the runs their name.
    SweepSection(JobForm& form, SweepDraft& draft, QWidget* parent = nullptr);

private:
    void showRows();
    void showLine();

    JobForm& m_form;
    SweepDraft& m_draft;
    QVBoxLayout* m_rows;
    Label* m_line;
    size_t m_numRows = 0;
};

}  // namespace facet::ui
