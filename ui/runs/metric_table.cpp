#include "ui/runs/metric_table.h"

#include "ui/runs/run_words.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace facet::ui {

namespace {

QByteArray quoted(const QString& name)
{
    QByteArray text = name.toUtf8();
    if (!text.contains(',') && !text.contains('"') && !text.contains('\n'))
        return text;
    return '"' + text.replace("\"", "\"\"") + '"';
}

void addNumber(QByteArray& text, double value)
{
    char digits[32];
    if (std::isfinite(value))
        text.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr - digits);
}

std::vector<int64_t> stepsOfAll(const std::vector<MetricTable::Run>& runs)
{
    std::vector<int64_t> all, merged;
    for (const MetricTable::Run& run : runs) {
        merged.clear();
        std::ranges::set_union(all, run.history->metrics.steps, std::back_inserter(merged));
        std::swap(all, merged);
    }
    return all;
}

}  // namespace

void MetricTable::show(std::vector<Run> runs, const std::string& metric)
{
    beginResetModel();
    m_runs = std::move(runs);
    m_metric = metric;
    m_columns = columns();
    m_allSteps = m_runs.size() > 1 ? stepsOfAll(m_runs) : std::vector<int64_t>();
    m_numRows = static_cast<int>(steps().size());
    m_lastStep = steps().empty() ? -1 : steps().back();
    endResetModel();
}

std::vector<MetricTable::Column> MetricTable::columns() const
{
    std::vector<Column> columns;
    const auto add = [&](const QString& name, const core::StepTable& table, size_t column) {
        columns.push_back({name, &table, column});
    };
    for (const Run& run : m_runs) {
        const core::StepTable& metrics = run.history->metrics;
        const core::StepTable& validation = run.history->validation;
        for (size_t i = 0; i < metrics.columns.size(); ++i)
            if (m_runs.size() == 1)
                add(QString::fromStdString(metrics.columns[i].name), metrics, i);
            else if (metrics.columns[i].name == m_metric)
                add(run.name, metrics, i);
        for (size_t i = 0; m_runs.size() == 1 && i < validation.columns.size(); ++i)
            add(QStringLiteral("validation_") + QString::fromStdString(validation.columns[i].name),
                validation, i);
    }
    return columns;
}

const std::vector<int64_t>& MetricTable::steps() const
{
    return m_runs.size() == 1 ? m_runs.front().history->metrics.steps : m_allSteps;
}

void MetricTable::refresh()
{
    if (m_runs.empty())
        return;
    const bool isOfSeveral = m_runs.size() > 1;
    std::vector<int64_t> all = isOfSeveral ? stepsOfAll(m_runs) : std::vector<int64_t>();
    const std::vector<int64_t>& news = isOfSeveral ? all : steps();
    const int rows = static_cast<int>(news.size());
    // Of several, a row may come between others.
    const bool isLonger =
        rows >= m_numRows && (m_numRows == 0 || news[static_cast<size_t>(m_numRows - 1)] == m_lastStep);
    if (!isLonger || m_columns != columns()) {
        show(std::move(m_runs), m_metric);
    } else if (rows > m_numRows) {
        beginInsertRows({}, m_numRows, rows - 1);
        if (isOfSeveral)
            m_allSteps = std::move(all);
        m_numRows = rows;
        m_lastStep = steps().back();
        endInsertRows();
    } else if (rows > 0) {
        // What was validated comes behind the row of its step.
        Q_EMIT dataChanged(index(rows - 1, 0), index(rows - 1, columnCount() - 1));
    }
}

int MetricTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_numRows;
}

int MetricTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() || m_runs.empty() ? 0 : 1 + static_cast<int>(m_columns.size());
}

double MetricTable::value(const Column& column, size_t row) const
{
    const core::StepTable& table = *column.table;
    if (column.column >= table.columns.size())
        return std::numeric_limits<double>::quiet_NaN();
    if (&table.steps == &steps())
        return table.columns[column.column].values[row];
    const auto found = std::ranges::lower_bound(table.steps, steps()[row]);
    if (found == table.steps.end() || *found != steps()[row])
        return std::numeric_limits<double>::quiet_NaN();
    return table.columns[column.column].values[static_cast<size_t>(found - table.steps.begin())];
}

QVariant MetricTable::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    const auto row = static_cast<size_t>(index.row());
    if (role != Qt::DisplayRole || row >= steps().size())
        return {};
    if (index.column() == 0)
        return words::number(static_cast<double>(steps()[row]));
    const double value = this->value(m_columns[static_cast<size_t>(index.column() - 1)], row);
    return std::isnan(value) ? QString() : words::number(value);
}

QVariant MetricTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section >= columnCount())
        return {};
    return section == 0 ? tr("step") : m_columns[static_cast<size_t>(section - 1)].name;
}

QByteArray MetricTable::toCsv() const
{
    const bool hasTimes = m_runs.size() == 1;
    QByteArray text = hasTimes ? "step,time" : "step";
    for (const Column& column : m_columns)
        text += ',' + quoted(column.name);
    text += "\r\n";
    for (size_t row = 0; row < steps().size(); ++row) {
        text += QByteArray::number(static_cast<qlonglong>(steps()[row]));
        if (hasTimes) {
            text += ',';
            addNumber(text, m_runs.front().history->metrics.times[row]);
        }
        for (const Column& column : m_columns) {
            text += ',';
            addNumber(text, value(column, row));
        }
        text += "\r\n";
    }
    return text;
}

}  // namespace facet::ui
