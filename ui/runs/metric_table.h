#pragma once

#include "core/run/run_history.h"

#include <QAbstractTableModel>

namespace facet::ui {

/// A run's numbers by step: the plots, to be read. Also what is exported as CSV.
class MetricTable final : public QAbstractTableModel {
    Q_OBJECT

public:
    using QAbstractTableModel::QAbstractTableModel;

    /// `table` must outlive this or be replaced; nullptr for none.
    void show(const core::StepTable* table);

    /// The shown table has more rows, fewer, or other columns.
    void refresh();

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    const core::StepTable* m_table = nullptr;
    int m_numRows = 0;
    int m_numColumns = 0;
    int64_t m_lastStep = -1;
};

/// RFC 4180, numbers so that they read back the same; empty where there is none.
QByteArray toCsv(const core::StepTable& table);

}  // namespace facet::ui
