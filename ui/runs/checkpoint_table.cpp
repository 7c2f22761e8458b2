#include "ui/runs/checkpoint_table.h"

#include "ui/background.h"
#include "ui/models/words.h"
#include "ui/runs/run_words.h"

#include <algorithm>
#include <cmath>

namespace facet::ui {

namespace {

int64_t bytesIn(const std::filesystem::path& folder)
{
    int64_t total = 0;
    std::error_code ignored;
    for (auto entry = std::filesystem::recursive_directory_iterator(folder, ignored);
         entry != std::filesystem::recursive_directory_iterator(); entry.increment(ignored))
        if (entry->is_regular_file(ignored))
            total += static_cast<int64_t>(entry->file_size(ignored));
    return total;
}

double validationAt(const core::StepTable& validation, int64_t step)
{
    const auto at = std::ranges::lower_bound(validation.steps, step);
    const std::vector<double>* losses = validation.find("loss");
    return losses && at != validation.steps.end() && *at == step
               ? (*losses)[static_cast<size_t>(at - validation.steps.begin())]
               : std::nan("");
}

}  // namespace

void CheckpointTable::show(const std::filesystem::path& folder, const core::RunHistory& history)
{
    std::vector<Checkpoint> rows;
    for (auto event = history.checkpoints.rbegin(); event != history.checkpoints.rend(); ++event) {
        const auto& saved = std::get<core::CheckpointEvent>(event->what);
        Checkpoint row = {saved.step,
                          QString::fromStdString(saved.why),
                          validationAt(history.validation, saved.step),
                          folder / saved.path,
                          -1,
                          false,
                          false};
        // A step that was saved again after a resume is one checkpoint.
        if (std::ranges::find(rows, row.folder, &Checkpoint::folder) != rows.end())
            continue;
        for (const Checkpoint& known : m_rows)
            if (known.folder == row.folder) {
                row.bytes = known.bytes;
                row.isAdapter = known.isAdapter;
                row.isBest = known.isBest;
            }
        rows.push_back(std::move(row));
    }
    const auto isSame = [](const Checkpoint& left, const Checkpoint& right) {
        return left.folder == right.folder && (left.validation == right.validation ||
                                               (std::isnan(left.validation) && std::isnan(right.validation)));
    };
    if (std::ranges::equal(rows, m_rows, isSame))
        return;
    m_run = folder;
    // New ones come in front; anything else is another run.
    const size_t added = rows.size() - std::min(rows.size(), m_rows.size());
    if (!m_rows.empty() && added > 0 &&
        std::ranges::equal(rows.begin() + static_cast<std::ptrdiff_t>(added), rows.end(), m_rows.begin(),
                           m_rows.end(), isSame)) {
        beginInsertRows({}, 0, static_cast<int>(added) - 1);
        m_rows = std::move(rows);
        endInsertRows();
    } else {
        beginResetModel();
        m_rows = std::move(rows);
        endResetModel();
    }
    look();
}

/// All of them each time: the engine removes old ones as it saves new ones.
void CheckpointTable::look()
{
    m_isStale = m_isLooking;
    if (m_isLooking)
        return;
    m_isLooking = true;
    QList<std::filesystem::path> folders;
    for (const Checkpoint& row : m_rows)
        folders.append(row.folder);
    runInBackground(
        this,
        [folders] {
            QList<Facts> facts;
            std::error_code ignored;
            for (const std::filesystem::path& folder : folders)
                facts.append(
                    {bytesIn(folder), std::filesystem::exists(folder / "adapter_config.json", ignored)});
            return facts;
        },
        [this, folders](const QList<Facts>& facts) {
            m_isLooking = false;
            take(folders, facts);
            if (m_isStale)
                look();
        });
}

void CheckpointTable::take(const QList<std::filesystem::path>& folders, const QList<Facts>& facts)
{
    for (Checkpoint& row : m_rows)
        if (const qsizetype at = folders.indexOf(row.folder); at >= 0) {
            row.bytes = facts[at].bytes;
            row.isAdapter = facts[at].isAdapter;
        }
    const Checkpoint* best = nullptr;
    for (const Checkpoint& row : m_rows)
        if (row.isThere() && std::isfinite(row.validation) && (!best || row.validation < best->validation))
            best = &row;
    for (Checkpoint& row : m_rows)
        row.isBest = &row == best;
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, NumSections - 1));
    Q_EMIT factsChanged();
}

const CheckpointTable::Checkpoint* CheckpointTable::at(int row) const
{
    return row >= 0 && row < rowCount() ? &m_rows[static_cast<size_t>(row)] : nullptr;
}

int CheckpointTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int CheckpointTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : NumSections;
}

QVariant CheckpointTable::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid) ||
        (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const Checkpoint& row = m_rows[static_cast<size_t>(index.row())];
    if (role == Qt::ToolTipRole)
        return QString::fromStdString(row.folder.string());
    switch (index.column()) {
        case Saved:
            return row.isBest ? tr("step %1, best").arg(words::integer(row.step))
                              : tr("step %1").arg(words::integer(row.step));
        case Why:
            return row.why;
        case Validation:
            return words::number(row.validation);
        case Size:
            return row.bytes < 0    ? QString()
                   : row.bytes == 0 ? tr("removed since")
                                    : words::gibibytes(row.bytes);
        default:
            return {};
    }
}

QVariant CheckpointTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= NumSections)
        return {};
    const QStringList names = {tr("Saved"), tr("Why"), tr("Validation"), tr("Size")};
    return names[section];
}

}  // namespace facet::ui
