#include "ui/runs/sweep_table.h"

#include "jobs/sweep.h"
#include "ui/background.h"
#include "ui/models/words.h"
#include "ui/runs/run_words.h"

#include <QFont>

#include <cmath>

namespace facet::ui {

namespace {

QString textOf(const std::string& text)
{
    return QString::fromStdString(text);
}

}  // namespace

SweepTable::SweepTable(std::filesystem::path home, QObject* parent)
    : QAbstractTableModel(parent), m_home(std::move(home))
{
}

int SweepTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_results.size());
}

int SweepTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_record.keys.size()) + NumColumns;
}

QVariant SweepTable::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const jobs::SweepResult& result = this->result(index.row());
    const int numKeys = static_cast<int>(m_record.keys.size());
    const int column = index.column() - numKeys;
    const bool isNumber = column >= Step && column <= BestValidation;
    if (role == Qt::TextAlignmentRole)
        return QVariant(isNumber ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole)
        return textOf(result.words);
    if (role == Qt::FontRole && index.row() == bestRow()) {
        QFont font;
        font.setBold(true);
        return font;
    }
    if (role == Qt::AccessibleDescriptionRole && index.row() == bestRow())
        return tr("the best so far");
    if (role != Qt::DisplayRole)
        return {};
    switch (column) {
        case State:
            return textOf(result.state);
        case Step:
            return result.numSteps > 0
                       ? tr("%1 of %2").arg(words::integer(result.step), words::integer(result.numSteps))
                       : QString();
        case Training:
            return words::number(result.lastTraining);
        case BestTraining:
            return words::number(result.bestTraining);
        case Validation:
            return words::number(result.lastValidation);
        case BestValidation:
            return words::number(result.bestValidation);
        case Run:
            return textOf(result.name);
        default:
            return textOf(jobs::sweepText(result.values[static_cast<size_t>(index.column())]));
    }
}

QVariant SweepTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const int numKeys = static_cast<int>(m_record.keys.size());
    switch (section - numKeys) {
        case State:
            return tr("State");
        case Step:
            return tr("Step");
        case Training:
            return tr("Training");
        case BestTraining:
            return tr("Best training");
        case Validation:
            return tr("Validation");
        case BestValidation:
            return tr("Best validation");
        case Run:
            return tr("Run");
        default:
            return section < numKeys ? textOf(m_record.keys[static_cast<size_t>(section)]) : QVariant();
    }
}

int SweepTable::bestRow() const
{
    const auto best = [this](double jobs::SweepResult::*loss) {
        int found = -1;
        for (int row = 0; row < rowCount(); ++row)
            if (std::isfinite(result(row).*loss) && (found < 0 || result(row).*loss < result(found).*loss))
                found = row;
        return found;
    };
    const int byValidation = best(&jobs::SweepResult::bestValidation);
    return byValidation >= 0 ? byValidation : best(&jobs::SweepResult::bestTraining);
}

void SweepTable::setSweep(const QString& name)
{
    if (name == m_name)
        return;
    m_name = name;
    m_reader = std::make_shared<std::optional<jobs::SweepReader>>();
    m_isLooking = false;
    take({});
    look();
}

void SweepTable::look()
{
    if (m_isLooking || m_name.isEmpty())
        return;
    m_isLooking = true;
    runInBackground(
        this,
        [reader = m_reader, home = m_home, name = m_name.toStdString()] {
            Seen seen;
            const core::Result<jobs::SweepRecord> record = jobs::readSweep(home, name);
            const core::Result<jobs::RunQueue> queue = jobs::QueueFile(home).read();
            if (!record || !queue) {
                seen.problem = textOf(record ? queue.error().message : record.error().message);
                return seen;
            }
            if (!*reader)
                reader->emplace(*record);
            seen.record = *record;
            seen.results = (*reader)->look(*queue, home);
            return seen;
        },
        [this, reader = m_reader](Seen seen) {
            if (reader != m_reader)  // of the sweep that was shown before
                return;
            m_isLooking = false;
            take(std::move(seen));
        });
}

void SweepTable::take(Seen seen)
{
    m_problem = seen.problem;
    if (seen.results.size() == m_results.size() && seen.record.keys == m_record.keys) {
        m_record = std::move(seen.record);
        m_results = std::move(seen.results);
        if (!m_results.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    } else {
        beginResetModel();
        m_record = std::move(seen.record);
        m_results = std::move(seen.results);
        endResetModel();
    }
    Q_EMIT changed();
}

}  // namespace facet::ui
