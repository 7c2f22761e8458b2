#pragma once

#include "ui/runs/sweep_table.h"

#include <QDialog>
#include <QTimer>

class QComboBox;
class QTableView;

namespace facet::ui {

class Label;
class RunList;

/// What came out of a sweep, as a table that can be written as CSV. Follows the runs while it is open.
class SweepDialog final : public QDialog {
    Q_OBJECT

public:
    SweepDialog(RunList& runs, std::filesystem::path home, const QStringList& sweeps, const QString& chosen,
                QWidget* parent = nullptr);

    SweepTable& table() { return m_table; }

private:
    void exportCsv();
    void showState();

    SweepTable m_table;
    QComboBox* m_names;
    QTableView* m_view;
    Label* m_line;
};

}  // namespace facet::ui
