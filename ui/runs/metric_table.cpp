#include "ui/runs/metric_table.h"

#include "ui/runs/run_words.h"

#include <charconv>
#include <cmath>

namespace facet::ui {

void MetricTable::show(const core::StepTable* table)
{
    beginResetModel();
    m_table = table;
    m_numRows = table ? static_cast<int>(table->size()) : 0;
    m_numColumns = table ? 1 + static_cast<int>(table->columns.size()) : 0;
    m_lastStep = table && table->size() > 0 ? table->steps.back() : -1;
    endResetModel();
}

void MetricTable::refresh()
{
    if (!m_table)
        return;
    const int rows = static_cast<int>(m_table->size());
    const bool isSame = m_numColumns == 1 + static_cast<int>(m_table->columns.size()) && rows >= m_numRows &&
                        (m_numRows == 0 || m_table->steps[static_cast<size_t>(m_numRows - 1)] == m_lastStep);
    if (!isSame) {
        show(m_table);
    } else if (rows > m_numRows) {
        beginInsertRows({}, m_numRows, rows - 1);
        m_numRows = rows;
        m_lastStep = m_table->steps.back();
        endInsertRows();
    }
}

int MetricTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_numRows;
}

int MetricTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_numColumns;
}

QVariant MetricTable::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    const auto row = static_cast<size_t>(index.row());
    if (role != Qt::DisplayRole || row >= m_table->size())
        return {};
    return words::number(index.column() == 0
                             ? static_cast<double>(m_table->steps[row])
                             : m_table->columns[static_cast<size_t>(index.column() - 1)].values[row]);
}

QVariant MetricTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section >= m_numColumns)
        return {};
    return section == 0 ? tr("step")
                        : QString::fromStdString(m_table->columns[static_cast<size_t>(section - 1)].name);
}

QByteArray toCsv(const core::StepTable& table)
{
    QByteArray text = "step,time";
    for (const core::StepTable::Column& column : table.columns)
        text += ',' + QByteArray::fromStdString(column.name);
    text += "\r\n";
    const auto add = [&](double value) {
        char digits[32];
        if (std::isfinite(value))
            text.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr - digits);
    };
    for (size_t row = 0; row < table.size(); ++row) {
        text += QByteArray::number(static_cast<qlonglong>(table.steps[row])) + ',';
        add(table.times[row]);
        for (const core::StepTable::Column& column : table.columns) {
            text += ',';
            add(column.values[row]);
        }
        text += "\r\n";
    }
    return text;
}

}  // namespace facet::ui
