#pragma once

// One large plot with what decides how it looks, and its numbers as a table.

#include "ui/runs/growing_curve.h"
#include "ui/runs/metric_table.h"
#include "ui/runs/plot.h"
#include "ui/widgets/card.h"

#include <QPointer>

class QAction;
class QCheckBox;
class QComboBox;
class QSlider;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace facet::ui {

class Segments;

class PlotPanel final : public Card {
    Q_OBJECT

public:
    struct Shown {
        QString name;
        RunData* data = nullptr;
    };

    explicit PlotPanel(QWidget* parent = nullptr);

    /// One run with its validation and marks, or several over each other. Each must outlive this or be
    /// replaced.
    void show(std::vector<Shown> runs);

    /// The shown runs have more to tell.
    void refresh();

    Plot* plot() { return m_plot; }

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void fillBar();
    void addMetrics();
    void followRuns();
    std::vector<PlotMark> marks() const;
    void exportAs(const QString& kind);
    QString metric() const;
    QString legend() const;
    void showTable();
    void refreshTable();

    std::vector<Shown> m_runs;
    std::vector<GrowingCurve> m_train;  // one for each run
    GrowingCurve m_validation{"loss", AxisKind::Step};
    std::vector<PlotCurve> m_curves;
    Plot* m_plot;
    QComboBox* m_metric;
    QSlider* m_smoothing;
    Label* m_smoothingText;
    Segments* m_axis;
    Segments* m_scale;
    QCheckBox* m_clip;
    QToolButton* m_follow;
    QToolButton* m_asTable;
    QStackedWidget* m_stack;
    QTableView* m_tableView;
    MetricTable m_table;
    QString m_tableMetric;
    Label* m_legend;
};

}  // namespace facet::ui
