#pragma once

#include "ui/runs/evaluation_table.h"

#include <QWidget>

class QPushButton;
class QStackedLayout;
class QTableView;

namespace facet::ui {

class Label;

/// What a run's checkpoints came to on rows that they did not learn from. Files are read in threads of the
/// pool.
class EvaluationsView final : public QWidget {
    Q_OBJECT

public:
    explicit EvaluationsView(QWidget* parent = nullptr);

    EvaluationTable& table() { return m_table; }

    /// The evaluations of the run in `folder`; "": none.
    void show(const std::filesystem::path& folder);

    /// Looks whether there are others now.
    void look();

Q_SIGNALS:
    void evaluateWanted();

    /// How many there are.
    void counted(int count);

protected:
    void showEvent(QShowEvent* event) override;

private:
    void take(std::vector<StoredEvaluation> evaluations, const QStringList& problems);
    void showChosen();

    std::filesystem::path m_folder;
    std::vector<std::filesystem::path> m_files;
    EvaluationTable m_table;
    EvaluationSamples m_samples;
    QStackedLayout* m_stack;
    QTableView* m_view;
    QTableView* m_sampleView;
    Label* m_problem;
    bool m_isLooking = false;
};

}  // namespace facet::ui
