#pragma once

#include "core/run/run_history.h"

#include <QAbstractTableModel>

#include <string>
#include <vector>

namespace facet::ui {

/// The numbers of runs by step: the plots, to be read. Of one run all metrics and what was validated, of
/// several one metric side by side. Also what is exported as CSV.
class MetricTable final : public QAbstractTableModel {
    Q_OBJECT

public:
    using QAbstractTableModel::QAbstractTableModel;

    struct Run {
        QString name;
        const core::RunHistory* history = nullptr;
    };

    /// Each history must outlive this or be replaced. `metric` is the one of several runs.
    void show(std::vector<Run> runs, const std::string& metric);

    /// The shown histories have more rows, fewer, or other columns.
    void refresh();

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// RFC 4180, numbers so that they read back the same; empty where there is none.
    QByteArray toCsv() const;

private:
    struct Column {
        QString name;
        const core::StepTable* table;
        size_t column;

        bool operator==(const Column&) const = default;
    };
    std::vector<Column> columns() const;
    const std::vector<int64_t>& steps() const;
    double value(const Column& column, size_t row) const;

    std::vector<Run> m_runs;
    std::string m_metric;
    std::vector<Column> m_columns;    // but for the step
    std::vector<int64_t> m_allSteps;  // of several runs
    int m_numRows = 0;
    int64_t m_lastStep = -1;
};

}  // namespace facet::ui
